"""The state machine of a case."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.applications.models import State
from app.applications.rules import ENDED, TABLE, By, Cause, case_number, next_state

ENDS = ENDED - {State.WITHDRAWN}
CITIZEN_CAUSES = [cause for cause, moves in TABLE.items() if moves.by is By.CITIZEN]


def run(causes: list[Cause]) -> list[State]:
    """The states that a submitted case passes, causes that leave it where it is left out."""
    states = [State.DRAFT, State.SUBMITTED]
    for cause in causes:
        following = next_state(states[-1], cause)
        if following not in (None, states[-1]):
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


@given(st.lists(st.sampled_from(CITIZEN_CAUSES)))
def test_a_citizen_alone_decides_nothing(causes: list[Cause]) -> None:
    """Approval, refusal and acceptance come from the approval system only."""
    assert not set(run(causes)) & {State.ACCEPTED, State.APPROVED, State.REFUSED, State.COMPLETED, State.NOT_ACCEPTED}


def test_every_cause_and_every_state_stands_in_the_table() -> None:
    """Nobody can cause what nobody may, and every state is reached."""
    assert set(TABLE) == set(Cause)
    reached = {after for moves in TABLE.values() for after in moves.to.values()}
    assert reached == set(State) - {State.DRAFT}


def test_a_case_under_way_can_reach_each_decision() -> None:
    """Whatever step the approval system leaves out."""
    under_way = set(State) - ENDED - {State.DRAFT, State.APPROVED}
    for state in under_way:
        assert next_state(state, Cause.APPROVED) is State.APPROVED
        assert next_state(state, Cause.REFUSED) is State.REFUSED
        assert next_state(state, Cause.WITHDRAW) is State.WITHDRAWN


@given(st.lists(st.sampled_from(Cause)))
def test_time_ends_drafts_alone(causes: list[Cause]) -> None:
    """A submitted case expires by the approval system's word only."""
    assert all(next_state(state, Cause.LAPSE) is None for state in run(causes)[1:])
    assert next_state(State.DRAFT, Cause.LAPSE) is State.EXPIRED


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
