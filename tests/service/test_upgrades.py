"""A release that comes while the last one serves: its migrations only add, and the last one goes on with them."""

import asyncio
import itertools
import pkgutil
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import asyncpg
import pytest
from tortoise import Tortoise, fields
from tortoise.connection import get_connection
from tortoise.fields.relational import ManyToManyFieldInstance
from tortoise.migrations import operations as ops
from tortoise.migrations.executor import MigrationTarget

from app import migrations
from app.demo.plan import Plan
from app.kit.db import tortoise_config
from app.kit.migrating import Executor
from app.schema import migrate_database
from tests.contract.sandbox.stand_ins import until

LAST_RELEASE = "0001_foundation"
"""The newest migration of the release that serves while this one's are applied."""
_TAKES_AWAY = re.compile(
    r"\b(DROP (TABLE|COLUMN|VIEW|FUNCTION)|RENAME|SET NOT NULL|ALTER COLUMN \S+ TYPE)\b", re.IGNORECASE
)


def since() -> Iterator[Any]:
    """The migrations that came after the last release, unless they say that they end what nothing uses any more."""
    for module in pkgutil.iter_modules(migrations.__path__):
        found = import_module(f"app.migrations.{module.name}")
        if module.name > LAST_RELEASE and not getattr(found, "CONTRACT", False):
            yield found


def _statements(operation: ops.RunSQL) -> str:
    return operation.sql if isinstance(operation.sql, str) else "\n".join(map(str, operation.sql))


def test_migrations_only_add() -> None:
    """Tables, columns that may be empty or have a default of the database's, indexes; nothing is dropped or renamed."""
    for module in since():
        made = {one.name for one in module.Migration.operations if isinstance(one, ops.CreateModel)}
        for one in module.Migration.operations:
            where = f"{module.__name__}: {type(one).__name__} {getattr(one, 'model_name', '')}"
            assert not isinstance(one, ops.DeleteModel | ops.RenameModel | ops.RemoveField | ops.RenameField), where
            if isinstance(one, ops.AddField) and one.model_name not in made:
                plain = one.field
                added = isinstance(plain, fields.Field) and (plain.null or plain.has_db_default())
                assert added or isinstance(plain, ManyToManyFieldInstance), where
            if isinstance(one, ops.AddConstraint):
                assert one.model_name in made, where
            if isinstance(one, ops.RunSQL):
                assert not _TAKES_AWAY.search(_statements(one)), where


@pytest.fixture
async def url(plan: Plan) -> AsyncIterator[str]:
    """A database as the last release has it."""
    server, _, _ = plan.database_url.rpartition("/")
    name = f"upgrading_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(f"{server}/postgres")
    await admin.execute(f'CREATE DATABASE "{name}"')
    config = tortoise_config(f"{server}/{name}")
    await Tortoise.init(config=config, init_connections=False)
    try:
        await Executor(get_connection("default"), config["apps"]).migrate([MigrationTarget("jiaban", LAST_RELEASE)])
    finally:
        await Tortoise.close_connections()
    yield f"{server}/{name}"
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


_COLUMNS = """
SELECT table_name, column_name, udt_name, character_maximum_length AS length,
    is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AS needed
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
    AND table_name NOT LIKE 'procrastinate%' AND table_name <> 'tortoise_migrations'
ORDER BY table_name, ordinal_position
"""
_numbers = itertools.count(1)
_VALUES: dict[str, Callable[[int], str]] = {
    "uuid": lambda _: "gen_random_uuid()",
    "int2": lambda _: "1",
    "int4": lambda _: str(next(_numbers)),
    "int8": lambda _: str(next(_numbers)),
    "float8": lambda _: "1",
    "bool": lambda _: "false",
    "timestamptz": lambda _: "now()",
    "date": lambda _: "current_date",
    "time": lambda _: "'08:00'",
    "jsonb": lambda _: "'{}'",
    "bytea": lambda _: "'x'",
    "ltree": lambda _: f"'a{uuid.uuid4().hex}'",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the last release knows it."""

    name: str
    columns: list[asyncpg.Record]

    @property
    def reads(self) -> str:
        """How it is read."""
        return f'SELECT {", ".join(self._quoted(self.columns))} FROM "{self.name}" LIMIT 5'  # noqa: S608  # names of our tables

    @property
    def writes(self) -> str:
        """How a row comes into it, with what it needs and nothing else."""
        needed = [one for one in self.columns if one["needed"]]
        values = ", ".join(self._value(one) for one in needed)
        return f'INSERT INTO "{self.name}" ({", ".join(self._quoted(needed))}) VALUES ({values})'  # noqa: S608  # likewise

    @staticmethod
    def _quoted(columns: list[asyncpg.Record]) -> list[str]:
        return [f'"{one["column_name"]}"' for one in columns]

    @staticmethod
    def _value(column: asyncpg.Record) -> str:
        make = _VALUES.get(column["udt_name"])
        return make(0) if make else f"'{uuid.uuid4().hex[: column['length'] or 32]}'"


async def tables(connection: asyncpg.Connection) -> list[Table]:
    """All tables of a database."""
    found: dict[str, list[asyncpg.Record]] = {}
    for row in await connection.fetch(_COLUMNS):
        found.setdefault(row["table_name"], []).append(row)
    return [Table(name, columns) for name, columns in found.items() if any(one["needed"] for one in columns)]


async def test_the_last_release_reads_and_writes_while_and_after_its_database_is_migrated(url: str) -> None:
    """Every table, by what it knew of it; no statement fails and no row is lost."""
    old = await asyncpg.connect(url)
    # Rows of one table alone: whom they refer to is not asked.
    await old.execute("SET session_replication_role = replica")
    known, wrote, migrated = await tables(old), Counter[str](), asyncio.Event()
    assert len(known) > 50

    async def serve() -> int:
        rounds = 0
        while not migrated.is_set() or not rounds:
            for table in known:
                await old.execute(table.writes)
                wrote[table.name] += 1
                await old.fetch(table.reads)
            rounds += 1
        for table in known:
            await old.execute(table.writes)
            wrote[table.name] += 1
        return rounds

    async def first_round() -> int:
        return len(wrote)

    serving = asyncio.create_task(serve())
    await until(first_round, lambda many: many == len(known) or serving.done(), within=30)
    await migrate_database(url)
    migrated.set()
    await serving
    there = {table.name: await old.fetchval(f'SELECT count(*) FROM "{table.name}"') for table in known}  # noqa: S608  # likewise
    assert there == wrote
    await old.close()
