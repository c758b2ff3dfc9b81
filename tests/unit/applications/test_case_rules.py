"""The state machine of a case."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.applications.models import State
from app.applications.rules import CITIZEN_CAUSES, EVENT_CAUSES, TABLE, Cause, case_number, next_state

ENDS = {State.NOT_ACCEPTED, State.REFUSED, State.COMPLETED}


def run(causes: list[Cause]) -> list[State]:
    """The states that a submitted case passes, causes that move nothing left out."""
    states = [State.DRAFT, State.SUBMITTED]
    for cause in causes:
        following = next_state(states[-1], cause)
        if following is not None:
            states.append(following)
    return states


def test_the_usual_way_ends_completed() -> None:
    """Submitted, received, supplemented, accepted, approved, completed."""
    way = [
        Cause.RECEIVED,
        Cause.SUPPLEMENT_REQUESTED,
        Cause.SUPPLEMENT,
        Cause.ACCEPTED,
        Cause.APPROVED,
        Cause.COMPLETED,
    ]
    assert run(way)[-1] is State.COMPLETED


@given(st.lists(st.sampled_from(Cause)))
def test_an_ended_case_never_opens_again(causes: list[Cause]) -> None:
    """Whatever comes after its end changes nothing."""
    states = run(causes)
    for before, after in pairwise(states):
        assert before not in ENDS or after is before


@given(st.lists(st.sampled_from(Cause)))
def test_a_case_is_submitted_once(causes: list[Cause]) -> None:
    """No event and no citizen makes a draft of a case again."""
    assert State.DRAFT not in run(causes)[1:]
    assert run(causes).count(State.SUBMITTED) == 1


@given(st.lists(st.sampled_from(sorted(CITIZEN_CAUSES))))
def test_a_citizen_alone_decides_nothing(causes: list[Cause]) -> None:
    """Approval, refusal and acceptance come from the approval system only."""
    assert not set(run(causes)) & {State.ACCEPTED, State.APPROVED, State.REFUSED, State.COMPLETED, State.NOT_ACCEPTED}


def test_every_cause_stands_in_the_table_and_belongs_to_one_side() -> None:
    """Nobody can cause what nobody may."""
    assert set(TABLE) == set(Cause)
    assert set(Cause) == CITIZEN_CAUSES | EVENT_CAUSES
    assert not CITIZEN_CAUSES & EVENT_CAUSES


def test_an_approval_outweighs_a_withdrawal_that_came_too_late() -> None:
    """The approval system is the one that decides."""
    assert next_state(State.WITHDRAWN, Cause.APPROVED) is State.APPROVED
    assert next_state(State.WITHDRAWN, Cause.ACCEPTED) is None


def test_a_case_number_is_the_code_the_day_and_four_digits() -> None:
    """As a real one is built: 12441500196720244T3442199806003 on 2022-06-23."""
    number = case_number("12441500196720244T3442199806003", "20220623", 68)
    assert number == "12441500196720244T3442199806003202206230068"
    for serial in (0, 10_000):
        with pytest.raises(ValueError, match="four digits"):
            case_number("12441500196720244T3442199806003", "20220623", serial)
