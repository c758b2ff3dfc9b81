"""Pure rules of complaints: their moves, their clock, where they belong."""

from datetime import date
from enum import StrEnum

from app.complaints.models import ComplaintState
from app.identity.rules import region_prefix

LONGEST = 2000
NUMBERS = 1_000_000
"""How many receipt numbers a day has."""

_S = ComplaintState


class Cause(StrEnum):
    """What staff do about a complaint."""

    ACCEPT = "accept"
    HAND_ON = "hand_on"
    ANSWER = "answer"


TABLE: dict[Cause, dict[ComplaintState, ComplaintState]] = {
    Cause.ACCEPT: {_S.RECEIVED: _S.ACCEPTED},
    Cause.HAND_ON: {_S.RECEIVED: _S.RECEIVED, _S.ACCEPTED: _S.ACCEPTED},
    Cause.ANSWER: {_S.RECEIVED: _S.ANSWERED, _S.ACCEPTED: _S.ANSWERED},
}


def next_due(after: ComplaintState, due_on: date | None, answer_by: date) -> date | None:
    """The last day of the next step, in the state that a move leads to; handing on moves no day."""
    return {_S.RECEIVED: due_on, _S.ACCEPTED: answer_by, _S.ANSWERED: None}[after]


def region_within(region: str, department_region: str) -> str:
    """Where a complaint of a region belongs once a department has it: its region, as far as the department reaches."""
    return region if region.startswith(region_prefix(department_region)) else department_region


def number_of(day: date, drawn: int) -> str:
    """The receipt number of a day and of a number below ``NUMBERS``: digits alone, to be read out on the phone."""
    return f"{day:%Y%m%d}{drawn:06d}"
