"""Bringing the database's schema up to date, from one place at a time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import procrastinate
from tortoise import Tortoise
from tortoise.migrations.api import migrate
from tortoise.migrations.autodetector import MigrationAutodetector

from app.kit.db import tortoise_config

_LOCK = 7_201_311_422
_OBJECTS_BETWEEN_COLLECTIONS = 50_000


async def migrate_database(url: str) -> None:
    """Apply what is missing of our migrations and of the queue's schema; a second caller waits for the first."""
    guard = await asyncpg.connect(url)
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
        try:
            with _collecting_rarely():
                await migrate(config=tortoise_config(url))
        finally:
            await Tortoise.close_connections()
        if await guard.fetchval("SELECT to_regclass('procrastinate_jobs') IS NULL"):
            connector = procrastinate.PsycopgConnector(conninfo=url)
            async with procrastinate.App(connector=connector).open_async() as queue:
                await queue.schema_manager.apply_schema_async()
    finally:
        await guard.close()


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """The ORM makes every model's class anew for each operation; looking for dead ones as often takes a third of it."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


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
