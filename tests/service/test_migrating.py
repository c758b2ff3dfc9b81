"""Migrations are applied in our way with the same result as in the ORM's own."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from app.demo.plan import Plan
from app.kit.db import tortoise_config
from app.kit.migrating import Executor

BEFORE = """
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

KEY = ("id", fields.IntField(primary_key=True, generated=False))
NAME = ("name", fields.CharField(max_length=8))


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(name="House", fields=[KEY, NAME], options={"table": "houses"}),
        ops.CreateModel(
            name="Room",
            fields=[
                KEY,
                ("house", fields.ForeignKeyField("jiaban.House", related_name="rooms")),
                ("floor", fields.IntField(null=True)),
                ("door", fields.CharField(max_length=8, unique=True)),
                ("colour", fields.CharField(max_length=8)),
            ],
            options={"table": "rooms", "indexes": [Index(fields=["floor"], name="rooms_floor")]},
        ),
        ops.CreateModel(name="Shed", fields=[KEY], options={"table": "sheds"}),
    ]
"""
AFTER = """
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0001_before")]

    operations = [
        ops.AddField(model_name="Room", name="size", field=fields.IntField(db_default=1)),
        ops.AddField(
            model_name="House",
            name="best",
            field=fields.ForeignKeyField("jiaban.Room", related_name="best_of", null=True),
        ),
        ops.RunSQL("UPDATE rooms SET floor = 0 WHERE floor IS NULL"),
        ops.AlterField(model_name="Room", name="floor", field=fields.IntField()),
        ops.AlterField(model_name="House", name="name", field=fields.CharField(max_length=16, null=True)),
        ops.RenameField(model_name="Room", old_name="colour", new_name="paint"),
        ops.AlterField(model_name="Room", name="paint", field=fields.CharField(max_length=32, unique=True)),
        ops.RemoveField(model_name="Room", name="door"),
        ops.AddIndex(model_name="Room", index=Index(fields=["size", "floor"], name="rooms_size")),
        ops.RemoveIndex(model_name="Room", name="rooms_floor"),
        ops.AddConstraint(model_name="Room", constraint=UniqueConstraint(fields=("house", "size"), name="rooms_sizes")),
        ops.CreateModel(
            name="Key",
            fields=[
                ("id", fields.IntField(primary_key=True)),
                ("room", fields.ForeignKeyField("jiaban.Room", related_name="keys")),
            ],
            options={"table": "room_keys"},
        ),
        ops.DeleteModel(name="Shed"),
    ]
"""
ROWS = """
INSERT INTO houses (id, name) VALUES (1, '行政楼');
INSERT INTO rooms (id, house_id, door, colour) VALUES (7, 1, 'a', '蓝');
"""
SHAPE = """
SELECT attrelid::regclass || '.' || attname AS name, format_type(atttypid, atttypmod), attnotnull::text,
    pg_get_expr(adbin, adrelid)
FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
ORDER BY 1, 2
"""


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of two migrations: one makes tables, one changes them in every way that migrations do."""
    name = f"migrations_{uuid4().hex}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "0001_before.py").write_text(BEFORE)
    (folder / "0002_after.py").write_text(AFTER)
    monkeypatch.syspath_prepend(tmp_path)
    return name


@asynccontextmanager
async def empty_database(plan: Plan) -> AsyncIterator[str]:
    """A database that is there for a while; yields its address."""
    server, _, _ = plan.database_url.rpartition("/")
    name = f"migrating_{uuid4().hex}"
    admin = await asyncpg.connect(f"{server}/postgres")
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        yield f"{server}/{name}"
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()


async def apply(executor: type[MigrationExecutor], url: str, migrations: str, target: str) -> None:
    """Migrate as far as ``target``, as a process of its own would."""
    config = tortoise_config(url)
    apps = {"jiaban": config["apps"]["jiaban"] | {"migrations": migrations}}
    for module in [one for one in sys.modules if one.startswith(migrations)]:
        del sys.modules[module]
    await Tortoise.init(config=config | {"apps": apps}, init_connections=False)
    try:
        await executor(get_connection("default"), apps).migrate([MigrationTarget("jiaban", target)])
    finally:
        await Tortoise.close_connections()


async def outcome(executor: type[MigrationExecutor], plan: Plan, migrations: str, *, at_once: bool) -> tuple[Any, Any]:
    """The shape of all tables and the rows of rooms, after both migrations; rows come in between unless at once."""
    async with empty_database(plan) as url:
        connection = await asyncpg.connect(url)
        if not at_once:
            await apply(executor, url, migrations, "0001_before")
            await connection.execute(ROWS)
        await apply(executor, url, migrations, "0002_after")
        result = await connection.fetch(SHAPE), await connection.fetch("SELECT * FROM rooms")
        await connection.close()
        return result


@pytest.mark.parametrize("at_once", [True, False], ids=["an empty database", "rows in between"])
async def test_tables_become_what_the_orm_makes_of_them(plan: Plan, migrations: str, at_once: bool) -> None:
    """Columns, indexes and constraints by name; rows stay."""
    ours = await outcome(Executor, plan, migrations, at_once=at_once)
    assert ours == await outcome(MigrationExecutor, plan, migrations, at_once=at_once)
    shape, rows = ours
    assert {"rooms.paint", "rooms_size", "rooms_sizes", "room_keys.room_id", "houses.best_id"} <= {
        row[0] for row in shape
    }
    assert not {"rooms.door", "rooms_floor", "sheds.id"} & {row[0] for row in shape}
    assert [(row["id"], row["floor"], row["paint"]) for row in rows] == ([] if at_once else [(7, 0, "蓝")])
