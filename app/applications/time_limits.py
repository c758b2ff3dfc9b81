"""Time limits of a case in working days: promised and statutory, counted from acceptance, stopped while others are due.

What a limit was moved by is reckoned from the case's own timeline, so that the citizen sees each date and its reason.
The Administrative Licensing Law (行政许可法) lets the limit run from acceptance (art. 42); inspections, hearings and
expert reviews are not counted (art. 45), nor is the time in which the applicant supplements (art. 32).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from app.applications.rules import Cause
from app.kit import clock
from app.kit.workdays import WorkingDay, add_working_days, working_days_between

ACCEPTS = frozenset({Cause.ACCEPTED, Cause.UNDER_REVIEW})
"""What says that a case is accepted: an office that reviews it has accepted it."""

_STOPS = {Cause.SUPPLEMENT_REQUESTED, Cause.SPECIAL_PROCEDURE}
_GOES_ON = {Cause.SUPPLEMENT, Cause.RESUMED}
_ENDS = {
    *(Cause.NOT_ACCEPTED, Cause.APPROVED, Cause.REFUSED, Cause.COMPLETED),
    *(Cause.WITHDRAW, Cause.EXPIRED),
}


@dataclass(frozen=True, slots=True)
class Days:
    """The limits of an item in working days."""

    promised: int
    statutory: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A cause that stands in the timeline, and the city's day of it."""

    cause: Cause
    day: date

    @classmethod
    def of(cls, kind: str, at: datetime) -> "Mark":
        """The mark of a timeline entry."""
        return cls(Cause(kind), at.astimezone(clock.CITY_TIME).date())


@dataclass(frozen=True, slots=True)
class Due:
    """The days by which a case is promised and bound to be decided."""

    promised: WorkingDay
    statutory: WorkingDay

    @property
    def provisional(self) -> bool:
        """Whether a year's holidays in between were not yet published."""
        return self.promised.provisional or self.statutory.provisional


@dataclass(frozen=True, slots=True)
class LimitMove:
    """A day on which the limits moved, what moved them, and what they became: None while the clock stands still."""

    cause: Cause
    on: date
    due: Due | None


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """The limits as they stand, and how they came to stand so. ``due`` is None while the clock stands still."""

    due: Due | None
    moves: list[LimitMove]


class _Clock:
    """The working days that the office has used, and since when it is using more."""

    def __init__(self, days: Days) -> None:
        self._days = days
        self._accepted = False
        self._used = 0
        self._since: date | None = None

    @property
    def stands(self) -> bool:
        return self._since is None

    def start(self, day: date) -> None:
        """Run; before acceptance the limits are counted as if it came on this day."""
        self._used, self._since = (self._used if self._accepted else 0), day

    def accept(self, day: date) -> bool:
        """Whether this is the acceptance, from which the limits are counted."""
        if self._accepted:
            return False
        self._accepted, self._used, self._since = True, 0, day
        return True

    def stop(self, day: date) -> None:
        if self._since is not None:
            self._used += working_days_between(self._since, day)
            self._since = None

    def due(self) -> Due | None:
        if self._since is None:
            return None
        left = (max(total - self._used, 0) for total in (self._days.promised, self._days.statutory))
        return Due(*(add_working_days(self._since, count) for count in left))


def reckon(days: Days, marks: Iterable[Mark]) -> TimeLimits:
    """The time limits of a case whose timeline has these marks, in their order.

    A day earlier than the one before it counts as that one: the approval system's clock may be wrong.
    """
    running, moves, today = _Clock(days), list[LimitMove](), date.min
    for mark in marks:
        today = max(today, mark.day)
        if mark.cause in _ENDS:
            break
        if mark.cause in ACCEPTS and running.accept(today):
            pass
        elif mark.cause in _STOPS and not running.stands:
            running.stop(today)
        elif mark.cause is Cause.SUBMIT or (running.stands and mark.cause in _GOES_ON | ACCEPTS):
            running.start(today)
        else:
            continue
        moves.append(LimitMove(mark.cause, today, running.due()))
    return TimeLimits(moves[-1].due if moves else None, moves)
