"""The ways of a case to the existing system and back: the product's, Celery's, and Procrastinate's with empty jobs."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import procrastinate
import psutil

from app.applications.service import DELIVER_CASE
from app.commands.bench import free_port
from app.commands.bench_cases import drop
from app.demo.house import ensure_database
from app.kit import db
from bench.contracts.delegate import Count, Defer
from bench.floors.jobs import EMPTY
from bench.sides import Role, Side, child, ours, served_by_uvicorn
from bench.subjects import Wanted
from bench.town import Town

_AT_ONCE = 8
_WEB_OF_PEER = served_by_uvicorn("celery", "bench.peers.celery_house.web:app")
_TABLE = "CREATE TABLE peer_deliveries (LIKE deliveries INCLUDING ALL)"
_ANEW = (
    "UPDATE applications SET state = 'submitted', last_sequence = 0 WHERE case_no = ANY($1::text[])",
    """
DELETE FROM timeline_entries USING applications AS one
WHERE application_id = one.id AND case_no = ANY($1::text[]) AND kind <> 'submit'
""",
    "DELETE FROM deliveries WHERE case_no = ANY($1::text[])",
    "DELETE FROM peer_deliveries WHERE case_no = ANY($1::text[])",
    "DELETE FROM inbox_events WHERE case_no = ANY($1::text[])",
    "DELETE FROM messages WHERE split_part(key, ':', 2) = ANY($1::text[])",
)
_HANDED_OVER = """
INSERT INTO {} (id, case_no, kind, reference, connector, state, attempts, created_at, updated_at)
SELECT gen_random_uuid(), case_no, 'case', '', 'city', 'delivered', 1, now(), now() FROM unnest($1::text[]) AS case_no
"""
_DEFER = """
SELECT procrastinate_defer_jobs_v1(array_agg(
    ROW('default', $1::text, 0, case_no, NULL, jsonb_build_object('case_no', case_no), NULL)
    ::procrastinate_job_to_defer_v1
)) FROM unnest($2::text[]) AS case_no
"""
_DELIVERED = "SELECT count(*) AS many FROM deliveries WHERE case_no = ANY($1::text[]) AND state = 'delivered'"
_DELIVERED_BY_PEER = _DELIVERED.replace("deliveries", "peer_deliveries")
_LEFT = "SELECT count(*) FROM procrastinate_jobs"


@dataclass(frozen=True, slots=True)
class Way:
    """How a side does it: what begins deliveries, what counts those done, its worker, and its web where it has one."""

    name: str
    role: Role
    worker: psutil.Process
    defer: Defer
    delivered: Count
    web: Side | None = None


@asynccontextmanager
async def ways(wanted: Wanted) -> AsyncIterator[tuple[list[Way], int]]:
    """All ways, with their processes running, and the port of the existing system; without rounds Celery's only where
    it is installed.
    """
    town, port = wanted.town, free_port()
    environment = {
        **town.environment,
        "JIABAN_APPROVALS__CONNECTORS__CITY__BASE_URL": f"http://127.0.0.1:{port}",
        "JIABAN_APPROVALS__CONNECTORS__CITY__PER_SECOND": "10000",
        "JIABAN_APPROVALS__CONNECTORS__CITY__CONCURRENCY": str(_AT_ONCE),
        "JIABAN_APPROVALS__CONNECTORS__CIVIL_AFFAIRS__READ_EVERY_SECONDS": "1800",
    }
    await db.execute(_TABLE)
    # Whom scans that were measured before are still to be told of: the worker would tell them meanwhile.
    await db.execute("UPDATE verifications SET untold = false WHERE untold")
    async with AsyncExitStack() as stack:

        def start(name: str, *command: str) -> psutil.Process:
            return stack.enter_context(child((sys.executable, "-m", *command), environment, town.logs / f"{name}.log"))

        start("existing-system", "bench.existing_system", str(port))
        webs = await stack.enter_async_context(wanted.running(ours("web"), _WEB_OF_PEER, environment=environment))
        mine, *peers = webs
        found = [Way("ours", Role.OURS, start("worker", "app.cli", "worker"), _defer, _count(_DELIVERED), mine)]
        for peer in peers:
            worker = ("celery", "-A", "bench.peers.celery_house.app", "worker", "--concurrency", str(_AT_ONCE))
            quiet = ("--loglevel", "warning", "--without-gossip", "--without-mingle")
            process = start("celery-worker", *worker, *quiet)
            found.append(Way(peer.name, peer.role, process, _defer_celery(town), _count(_DELIVERED_BY_PEER), peer))
        empty = await stack.enter_async_context(_empty_jobs(town))
        process = start("floor", "bench.floors.jobs", empty.url)
        yield [*found, Way("floor", Role.FLOOR, process, empty.defer, empty.done)], port


async def anew(cases: Sequence[str], *, handed_over: bool = False) -> None:
    """Make cases what they were when they were just submitted: nothing was heard, and nothing handed over unless so."""
    async with db.transaction():
        # Beside the triggers that keep what happened.
        await db.execute("SET LOCAL session_replication_role = replica")
        for statement in _ANEW:
            await db.execute(statement, list(cases))
        for table in ("deliveries", "peer_deliveries") if handed_over else ():
            await db.execute(_HANDED_OVER.format(table), list(cases))


async def _defer(cases: Sequence[str]) -> None:
    await db.rows(_DEFER, DELIVER_CASE, list(cases))


def _defer_celery(town: Town) -> Defer:
    from celery import Celery  # here, since contracts are held without it too

    queue = Celery(broker=town.plan.redis_url)

    async def defer(cases: Sequence[str]) -> None:
        for case_no in cases:
            queue.send_task("bench.peers.celery_house.delivering.deliver_case", (case_no,))

    return defer


def _count(statement: str) -> Count:
    async def count(cases: Sequence[str]) -> int:
        return int((await db.rows(statement, list(cases)))[0]["many"])

    return count


@dataclass(slots=True)
class _EmptyJobs:
    url: str
    connection: asyncpg.Connection

    async def defer(self, cases: Sequence[str]) -> None:
        await self.connection.execute(_DEFER, EMPTY, list(cases))

    async def done(self, cases: Sequence[str]) -> int:
        return len(cases) - int(await self.connection.fetchval(_LEFT))


@asynccontextmanager
async def _empty_jobs(town: Town) -> AsyncIterator[_EmptyJobs]:
    """A database that has Procrastinate's tables alone."""
    url = f"{town.engines.address}_jobs"
    await ensure_database(url)
    try:
        async with procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url)).open_async() as queue:
            await queue.schema_manager.apply_schema_async()
        connection = await asyncpg.connect(url)
        yield _EmptyJobs(url, connection)
        await connection.close()
    finally:
        await drop(url)
