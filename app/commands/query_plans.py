"""What statements a piece of work executes, and how PostgreSQL carries each of them out."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from app.kit.quick import watched

LARGE = 1000
"""Rows from which on a table is too large to be read from end to end on a hot path."""

_LARGE_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > $1"
_PARAMETERS = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'planned'"
_MANY = "execute_many"
_EXECUTES = {"execute_insert", "execute_query", "execute_query_dict", _MANY}
# A name is given once; such a row cannot be put in twice in order to be measured.
_INSERT = "INSERT"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with the values of its first execution, and the step of the work that executed it."""

    step: str
    sql: str
    values: tuple[Any, ...] = field(repr=False)


class Recorder(logging.Handler):
    """Collects statements, each text once: those that Tortoise ORM logs and the quick ones. ``step`` names the work."""

    def __init__(self) -> None:
        super().__init__()
        self.step = ""
        self.statements: dict[str, Statement] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Note a statement."""
        if record.funcName in _EXECUTES and isinstance(record.args, tuple):
            sql: Any
            values: Any
            sql, values = record.args
            self.note(str(sql), tuple(values[0] if record.funcName == _MANY else values or ()))

    def note(self, sql: str, values: tuple[Any, ...]) -> None:
        """Note a statement."""
        self.statements.setdefault(sql, Statement(self.step, sql, values))


@contextmanager
def recorded() -> Iterator[Recorder]:
    """Collect every statement that this process executes; none of them reaches a log."""
    log, recorder = logging.getLogger("tortoise.db_client"), Recorder()
    level, propagate = log.level, log.propagate
    log.addHandler(recorder)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        with watched(recorder.note):
            yield recorder
    finally:
        log.removeHandler(recorder)
        log.setLevel(level)
        log.propagate = propagate


@dataclass(frozen=True, slots=True)
class Plan:
    """How a statement is carried out.

    ``scanned`` are large tables that are read from end to end, by the plan for the values given or by the one for any
    values where PostgreSQL would come to prefer that. ``touched`` is how many rows its scans looked at, None where it
    was not executed; ``cost`` is what PostgreSQL reckons.
    """

    statement: Statement
    cost: float
    touched: int | None
    scanned: frozenset[str]


async def plans(url: str, statements: list[Statement]) -> list[Plan]:
    """The plan of each statement in the database as it stands; what one changes is rolled back."""
    connection = await asyncpg.connect(url)
    try:
        large = frozenset(row["relname"] for row in await connection.fetch(_LARGE_TABLES, LARGE))
        return [await _plan(connection, statement, large) for statement in statements]
    finally:
        await connection.close()


async def _plan(connection: asyncpg.Connection, statement: Statement, large: frozenset[str]) -> Plan:
    executed = not statement.sql.lstrip().upper().startswith(_INSERT)
    options = "ANALYZE, TIMING OFF, BUFFERS OFF, FORMAT JSON" if executed else "FORMAT JSON"
    transaction = connection.transaction()
    await transaction.start()
    try:
        answer = await connection.fetchval(f"EXPLAIN ({options}) {statement.sql}", *statement.values)
        generic = await _generic(connection, statement.sql)
    finally:
        await transaction.rollback()
    plan = json.loads(answer)[0]["Plan"]
    preferred = [plan, *([generic] if generic["Total Cost"] <= plan["Total Cost"] else [])]
    return Plan(
        statement,
        plan["Total Cost"],
        sum(_touched(node) for node in _nodes(plan)) if executed else None,
        large & frozenset().union(*(_scanned(one) for one in preferred)),
    )


async def _generic(connection: asyncpg.Connection, sql: str) -> dict[str, Any]:
    await connection.execute(f"PREPARE planned AS {sql}")
    try:
        many = await connection.fetchval(_PARAMETERS)
        given = f"({', '.join(['NULL'] * many)})" if many else ""
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        answer = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE planned{given}")
        await connection.execute("SET LOCAL plan_cache_mode = auto")
    finally:
        await connection.execute("DEALLOCATE planned")
    plan: dict[str, Any] = json.loads(answer)[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _scanned(plan: dict[str, Any]) -> frozenset[str]:
    return frozenset(node["Relation Name"] for node in _nodes(plan) if node["Node Type"] == "Seq Scan")


def _touched(node: dict[str, Any]) -> int:
    """Rows that a scan looked at, those too that it passed over."""
    if "Scan" not in node["Node Type"] or "Relation Name" not in node:
        return 0
    passed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + passed) * node["Actual Loops"])
