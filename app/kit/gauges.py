"""How the queue, its workers and the calendar stand, for Prometheus: the same in every process."""

from datetime import timedelta

from prometheus_client import Gauge

from app.kit import clock, db, workdays

_WAITING = Gauge("jiaban_jobs_waiting", "jobs that are due and that nobody does")
_OLDEST = Gauge("jiaban_job_oldest_seconds", "for how long the oldest job was due")
_REPEATED = Gauge("jiaban_jobs_repeated", "jobs that were tried eight times or more and are not done", ["task"])
_WORKERS = Gauge("jiaban_workers_alive", "workers that showed in the last minute that they live")
_CALENDAR = Gauge("jiaban_calendar_known_days", "for how many days ahead it is known which are working days")

_JOBS = """
SELECT count(*) AS waiting, COALESCE(extract(epoch FROM now() - min(due_at)), 0)::float AS oldest
FROM (
    SELECT COALESCE(job.scheduled_at, min(event.at)) AS due_at
    FROM procrastinate_jobs AS job JOIN procrastinate_events AS event ON event.job_id = job.id
    WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
    GROUP BY job.id
) AS due
"""
_OFTEN = """
SELECT task_name, count(*) AS many FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND attempts >= 8
GROUP BY task_name
"""
_ALIVE = "SELECT count(*) AS many FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'"
_AHEAD = 400


async def measure() -> None:
    """Set the gauges."""
    (jobs,), (alive,) = await db.rows(_JOBS), await db.rows(_ALIVE)
    _WAITING.set(jobs["waiting"])
    _OLDEST.set(jobs["oldest"])
    _WORKERS.set(alive["many"])
    _REPEATED.clear()
    for row in await db.rows(_OFTEN):
        _REPEATED.labels(row["task_name"]).set(row["many"])
    _CALENDAR.set(_known_days())


def _known_days() -> int:
    today = clock.today()
    for ahead in range(_AHEAD):
        day = workdays.is_working_day(today + timedelta(days=ahead))
        if day is not None and day.provisional:
            return ahead
    return _AHEAD
