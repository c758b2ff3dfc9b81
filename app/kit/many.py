"""Rows of one table, many in one statement, by what their model says of its columns.

The ORM puts a statement together anew each time, and sends one for each row.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from tortoise import Model

from app.kit import db


async def insert_all(rows: Sequence[Model]) -> None:
    """Insert rows of one model whose keys are made here, within the caller's transaction."""
    if rows:
        names = tuple(type(rows[0])._meta.fields_db_projection)
        await db.rows(_insert(type(rows[0]), names), *_columns(rows, names))


async def update_all(rows: Sequence[Model], names: tuple[str, ...]) -> None:
    """Write these fields of rows of one model, within the caller's transaction."""
    if rows:
        await db.execute(_update(type(rows[0]), names), *_columns(rows, ("id", *names)))


def _columns(rows: Sequence[Model], names: Sequence[str]) -> list[list[Any]]:
    known = type(rows[0])._meta.fields_map
    return [[known[name].to_db_value(getattr(row, name), row) for row in rows] for name in names]


@cache
def _insert(model: type[Model], names: tuple[str, ...]) -> str:
    columns = ", ".join(_quoted(model, name) for name in names)
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT * FROM {_given(model, names)}'  # noqa: S608  # names of our columns


@cache
def _update(model: type[Model], names: tuple[str, ...]) -> str:
    table = f'"{model._meta.db_table}"'
    changes = ", ".join(f"{_quoted(model, name)} = given.{_quoted(model, name)}" for name in names)
    given = f"{_given(model, ('id', *names))} AS given (id, {', '.join(_quoted(model, name) for name in names)})"
    return f"UPDATE {table} SET {changes} FROM {given} WHERE {table}.id = given.id"  # noqa: S608  # as above


def _quoted(model: type[Model], name: str) -> str:
    return f'"{model._meta.fields_db_projection[name]}"'


def _given(model: type[Model], names: tuple[str, ...]) -> str:
    kinds = [str(model._meta.fields_map[name].get_for_dialect("postgres", "SQL_TYPE")) for name in names]
    # Without their lengths, to which a cast would cut.
    kinds = [kind.partition("(")[0] for kind in kinds]
    return f"unnest({', '.join(f'${at}::{kind}[]' for at, kind in enumerate(kinds, 1))})"
