"""What changes what a licence is worth, and what never does."""

from datetime import date
from itertools import pairwise, product

import pytest

from app.licences.models import LicenceCause, LicenceState
from app.licences.results import LicenceResult, Relation, read_result
from app.licences.rules import MOVES, next_state

ORDERED_ENDS = {LicenceState.REVOKED, LicenceState.CANCELLED, LicenceState.SUPERSEDED}
TODAY = date(2026, 11, 27)
# A licence has six states: what four causes in a row cannot show, no more of them can.
LIVES = [life for length in range(5) for life in product(LicenceCause, repeat=length)]


def lived(events: tuple[LicenceCause, ...]) -> list[LicenceState]:
    """The states that a licence goes through."""
    states = [LicenceState.VALID]
    for cause in events:
        states.append(next_state(states[-1], cause) or states[-1])
    return states


def test_an_end_that_was_ordered_stays() -> None:
    """Nothing brings a licence back that was revoked, cancelled or followed by another."""
    for events in LIVES:
        for before, after in pairwise(lived(events)):
            assert before not in ORDERED_ENDS or after is before


def test_a_licence_becomes_valid_again_from_a_suspension_alone() -> None:
    """And only by the word that resumes it."""
    for events in LIVES:
        for (before, after), cause in zip(pairwise(lived(events)), events, strict=True):
            if after is LicenceState.VALID and before is not after:
                assert (before, cause) == (LicenceState.SUSPENDED, LicenceCause.RESUMED)


@pytest.mark.parametrize("end", [LicenceCause.REVOKED, LicenceCause.CANCELLED, LicenceCause.SUPERSEDED])
def test_what_runs_or_ran_out_can_be_ended_by_order(end: LicenceCause) -> None:
    """Whatever came before, and nothing else can."""
    for events in LIVES:
        state = lived(events)[-1]
        assert (next_state(state, end) is None) == (state in ORDERED_ENDS)


def test_every_cause_changes_something_and_no_state_into_itself() -> None:
    """The table has no empty line and no move that is none."""
    assert set(MOVES) == set(LicenceCause)
    assert all(moves and all(before is not after for before, after in moves.items()) for moves in MOVES.values())


def test_a_result_says_which_licence_it_follows_and_what_no_form_has() -> None:
    """As docs/approvals.md tells it."""
    said = {"relation": "renewal", "follows": " 230800123 ", "fields": {"uscc": "91", "scope": ["餐饮"], "capital": 3}}
    data = {"valid_from": "2026-12-01", "valid_until": "2031-11-30", "licence": said}
    assert read_result(data, TODAY) == LicenceResult(
        date(2026, 12, 1),
        date(2031, 11, 30),
        Relation.RENEWAL,
        "230800123",
        {"uscc": "91", "scope": ["餐饮"], "capital": 3},
    )


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"valid_from": "soon", "valid_until": 7, "licence": "none"},
        {"licence": {"relation": "theft", "follows": None, "fields": ["a"]}},
        {"licence": {"fields": {"name": {"deep": 1}, "scope": [], "items": [1], "note": "x" * 2001}}},
    ],
)
def test_what_cannot_be_read_of_a_result_counts_as_not_said(data: dict[str, object]) -> None:
    """A licence is issued all the same, on its own, from today."""
    assert read_result(data, TODAY) == LicenceResult(TODAY)
