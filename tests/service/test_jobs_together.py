"""Jobs that one job takes along: done with it or not at all."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from app.kit import db, jobs

pytestmark = pytest.mark.usefixtures("house")

_JOB = """
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, attempts, scheduled_at)
VALUES ($1::text, $2, $1::text, jsonb_build_object('case_no', $3::text), $4, now() + $5::int * interval '1 minute')
"""
_HELD = """
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, status, worker_id)
SELECT $1::text, 'nothing', $1::text, 'doing', min(id) FROM procrastinate_workers
"""
_LEFT = (
    "SELECT args ->> 'case_no' AS case_no FROM procrastinate_jobs WHERE queue_name = $1 AND status = 'todo' ORDER BY 1"
)


@pytest.fixture
async def task() -> AsyncIterator[str]:
    """The name of a task, under which jobs lie that no worker fetches: another that it is doing holds their lock."""
    name = uuid4().hex
    await db.execute(_HELD, name)
    yield name
    await db.execute("DELETE FROM procrastinate_jobs WHERE queue_name = $1", name)


async def _wait(task: str, *numbers: str, attempts: int = 0, minutes: int = -1, of: str | None = None) -> None:
    for number in numbers:
        await db.execute(_JOB, task, of or task, number, attempts, minutes)


async def _left(task: str) -> list[str]:
    return [row["case_no"] for row in await db.rows(_LEFT, task)]


async def _numbers(waiting: list[dict[str, Any]]) -> list[str]:
    return [one["case_no"] for one in waiting]


async def test_a_job_takes_along_the_others_of_its_task_that_are_due(task: str) -> None:
    """Neither those of later, nor those that failed before, nor another's."""
    await _wait(task, "1", "2")
    await _wait(task, "later", minutes=5)
    await _wait(task, "failed", attempts=1)
    await _wait(task, "other", of=f"{task[:-1]}-")
    done = await jobs.with_others(task, {"case_no": "0"}, 100, _numbers)
    assert (done[0], sorted(done)) == ("0", ["0", "1", "2"])
    assert await _left(task) == ["failed", "later", "other"]


async def test_a_slice_has_an_end(task: str) -> None:
    """The oldest go first."""
    await _wait(task, "1", "2", "3")
    assert sorted(await jobs.with_others(task, {"case_no": "0"}, 3, _numbers)) == ["0", "1", "2"]
    assert await _left(task) == ["3"]


async def test_where_a_slice_fails_the_job_is_done_alone(task: str) -> None:
    """Nothing of the slice happened: the others wait as before."""
    await _wait(task, "1", "bad")
    made = f"made-{task}"

    async def work(waiting: list[dict[str, Any]]) -> list[str]:
        await _wait(task, f"{len(waiting)} at once", minutes=5, of=made)
        if {"case_no": "bad"} in waiting:
            raise ValueError("bad")
        return await _numbers(waiting)

    assert await jobs.with_others(task, {"case_no": "0"}, 100, work) == ["0"]
    assert await _left(task) == ["1", "1 at once", "bad"]


async def test_two_slices_never_take_the_same_job(task: str) -> None:
    """Each is done once, by whichever came first."""
    numbers = [str(n) for n in range(40)]
    await _wait(task, *numbers)

    async def work(waiting: list[dict[str, Any]]) -> list[str]:
        await asyncio.sleep(0.05)
        return await _numbers(waiting)

    slices = await asyncio.gather(*(jobs.with_others(task, {"case_no": "own"}, 11, work) for _ in range(4)))
    assert sorted(number for one in slices for number in one[1:]) == sorted(numbers)
    assert await _left(task) == []
