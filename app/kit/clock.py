"""The one clock. Everything that asks for the time asks here, so that a simulation can move it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

CITY_TIME = ZoneInfo("Asia/Shanghai")

_offset = timedelta()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC) + _offset


def seconds() -> float:
    """The present moment in seconds since 1970: what ``now().timestamp()`` says, for less."""
    return time.time() + _offset.total_seconds()


def today() -> date:
    """The present day in the city."""
    return now().astimezone(CITY_TIME).date()


def in_city(moment: datetime) -> str:
    """A moment as ISO 8601 in the city's time, to the second: what interfaces show."""
    return moment.astimezone(CITY_TIME).isoformat(timespec="seconds")


def day_written(day: date) -> str:
    """A day as it is written in Chinese."""
    return f"{day.year}年{day.month}月{day.day}日"


def minute_written(moment: datetime) -> str:
    """A moment in the city's time, to the minute, as it is written in Chinese."""
    local = moment.astimezone(CITY_TIME)
    return f"{day_written(local.date())} {local:%H:%M}"


@contextmanager
def travel(by: timedelta) -> Iterator[None]:
    """Move the clock of this process while the context lasts: for simulations and tests."""
    global _offset  # noqa: PLW0603  # one clock per process is the point
    _offset += by
    try:
        yield
    finally:
        _offset -= by
