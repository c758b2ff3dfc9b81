"""Jobs: together with their rows or not at all, and taken up again when their worker is gone."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.applications.service import DELIVER_CASE, DELIVER_SUPPLEMENT, DELIVER_WITHDRAWAL
from app.approvals.inbox import APPLY, ASK
from app.bootstrap import House
from app.identity.sessions import TELL
from app.kit import db, jobs
from app.kit.db import transaction
from app.notifications.service import SEND
from app.worker import jobs_of

pytestmark = pytest.mark.usefixtures("house")


async def waiting(lock: str) -> int:
    """How many jobs have this lock."""
    found = await db.row("SELECT count(*) AS jobs FROM procrastinate_jobs WHERE lock = $1", lock)
    return int(found["jobs"]) if found else 0


class RolledBackError(Exception):
    """What ends a transaction in these tests."""


async def test_a_transaction_that_rolls_back_leaves_no_job() -> None:
    """And one that commits leaves it."""
    lock = uuid4().hex

    async def defer(failure: Exception | None) -> None:
        async with transaction():
            await jobs.defer(ASK, lock=lock, at=datetime.now(UTC) + timedelta(days=365), case_no="x")
            if failure:
                raise failure

    with pytest.raises(RolledBackError):
        await defer(RolledBackError())
    assert await waiting(lock) == 0
    await defer(None)
    assert await waiting(lock) == 1
    await db.execute("DELETE FROM procrastinate_jobs WHERE lock = $1", lock)


async def test_a_stalled_job_is_taken_up_once_by_many_sweepers() -> None:
    """Its worker was silent; another's, who is alive, is left alone."""
    sql = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => $1)) RETURNING id"
    silent, alive = [await db.row(sql, age) for age in (600.0, 0.0)]
    assert silent
    assert alive
    queue = f"nobody-{uuid4().hex}"
    for worker in (silent, alive):
        await db.rows(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, worker_id)"
            " VALUES ($1, 'nothing', 'doing', '{}', $2) RETURNING id",
            queue,
            worker["id"],
        )
    await asyncio.gather(*(jobs.retry_stalled(300.0) for _ in range(10)))
    found = await db.rows(
        "SELECT status::text, attempts, worker_id FROM procrastinate_jobs WHERE queue_name = $1 ORDER BY id", queue
    )
    assert [(job["status"], job["attempts"]) for job in found] == [("todo", 1), ("doing", 0)]
    await db.execute("DELETE FROM procrastinate_jobs WHERE queue_name = $1", queue)
    await db.execute("DELETE FROM procrastinate_workers WHERE id = ANY($1::bigint[])", [silent["id"], alive["id"]])


@pytest.mark.parametrize("job", [APPLY, ASK, DELIVER_CASE, DELIVER_SUPPLEMENT, DELIVER_WITHDRAWAL, SEND, TELL])
def test_every_job_that_is_deferred_has_a_function(house: House, job: str) -> None:
    """A name that nobody does would wait for ever."""
    assert job in jobs_of(house)
