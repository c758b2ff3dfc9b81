"""Working days of the People's Republic of China.

Known years come from the holiday library, which carries the State Council's yearly notices with make-up workdays; the
city's overrides (``config/city/calendar.yaml``) win over it. A year not yet published is reckoned by plain weekdays,
and the answer says so.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

import chinese_calendar

from config.reading import read_yaml
from config.settings import CITY_DATA

_DAYS = 8192
"""How many days a process remembers: the library takes ten microseconds for one, and a case is reckoned with dozens."""


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """A day reckoned in working days. ``provisional`` where a year in between was not yet published."""

    day: date
    provisional: bool


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """What the city knows beyond the library: single days, and the years whose days off are all among them."""

    overrides: dict[date, bool]
    complete_years: frozenset[int]


@cache
def calendar() -> Calendar:
    """The city's calendar."""
    loaded = read_yaml(CITY_DATA / "calendar.yaml")
    overrides = {entry["date"]: bool(entry["working"]) for entry in loaded["overrides"]}
    return Calendar(overrides, frozenset(loaded["complete_years"]))


def is_working_day(day: date) -> WorkingDay | None:
    """The day with its certainty where it is a working day, None where it is not."""
    return _is_working(calendar(), day)


def add_working_days(start: date, count: int) -> WorkingDay:
    """The ``count``-th working day after ``start``; the day itself does not count, as is the custom for time limits."""
    return _added(calendar(), start, count)


@lru_cache(maxsize=_DAYS)
def _is_working(known: Calendar, day: date) -> WorkingDay | None:
    working = known.overrides.get(day)
    if working is not None:
        return WorkingDay(day, provisional=False) if working else None
    try:
        return WorkingDay(day, provisional=False) if chinese_calendar.is_workday(day) else None
    except NotImplementedError:
        provisional = day.year not in known.complete_years
        return WorkingDay(day, provisional) if day.weekday() < 5 else None  # noqa: PLR2004  # Monday to Friday


@lru_cache(maxsize=_DAYS)
def _added(known: Calendar, start: date, count: int) -> WorkingDay:
    day, provisional = start, False
    while count > 0:
        day += timedelta(days=1)
        working = _is_working(known, day)
        if working is not None:
            count -= 1
            provisional = provisional or working.provisional
    return WorkingDay(day, provisional)


def working_days_between(after: date, until: date) -> int:
    """How many working days lie after ``after``, up to and with ``until``."""
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return sum(is_working_day(day) is not None for day in days)
