"""What a licence is worth."""

from datetime import date

import pytest

from app.catalogue.licence_type import Validity
from app.licences.rules import ValidityUnknownError, last_day


@pytest.mark.parametrize(
    ("start", "years", "last"),
    [
        (date(2026, 11, 22), 5, date(2031, 11, 21)),
        (date(2024, 2, 29), 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 28)),
        (date(2026, 1, 1), 1, date(2026, 12, 31)),
    ],
)
def test_the_last_day_is_the_day_before_the_anniversary(start: date, years: int, last: date) -> None:
    """Also from a leap day."""
    assert last_day(Validity(years=years), start, form={}, born=None) == last


@pytest.mark.parametrize(
    ("validity", "last"),
    [
        (Validity(endless=True), None),
        (Validity(until_age=18), date(2030, 5, 4)),
        (Validity(from_form="until"), date(2032, 1, 31)),
        (Validity(from_form="nothing"), None),
        (Validity(from_form="empty"), None),
    ],
)
def test_the_type_says_how_long_a_licence_runs(validity: Validity, last: date | None) -> None:
    """Without an end, to an age, or as the form says."""
    form = {"until": "2032-01-31", "empty": ""}
    assert last_day(validity, date(2026, 11, 22), form=form, born=date(2012, 5, 5)) == last


def test_an_end_that_cannot_be_known_is_no_licence_without_an_end() -> None:
    """Neither a missing birthday nor a day that is none makes a licence endless."""
    with pytest.raises(ValidityUnknownError):
        last_day(Validity(until_age=18), date(2026, 11, 22), form={}, born=None)
    with pytest.raises(ValidityUnknownError):
        last_day(Validity(from_form="until"), date(2026, 11, 22), form={"until": "soon"}, born=None)
