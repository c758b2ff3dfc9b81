"""Jobs: together with their rows or not at all, and taken up again when their worker is gone."""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from croniter import croniter

from app.applications.service import DELIVER_CASE, DELIVER_SUPPLEMENT, DELIVER_WITHDRAWAL
from app.approvals.drain import Drains
from app.approvals.inbox import APPLY, ASK
from app.bootstrap import House
from app.identity.sessions import TELL
from app.kit import db, jobs
from app.kit.blobs import DELETE_BLOBS
from app.kit.db import transaction
from app.notifications.tasks import DELIVERED
from app.privacy.exports import COLLECT
from app.worker import WorkerBrokenError, build_queue, every, forget_old_jobs, jobs_of, until_told

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


_WORKER = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() + $1::interval) RETURNING id"
_JOB = """
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, status, scheduled_at, worker_id)
VALUES ($1, 'nothing', $2, $3::procrastinate_job_status, $4, $5) RETURNING id
"""


async def insert(sql: str, *values: object) -> int:
    """The id of a new row."""
    row = await db.row(sql, *values)
    assert row
    return int(row["id"])


async def go_on() -> None:
    """A part of a worker that is at it."""
    await asyncio.Event().wait()


async def test_a_worker_of_which_a_part_ends_is_broken() -> None:
    """Whether it failed or was done: nobody would do that part's work, and the process would look alive."""

    async def end() -> None:
        return

    async def fail() -> None:
        raise RolledBackError

    for part, cause in ((end, type(None)), (fail, RolledBackError)):
        other = asyncio.create_task(go_on())
        with pytest.raises(WorkerBrokenError) as told:
            await until_told(other, asyncio.create_task(part()))
        assert isinstance(told.value.__cause__, cause)
        other.cancel()


async def test_a_worker_that_is_told_to_end_is_not_broken() -> None:
    """By the signal of whoever stops it."""
    part = asyncio.create_task(go_on())
    waiting = asyncio.create_task(until_told(part))
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    await waiting
    part.cancel()


async def test_a_stalled_job_is_taken_up_once_by_many_sweepers() -> None:
    """Its worker was silent, or is not known any more; the job of one who is alive is left alone.

    The running worker sweeps as well, and would at once do what was taken up: a job that shares the lock and waits for
    another day goes first, so nobody does.
    """
    queue, future = f"nobody-{uuid4().hex}", datetime.now(UTC) + timedelta(days=365)
    silent, alive = await insert(_WORKER, timedelta(seconds=-600)), await insert(_WORKER, timedelta(hours=1))
    for worker in (silent, None, alive):
        lock = uuid4().hex
        await insert(_JOB, queue, lock, "todo", future, None)
        await insert(_JOB, queue, lock, "doing", None, worker)
    await asyncio.gather(*(jobs.retry_stalled(300.0) for _ in range(10)))
    # A locking read: it waits for a sweep of the running worker that is not yet committed.
    found = await db.rows(
        "SELECT status::text, attempts FROM procrastinate_jobs"
        " WHERE queue_name = $1 AND scheduled_at IS DISTINCT FROM $2 ORDER BY id FOR UPDATE",
        queue,
        future,
    )
    assert [(job["status"], job["attempts"]) for job in found] == [("todo", 1), ("todo", 1), ("doing", 0)]
    await db.execute("DELETE FROM procrastinate_jobs WHERE queue_name = $1", queue)
    await db.execute("DELETE FROM procrastinate_workers WHERE id = ANY($1::bigint[])", [silent, alive])


async def test_a_job_that_a_wrong_clock_put_off_is_woken() -> None:
    """One that was tried and is to be tried tomorrow; what is meant for tomorrow waits, and so does a usual pause."""
    queue = f"nobody-{uuid4().hex}"
    tomorrow, soon = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC) + timedelta(minutes=5)
    put_off, meant, resting = [await insert(_JOB, queue, None, "todo", at, None) for at in (tomorrow, tomorrow, soon)]
    await db.execute("UPDATE procrastinate_jobs SET attempts = 1 WHERE id = ANY($1::bigint[])", [put_off, resting])
    await jobs.wake_misdated(600.0)
    # Looked at by a locking read: the running worker sweeps as well.
    sql = "SELECT id FROM procrastinate_jobs WHERE queue_name = $1 AND scheduled_at > now() ORDER BY id FOR UPDATE"
    assert [row["id"] for row in await db.rows(sql, queue)] == [meant, resting]
    await db.execute("DELETE FROM procrastinate_jobs WHERE queue_name = $1", queue)


