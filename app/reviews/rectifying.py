"""The state machine of a rectification (整改), as one table, with its clock: pure rules."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.kit.workdays import add_working_days
from app.reviews.models import RectificationState

_S = RectificationState


class Cause(StrEnum):
    """What moves a rectification."""

    MISS = "miss"
    CALL_BACK = "call_back"
    RECTIFY = "rectify"
    PROPOSE_GROUNDLESS = "propose_groundless"
    CONFIRM_GROUNDLESS = "confirm_groundless"
    REJECT_GROUNDLESS = "reject_groundless"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    ESCALATE = "escalate"
    LAPSE = "lapse"
    SETTLE = "settle"


class Reached(StrEnum):
    """Whom a call reached."""

    AUTHOR = "author"
    OTHER = "other"
    NOBODY = "nobody"


CITIZEN_CAUSES = frozenset({Cause.CONFIRM, Cause.REOPEN, Cause.ESCALATE})
ENDED = frozenset({_S.CONFIRMED, _S.UNANSWERED, _S.GROUNDLESS, _S.SETTLED})
WORKED_ON = frozenset({_S.CALLED_BACK, _S.GROUNDLESS_PROPOSED})
# Whoever took part decides no more in these.
FOUR_EYES = frozenset({Cause.CONFIRM_GROUNDLESS, Cause.REJECT_GROUNDLESS, Cause.SETTLE})

# Nothing is put right or found groundless before the citizen was called back (国办发〔2019〕51号: 100 % of bad reviews
# by real names are called back). Whether it was put right, the citizen says.
TABLE: dict[Cause, dict[RectificationState, RectificationState]] = {
    Cause.MISS: {_S.OPENED: _S.OPENED, _S.REOPENED: _S.REOPENED},
    Cause.CALL_BACK: {_S.OPENED: _S.CALLED_BACK, _S.REOPENED: _S.CALLED_BACK},
    Cause.RECTIFY: {_S.CALLED_BACK: _S.RECTIFIED},
    Cause.PROPOSE_GROUNDLESS: {_S.CALLED_BACK: _S.GROUNDLESS_PROPOSED},
    Cause.CONFIRM_GROUNDLESS: {_S.GROUNDLESS_PROPOSED: _S.GROUNDLESS},
    Cause.REJECT_GROUNDLESS: {_S.GROUNDLESS_PROPOSED: _S.CALLED_BACK},
    Cause.CONFIRM: {_S.RECTIFIED: _S.CONFIRMED},
    Cause.REOPEN: {_S.RECTIFIED: _S.REOPENED},
    Cause.ESCALATE: {_S.RECTIFIED: _S.ESCALATED},
    Cause.LAPSE: {_S.RECTIFIED: _S.UNANSWERED},
    Cause.SETTLE: {_S.ESCALATED: _S.SETTLED},
}


def next_state(state: RectificationState, cause: Cause) -> RectificationState | None:
    """The state that follows, or None where this cause moves nothing from here."""
    return TABLE[cause].get(state)


def cause_of_call(reached: Reached, missed: int, attempts: int) -> Cause:
    """What a call comes to: whoever could not be reached for so many ``attempts`` counts as called back.

    ``missed`` are the calls of this round that reached nobody before.
    """
    return Cause.MISS if reached is Reached.NOBODY and missed + 1 < attempts else Cause.CALL_BACK


def cause_of_answer(*, satisfied: bool, round_: int, rounds: int) -> Cause:
    """What the citizen's answer comes to: not satisfied for the ``rounds``-th time, it goes to the supervision."""
    if satisfied:
        return Cause.CONFIRM
    return Cause.REOPEN if round_ < rounds else Cause.ESCALATE


@dataclass(frozen=True, slots=True)
class Clock:
    """The days by which the citizen is to be called back, and by which all is to be put right."""

    call_back_by: date
    rectify_by: date


def clock_from(day: date, call_back: int, rectify: int) -> Clock:
    """The clock of a round that begins on a day; both in working days, neither counting that day."""
    return Clock(add_working_days(day, call_back).day, add_working_days(day, rectify).day)
