"""Pure rules of licences: how long they run, and what changes what they are worth."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from app.catalogue.licence_type import Validity
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
