"""What a licence is worth."""

from datetime import date

import pytest

from app.catalogue.licence_type import Validity, YearlyReminder
from app.licences.rules import Due, ValidityUnknownError, last_day, yearly_due


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


@pytest.mark.parametrize(
    ("day", "today", "due"),
    [
        ("05-15", date(2027, 5, 14), None),
        ("05-15", date(2027, 5, 15), Due(date(2027, 1, 1))),
        ("05-15", date(2027, 5, 22), Due(date(2027, 1, 1))),
        ("05-15", date(2027, 5, 23), None),
    ],
)
def test_what_is_due_on_a_day_of_the_year_is_caught_up_with_for_a_week(day: str, today: date, due: Due | None) -> None:
    """From the year after the licence began."""
    assert yearly_due(YearlyReminder(day=day, text="年报。"), 30, today) == due


def test_an_anniversary_is_told_of_beforehand() -> None:
    """By so many days, over the turn of a year and from a leap day too."""
    yearly = YearlyReminder(day="anniversary", text="签注。")
    due = yearly_due(yearly, 30, date(2026, 12, 11))
    assert due is not None
    assert due.begun_before < date(2026, 12, 11)
    assert due.begun_before > date(2026, 1, 10)
    assert "01-10" in (due.began_on or [])
    assert "01-11" not in (due.began_on or [])
    leap = yearly_due(yearly, 30, date(2027, 1, 30))
    assert leap is not None
    assert "02-29" in (leap.began_on or [])
