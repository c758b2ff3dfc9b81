"""The table of a rectification: every way through it ends, and passes by the citizen."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.kit.workdays import is_working_day
from app.reviews.definitions import terms
from app.reviews.models import RectificationState
from app.reviews.rectifying import (
    ENDED,
    FOUR_EYES,
    TABLE,
    Cause,
    Reached,
    cause_of_answer,
    cause_of_call,
    clock_from,
    next_state,
)

_S = RectificationState
WALKS = st.lists(st.sampled_from(Cause), max_size=60)


def walked(causes: list[Cause]) -> list[tuple[Cause, RectificationState]]:
    """The moves that these causes make from the start; what moves nothing is passed over."""
    state, way = _S.OPENED, []
    for cause in causes:
        after = next_state(state, cause)
        if after is not None:
            state = after
            way.append((cause, after))
    return way


def test_an_end_is_an_end_and_nothing_else_is() -> None:
    """No cause leads on from an end, and something leads on from everything else."""
    for state in RectificationState:
        assert (not any(next_state(state, cause) for cause in Cause)) is (state in ENDED)


def test_every_state_is_reached_and_reaches_an_end() -> None:
    """Nothing hangs for good."""
    reached, edge = {_S.OPENED}, {_S.OPENED}
    while edge:
        edge = {after for table in TABLE.values() for before, after in table.items() if before in edge} - reached
        reached |= edge
    assert reached == set(RectificationState)
    ending = set(ENDED)
    while more := {b for table in TABLE.values() for b, after in table.items() if after in ending} - ending:
        ending |= more
    assert ending == set(RectificationState)


@given(causes=WALKS)
def test_nothing_is_put_right_before_somebody_was_called_back(causes: list[Cause]) -> None:
    """In each round: every opening is followed by a call before anything else is done."""
    called = False
    for cause, after in walked(causes):
        if cause in {Cause.RECTIFY, Cause.PROPOSE_GROUNDLESS}:
            assert called
        called = (called or cause is Cause.CALL_BACK) and after is not _S.REOPENED


@given(causes=WALKS)
def test_what_was_put_right_ends_by_the_citizen_or_by_time(causes: list[Cause]) -> None:
    """The staff cannot end what the citizen was not asked about, but for two of them."""
    for cause, after in walked(causes):
        if after in ENDED:
            assert cause in {Cause.CONFIRM, Cause.LAPSE} or cause in FOUR_EYES


@given(round_=st.integers(1, 20), rounds=st.integers(1, 10))
def test_the_last_round_escalates(round_: int, rounds: int) -> None:
    """Never more rounds than are set."""
    assert cause_of_answer(satisfied=True, round_=round_, rounds=rounds) is Cause.CONFIRM
    expected = Cause.REOPEN if round_ < rounds else Cause.ESCALATE
    assert cause_of_answer(satisfied=False, round_=round_, rounds=rounds) is expected


@given(missed=st.integers(0, 10), attempts=st.integers(1, 5))
def test_calls_that_reach_nobody_are_made_again_so_often(missed: int, attempts: int) -> None:
    """Whoever is reached counts at once."""
    assert cause_of_call(Reached.AUTHOR, missed, attempts) is Cause.CALL_BACK
    assert cause_of_call(Reached.OTHER, missed, attempts) is Cause.CALL_BACK
    expected = Cause.MISS if missed + 1 < attempts else Cause.CALL_BACK
    assert cause_of_call(Reached.NOBODY, missed, attempts) is expected


@given(start=st.dates(date(2025, 1, 1), date(2026, 12, 31)), call=st.integers(1, 3), rectify=st.integers(3, 15))
def test_the_clock_runs_in_working_days(start: date, call: int, rectify: int) -> None:
    """Both ends are working days after the start, with just so many working days up to them."""
    days = clock_from(start, call, rectify)
    for end, count in ((days.call_back_by, call), (days.rectify_by, rectify)):
        between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
        assert is_working_day(end)
        assert len([day for day in between if is_working_day(day)]) == count


def test_the_city_calls_back_within_one_working_day() -> None:
    """国办发〔2019〕51号 asks for a call at once; a round takes longer than its call."""
    assert terms().call_back_working_days == 1
    assert terms().rectify_working_days >= terms().call_back_working_days
