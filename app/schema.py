"""Bringing the database's schema up to date, from one place at a time."""

from functools import cache
from pkgutil import iter_modules
from typing import Any

import asyncpg
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.autodetector import MigrationAutodetector

from app import migrations
from app.kit import db
from app.kit.db import tortoise_config
from app.kit.migrating import Executor

_LOCK = 7_201_311_422


class OtherReleaseError(Exception):
    """The database was migrated by a release that is not this one's past; the sentence says how it is told."""


async def migrate_database(url: str) -> None:
    """Apply what is missing of our migrations and of the queue's schema; a second caller waits for the first.

    Raises OtherReleaseError, and leaves the database as it is, where it has migrations that this release does not know.
    """
    import procrastinate  # with the driver of its own 10 MB, which no other process but the worker needs

    guard = await asyncpg.connect(url)
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
        try:
            await _migrate(tortoise_config(url))
        finally:
            await Tortoise.close_connections()
        if await guard.fetchval("SELECT to_regclass('procrastinate_jobs') IS NULL"):
            connector = procrastinate.PsycopgConnector(conninfo=url)
            async with procrastinate.App(connector=connector).open_async() as queue:
                await queue.schema_manager.apply_schema_async()
    finally:
        await guard.close()


async def missing_migrations() -> list[str]:
    """The migrations of this release that the present database lacks, in their order."""
    found = await db.rows("SELECT name FROM tortoise_migrations")
    applied = {row["name"] for row in found}
    return sorted(name for name in _own_migrations() if name not in applied)


@cache
def _own_migrations() -> tuple[str, ...]:
    return tuple(module.name for module in iter_modules(migrations.__path__))


async def _migrate(config: dict[str, Any]) -> None:
    await Tortoise.init(config=config, init_connections=False)
    executor = Executor(get_connection("default"), config["apps"])
    await executor.loader.build_graph()
    unknown = executor.loader.applied_migrations - executor.loader.disk_migrations.keys()
    if unknown:
        last = max(key.name for key in unknown)
        raise OtherReleaseError(
            f"the database was migrated by another release (it has {last}, which this one does not know): "
            "run that release, or drop the database and have it made anew"
        )
    await executor.migrate()


async def _changes(url: str, *, write: bool) -> list[str]:
    config = tortoise_config(url)
    context = await Tortoise.init(config=config, init_connections=False)
    try:
        if context.apps is None:
            raise RuntimeError("the models were not loaded")
        detector = MigrationAutodetector(context.apps, config["apps"])
        return await detector.write() if write else [change.name for change in await detector.changes()]
    finally:
        await context.close_connections()


async def pending_changes(url: str) -> list[str]:
    """Migrations that the models want and nobody has written: none, where there is no drift."""
    return await _changes(url, write=False)


async def write_migrations(url: str) -> list[str]:
    """Write the migrations that the models want; returns their files."""
    return await _changes(url, write=True)