async def test_stalled_jobs_by_the_clock_that_are_twins_hold_up_no_other() -> None:
    """One of each is taken up, the next once that is under way: of those that wait there is one of a name."""
    queue, future = f"nobody-{uuid4().hex}", datetime.now(UTC) + timedelta(days=365)
    ids, clockwork = [], uuid4().hex
    alive = await insert(_WORKER, timedelta(hours=1))
    for queueing_lock in (None, clockwork, clockwork):
        lock = uuid4().hex
        # What waits for another day under the same lock keeps the running worker from doing what is taken up.
        await insert(_JOB, queue, lock, "todo", future, None)
        ids.append(await insert(_JOB, queue, lock, "doing", None, alive))
        await db.execute("UPDATE procrastinate_jobs SET queueing_lock = $2 WHERE id = $1", ids[-1], queueing_lock)
    other, *twins = ids
    # They die together.
    await db.execute("DELETE FROM procrastinate_workers WHERE id = $1", alive)

    async def taken_up() -> set[int]:
        await jobs.retry_stalled(300.0)
        sql = "SELECT id FROM procrastinate_jobs WHERE queue_name = $1 AND status = 'todo' AND attempts = 1 FOR UPDATE"
        return {int(row["id"]) for row in await db.rows(sql, queue)}

    assert await taken_up() == {other, twins[0]}
    assert await taken_up() == {other, twins[0]}
    await db.execute("DELETE FROM procrastinate_jobs WHERE id = $1", twins[0])
    assert await taken_up() == {other, twins[1]}
    await db.execute("DELETE FROM procrastinate_jobs WHERE queue_name = $1", queue)


async def test_what_a_worker_of_the_last_release_did_not_know_is_taken_up_again() -> None:
    """It gives up a job whose name it does not know; what is known to nobody stays where it is."""
    queue, future = f"nobody-{uuid4().hex}", datetime.now(UTC) + timedelta(days=365)
    known, unknown = f"known-{queue}", f"unknown-{queue}"
    for name in (known, unknown):
        lock = uuid4().hex
        await insert(_JOB, queue, lock, "todo", future, None)
        given_up = await insert(_JOB, queue, lock, "failed", None, None)
        await db.execute("UPDATE procrastinate_jobs SET task_name = $2 WHERE id = $1", given_up, name)
    assert sorted(await asyncio.gather(*(jobs.revive([known]) for _ in range(3)))) == [0, 0, 1]
    sql = "SELECT task_name, status::text FROM procrastinate_jobs WHERE task_name = ANY($1) ORDER BY task_name"
    found = await db.rows(sql, [known, unknown])
    assert [(job["task_name"], job["status"]) for job in found] == [(known, "todo"), (unknown, "failed")]
    await db.execute("DELETE FROM procrastinate_jobs WHERE queue_name = $1", queue)


def test_every_job_that_is_deferred_has_a_function(house: House) -> None:
    """A name that nobody does would wait for ever."""
    deferred = {
        APPLY,
        ASK,
        COLLECT,
        DELETE_BLOBS,
        DELIVER_CASE,
        DELIVER_SUPPLEMENT,
        DELIVER_WITHDRAWAL,
        DELIVERED,
        TELL,
    }
    assert deferred <= set(jobs_of(house, Drains(house.connectors, 20)))


async def test_jobs_that_ended_long_ago_are_forgotten(house: House) -> None:
    """Those that failed, too: of what goes by the clock each time that somebody was away."""
    name = f"nobody-{uuid4().hex}"
    ids = {age: await insert(_JOB, name, uuid4().hex, "failed", None, None) for age in (6, 8)}
    await db.execute("DELETE FROM procrastinate_events WHERE job_id = ANY($1::bigint[])", list(ids.values()))
    ended = (
        "INSERT INTO procrastinate_events (job_id, type, at) VALUES ($1, 'failed', now() - make_interval(days => $2))"
    )
    for age, job in ids.items():
        await db.rows(ended, job, age)
    queue = build_queue(house, Drains(house.connectors, 20.0))
    async with queue.open_async():
        await forget_old_jobs(queue)
    left = await db.rows("SELECT id FROM procrastinate_jobs WHERE queue_name = $1", name)
    assert [job["id"] for job in left] == [ids[6]]
    await db.execute("DELETE FROM procrastinate_jobs WHERE queue_name = $1", name)


@pytest.mark.parametrize(("seconds", "apart"), [(2, 2), (10, 10), (30, 30), (60, 60), (300, 300)])
def test_what_runs_every_so_many_seconds_does(seconds: int, apart: int) -> None:
    """In every minute, whether even or odd."""
    times = croniter(every(seconds), datetime(2026, 11, 27, 10, 35, tzinfo=UTC), ret_type=float)
    moments = [times.get_next() for _ in range(40)]
    assert {later - before for before, later in pairwise(moments)} == {apart}
