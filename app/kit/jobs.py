"""Jobs: work for the worker, deferred in the same transaction as the rows it is about.

The queue is Procrastinate's. A job is deferred by name through its SQL function on Tortoise's own connection, so a
transaction that rolls back leaves no job. ``app/worker.py`` maps each name to the function that does it.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from app.kit import db

T = TypeVar("T")

_log = logging.getLogger(__name__)

_DEFER = """
SELECT procrastinate_defer_jobs_v1(ARRAY[
    ROW($1, $2, 0, $3, NULL, $4::jsonb, $5::timestamptz)::procrastinate_job_to_defer_v1
])
"""

# Those that failed before are left to be tried by themselves.
_TAKE_ALONG = """
DELETE FROM procrastinate_jobs WHERE id = ANY(ARRAY(
    SELECT id FROM procrastinate_jobs
    WHERE status = 'todo' AND task_name = $1 AND attempts = 0 AND (scheduled_at IS NULL OR scheduled_at <= now())
    ORDER BY priority DESC, id LIMIT $2 FOR UPDATE SKIP LOCKED
)) RETURNING args
"""

# The inner rows are locked and read anew by each sweeper, so two sweepers never take up one job twice. Of those that
# share a ``queueing_lock`` one alone may wait: the others stay until it is under way, or none would be taken up at all.
_RETRY_STALLED = """
WITH stalled AS (
    SELECT job.id, job.queueing_lock FROM procrastinate_jobs AS job
    LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
    WHERE job.status = 'doing'
      AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => $1::float))
    FOR UPDATE OF job SKIP LOCKED
), single AS (
    SELECT min(id) AS id FROM stalled
    WHERE NOT EXISTS (
        SELECT 1 FROM procrastinate_jobs AS waiting
        WHERE waiting.queueing_lock = stalled.queueing_lock AND waiting.status = 'todo'
    )
    GROUP BY COALESCE(queueing_lock, id::text)
)
SELECT procrastinate_retry_job_v2(id, now(), NULL, NULL, NULL) FROM single
"""

_WAKE = """
UPDATE procrastinate_jobs SET scheduled_at = now() WHERE id = ANY(ARRAY(
    SELECT id FROM procrastinate_jobs
    WHERE status = 'todo' AND attempts > 0 AND scheduled_at > now() + make_interval(secs => $1::float)
    FOR UPDATE SKIP LOCKED
))
"""

_REVIVE = """
WITH failed AS (
    SELECT id FROM procrastinate_jobs WHERE status = 'failed' AND task_name = ANY($1::text[]) FOR UPDATE SKIP LOCKED
)
SELECT procrastinate_retry_job_v2(id, now(), NULL, NULL, NULL) FROM failed
"""


async def defer(task: str, *, lock: str | None = None, at: datetime | None = None, **arguments: Any) -> None:
    """Defer a job within the present transaction.

    Jobs that share a ``lock`` run one after the other in the order they were deferred. ``at`` is the earliest
    moment to run. Arguments are identifiers, never personal values: the queue is not sealed.
    """
    await db.row(_DEFER, "default", task, lock, json.dumps(arguments), at)


async def wake_misdated(longest_seconds: float) -> int:
    """Have repeated at once what is to be repeated later than any job is: a wrong clock said when. Returns how many."""
    return await db.execute(_WAKE, longest_seconds)


async def with_others(
    task: str, arguments: dict[str, Any], most: int, work: Callable[[list[dict[str, Any]]], Awaitable[T]]
) -> T:
    """Do a job together with others of its task that wait, at most so many, in one transaction that ends them too.

    ``work`` is given the arguments of all, the job's own first; it writes rows and calls nobody outside. Where that
    fails, nothing of it happened, and the job is done alone. For tasks whose jobs need no order among them.
    """
    others: list[dict[str, Any]] = []
    try:
        async with db.transaction():
            others = [json.loads(row["args"]) for row in await db.rows(_TAKE_ALONG, task, most - 1)]
            return await work([arguments, *others])
    except Exception:
        if not others:
            raise
        _log.exception("slice_failed", extra={"task": task})
        async with db.transaction():
            return await work([arguments])


async def retry_stalled(silent_seconds: float) -> int:
    """Take up again the jobs of workers that were silent for so long; returns how many."""
    return len(await db.rows(_RETRY_STALLED, silent_seconds))


async def revive(tasks: Iterable[str]) -> int:
    """Take up again jobs of these names that were given up; returns how many.

    A worker gives up only what it does not know: one of the release before, while both run.
    """
    return len(await db.rows(_REVIVE, sorted(tasks)))
