"""Pure rules of licences: how long they run, and what changes what they are worth."""

from calendar import isleap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.catalogue.licence_type import ANNIVERSARY, Validity, YearlyReminder
from app.licences.models import LicenceCause, LicenceState

_S, _C = LicenceState, LicenceCause


class ValidityUnknownError(ValueError):
    """The rule of a licence's end needs a birthday that is not known, or a day that is none."""


# An end that somebody ordered stays: only what ran out may still be revoked, cancelled or followed by another version
# (行政许可法, articles 69 and 70: what was wrongly given is revoked, what has run out is cancelled).
_NOT_ORDERED = (_S.VALID, _S.SUSPENDED, _S.EXPIRED)
MOVES: dict[LicenceCause, dict[LicenceState, LicenceState]] = {
    _C.SUSPENDED: {_S.VALID: _S.SUSPENDED},
    _C.RESUMED: {_S.SUSPENDED: _S.VALID},
    _C.REVOKED: dict.fromkeys(_NOT_ORDERED, _S.REVOKED),
    _C.CANCELLED: dict.fromkeys(_NOT_ORDERED, _S.CANCELLED),
    _C.SUPERSEDED: dict.fromkeys(_NOT_ORDERED, _S.SUPERSEDED),
    _C.EXPIRED: dict.fromkeys((_S.VALID, _S.SUSPENDED), _S.EXPIRED),
}


def next_state(state: LicenceState, cause: LicenceCause) -> LicenceState | None:
    """What a licence becomes, or None where the cause changes nothing from here."""
    return MOVES[cause].get(state)


def last_day(validity: Validity, valid_from: date, *, form: Mapping[str, Any], born: date | None) -> date | None:
    """The last day of a licence that begins on ``valid_from``; None where it has no end.

    ``form`` is what a rule ``from_form`` reads, ``born`` the birthday that ``until_age`` counts from. Raises
    ValidityUnknownError.
    """
    if validity.years is not None:
        return day_in_years(valid_from, validity.years) - timedelta(days=1)
    if validity.until_age is not None:
        if born is None:
            raise ValidityUnknownError("the birthday is not known")
        return day_in_years(born, validity.until_age) - timedelta(days=1)
    if validity.from_form is not None:
        return _stated(form.get(validity.from_form))
    return None


_LESS_THAN_A_YEAR = 300
CAUGHT_UP = timedelta(days=7)
"""For how long a yearly reminder is sent after its day, where the day itself was missed."""


@dataclass(frozen=True, slots=True)
class Due:
    """Whom a yearly reminder is due for: licences that began before a day, on these days of the year (MM-DD) or any."""

    begun_before: date
    began_on: list[str] | None = None


def yearly_due(yearly: YearlyReminder, days_before: int, today: date) -> Due | None:
    """Whom a yearly reminder is due for at ``today``, None where it is nobody.

    On a fixed day it is due from the year after the licence began; for an anniversary ``days_before`` days before it,
    where 29 February is remembered on 1 March.
    """
    ahead = days_before if yearly.day == ANNIVERSARY else 0
    days = [today + timedelta(days=ahead - late) for late in range(CAUGHT_UP.days + 1)]
    written = [f"{day:%m-%d}" for day in days]
    if yearly.day != ANNIVERSARY:
        return Due(date(today.year, 1, 1)) if yearly.day in written else None
    if any((day.month, day.day) == (3, 1) and not isleap(day.year) for day in days):
        written.append("02-29")
    return Due(today - timedelta(days=_LESS_THAN_A_YEAR), written)


def _stated(day: object) -> date | None:
    if not day:
        return None
    try:
        return date.fromisoformat(str(day))
    except ValueError as error:
        raise ValidityUnknownError("the form's day is none") from error


def day_in_years(start: date, years: int) -> date:
    """The same day so many years on: 1 March for a leap day in a year that has none."""
    try:
        return start.replace(year=start.year + years)
    except ValueError:
        return date(start.year + years, 3, 1)
