"""Time limits: counted from acceptance, stopped while the applicant or a special procedure is waited for."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.applications.rules import Cause
from app.applications.time_limits import Days, Mark, TimeLimits, reckon
from app.kit.workdays import add_working_days, is_working_day, working_days_between

SEVEN = Days(promised=7, statutory=20)
MARKED = sorted(set(Cause) - {Cause.LAPSE, Cause.SUBMIT})


def on(day: str) -> date:
    """A day of November 2026, whose 2nd is a Monday, with no holiday in it."""
    return date.fromisoformat(f"2026-11-{day}")


def way(*marks: tuple[Cause, str]) -> TimeLimits:
    """The limits of a case to which this happened."""
    return reckon(SEVEN, [Mark(cause, on(day)) for cause, day in marks])


def promised(limits: TimeLimits) -> date | None:
    """The promised day."""
    return limits.due.promised.day if limits.due else None


def test_a_submitted_case_is_shown_a_day_as_if_accepted_at_once() -> None:
    """Monday and seven working days."""
    limits = way((Cause.SUBMIT, "02"))
    assert promised(limits) == on("11")
    assert limits.due is not None
    assert limits.due.statutory.day == on("30")


def test_the_limit_runs_from_acceptance() -> None:
    """Not from the submission."""
    assert promised(way((Cause.SUBMIT, "02"), (Cause.RECEIVED, "02"), (Cause.ACCEPTED, "05"))) == on("16")


def test_a_special_procedure_is_not_counted() -> None:
    """Two of the seven days are used when it stops, five are left when it goes on."""
    stopped = ((Cause.SUBMIT, "02"), (Cause.ACCEPTED, "02"), (Cause.SPECIAL_PROCEDURE, "04"))
    assert way(*stopped).due is None
    assert promised(way(*stopped, (Cause.RESUMED, "16"))) == on("23")


def test_a_supplement_before_acceptance_starts_the_count_anew() -> None:
    """Nothing was used before."""
    assert promised(way((Cause.SUBMIT, "02"), (Cause.SUPPLEMENT_REQUESTED, "04"), (Cause.SUPPLEMENT, "09"))) == on("18")


def test_a_decision_leaves_the_limits_as_they_were() -> None:
    """Whatever comes after it."""
    before = ((Cause.SUBMIT, "02"), (Cause.ACCEPTED, "02"))
    after = way(*before, (Cause.APPROVED, "04"), (Cause.COMPLETED, "05"), (Cause.LICENCE_REVOKED, "20"))
    assert after == way(*before)


def test_a_wrong_clock_there_moves_no_limit_backwards() -> None:
    """Resumed before it stopped: resumed on the day it stopped."""
    marks = ((Cause.SUBMIT, "02"), (Cause.ACCEPTED, "02"), (Cause.SPECIAL_PROCEDURE, "04"), (Cause.RESUMED, "03"))
    assert promised(way(*marks)) == on("11")


@pytest.mark.parametrize(
    ("after", "until", "count"),
    [("2026-01-01", "2026-01-04", 1), ("2026-09-19", "2026-09-20", 1), ("2026-10-01", "2026-10-08", 1)],
)
def test_make_up_workdays_count_and_holidays_do_not(after: str, until: str, count: int) -> None:
    """By the State Council's notice for 2026: Sundays 4 January and 20 September are worked, 1 to 7 October is not."""
    assert working_days_between(date.fromisoformat(after), date.fromisoformat(until)) == count


days = st.dates(date(2025, 1, 1), date(2028, 12, 31))


@given(days, st.integers(0, 60))
def test_counting_is_the_inverse_of_adding(start: date, count: int) -> None:
    """As many working days lie up to the day that was reckoned as were added."""
    end = add_working_days(start, count).day
    assert working_days_between(start, end) == count
    assert not count or is_working_day(end)


@given(days, st.lists(st.tuples(st.sampled_from(MARKED), st.integers(0, 20))))
def test_a_pause_never_takes_days_from_the_office_nor_gives_it_any(start: date, later: list[tuple[Cause, int]]) -> None:
    """Working days that ran since acceptance and those that are left make the whole limit, or more is used up."""
    marks, day = [Mark(Cause.SUBMIT, start)], start
    for cause, more in later:
        day += timedelta(days=more)
        marks.append(Mark(cause, day))
    used, accepted, since = 0, False, date.min
    for move in reckon(SEVEN, marks).moves:
        if move.due is None:
            used += working_days_between(since, move.on)
            continue
        if not accepted:
            used, accepted = 0, move.cause in {Cause.ACCEPTED, Cause.UNDER_REVIEW}
        since = move.on
        assert working_days_between(move.on, move.due.promised.day) == max(SEVEN.promised - used, 0)
        assert move.due.promised.day <= move.due.statutory.day


@given(days, st.lists(st.tuples(st.sampled_from(MARKED), st.integers(-20, 20))))
def test_moves_are_told_in_the_order_of_their_days(start: date, later: list[tuple[Cause, int]]) -> None:
    """Whatever days the approval system names."""
    marks = [Mark(Cause.SUBMIT, start), *(Mark(cause, start + timedelta(days=more)) for cause, more in later)]
    told = [move.on for move in reckon(SEVEN, marks).moves]
    assert told == sorted(told)
