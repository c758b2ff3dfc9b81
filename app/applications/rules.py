"""The state machine of a case, as one table: what moves it, who may cause that, and where it leads."""

from dataclasses import dataclass
from enum import StrEnum

from app.applications.models import State

_S = State


class By(StrEnum):
    """Who may cause a move."""

    CITIZEN = "citizen"
    APPROVAL_SYSTEM = "approval_system"
    CLOCK = "clock"


class Cause(StrEnum):
    """What moves a case: what the citizen does, the kinds of event of the approval system, and time itself."""

    SUBMIT = "submit"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"
    HURRY = "hurry"
    CONTACT = "contact"
    LAPSE = "lapse"
    RECEIVED = "received"
    PRE_REVIEW = "pre_review"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    UNDER_REVIEW = "under_review"
    SPECIAL_PROCEDURE = "special_procedure"
    RESUMED = "resumed"
    APPROVED = "approved"
    REFUSED = "refused"
    COMPLETED = "completed"
    EXPIRED = "expired"
    RESULT_READY = "result_ready"
    LICENCE_REVOKED = "licence_revoked"
    LICENCE_SUSPENDED = "licence_suspended"
    LICENCE_RESUMED = "licence_resumed"
    LICENCE_CANCELLED = "licence_cancelled"


@dataclass(frozen=True, slots=True)
class Moves:
    """The moves of one cause: who may cause it, and the state that follows each state."""

    by: By
    to: dict[State, State]


_BEFORE_ACCEPTANCE = (_S.SUBMITTED, _S.DELIVERED, _S.PRE_REVIEW, _S.SUPPLEMENTED)
_UNDER_WAY = (*_BEFORE_ACCEPTANCE, _S.SUPPLEMENT_REQUESTED, _S.ACCEPTED, _S.UNDER_REVIEW, _S.SPECIAL_PROCEDURE)
# It has arrived there, and its clock runs: neither the applicant nor a special procedure is waited for.
_WITH_OFFICE = (_S.DELIVERED, _S.PRE_REVIEW, _S.SUPPLEMENTED, _S.ACCEPTED, _S.UNDER_REVIEW)
_DECIDED = (_S.APPROVED, _S.REFUSED, _S.COMPLETED)

ENDED = frozenset({_S.NOT_ACCEPTED, _S.REFUSED, _S.COMPLETED, _S.WITHDRAWN, _S.EXPIRED})


def _citizen(*before: State, to: State) -> Moves:
    return Moves(By.CITIZEN, dict.fromkeys(before, to))


def _event(*before: State, to: State) -> Moves:
    return Moves(By.APPROVAL_SYSTEM, dict.fromkeys(before, to))


def _remark(*states: State) -> Moves:
    return Moves(By.APPROVAL_SYSTEM, {state: state for state in states})


# The approval system is the one that decides: from any state in which the case lies with it, its word counts, also
# where it skips a step, and also where it had decided before it heard that the citizen withdrew. What a case is at its
# end never changes otherwise, but for completion; a paper result and what becomes of a licence leave it where it is, as
# does what the citizen tells the office.
TABLE: dict[Cause, Moves] = {
    Cause.SUBMIT: _citizen(_S.DRAFT, to=_S.SUBMITTED),
    Cause.SUPPLEMENT: _citizen(_S.SUPPLEMENT_REQUESTED, to=_S.SUPPLEMENTED),
    Cause.WITHDRAW: _citizen(*_UNDER_WAY, to=_S.WITHDRAWN),
    Cause.HURRY: Moves(By.CITIZEN, {state: state for state in _WITH_OFFICE}),
    Cause.CONTACT: Moves(By.CITIZEN, {state: state for state in (*_UNDER_WAY, _S.APPROVED)}),
    Cause.LAPSE: Moves(By.CLOCK, {_S.DRAFT: _S.EXPIRED}),
    Cause.RECEIVED: _event(_S.SUBMITTED, to=_S.DELIVERED),
    Cause.PRE_REVIEW: _event(_S.SUBMITTED, _S.DELIVERED, _S.SUPPLEMENTED, to=_S.PRE_REVIEW),
    Cause.ACCEPTED: _event(*_BEFORE_ACCEPTANCE, _S.SUPPLEMENT_REQUESTED, to=_S.ACCEPTED),
    Cause.NOT_ACCEPTED: _event(*_BEFORE_ACCEPTANCE, _S.SUPPLEMENT_REQUESTED, to=_S.NOT_ACCEPTED),
    Cause.SUPPLEMENT_REQUESTED: _event(
        *_BEFORE_ACCEPTANCE, _S.ACCEPTED, _S.UNDER_REVIEW, _S.SPECIAL_PROCEDURE, to=_S.SUPPLEMENT_REQUESTED
    ),
    Cause.UNDER_REVIEW: _event(
        *_BEFORE_ACCEPTANCE, _S.SUPPLEMENT_REQUESTED, _S.ACCEPTED, _S.SPECIAL_PROCEDURE, to=_S.UNDER_REVIEW
    ),
    Cause.SPECIAL_PROCEDURE: _event(*_BEFORE_ACCEPTANCE, _S.ACCEPTED, _S.UNDER_REVIEW, to=_S.SPECIAL_PROCEDURE),
    Cause.RESUMED: _event(_S.SPECIAL_PROCEDURE, to=_S.UNDER_REVIEW),
    Cause.APPROVED: _event(*_UNDER_WAY, _S.WITHDRAWN, to=_S.APPROVED),
    Cause.REFUSED: _event(*_UNDER_WAY, _S.WITHDRAWN, to=_S.REFUSED),
    Cause.COMPLETED: _event(_S.APPROVED, to=_S.COMPLETED),
    Cause.EXPIRED: _event(_S.SUPPLEMENT_REQUESTED, to=_S.EXPIRED),
    Cause.RESULT_READY: _remark(*_DECIDED),
    Cause.LICENCE_REVOKED: _remark(_S.APPROVED, _S.COMPLETED),
    Cause.LICENCE_SUSPENDED: _remark(_S.APPROVED, _S.COMPLETED),
    Cause.LICENCE_RESUMED: _remark(_S.APPROVED, _S.COMPLETED),
    Cause.LICENCE_CANCELLED: _remark(_S.APPROVED, _S.COMPLETED),
}

EVENT_CAUSES = frozenset(cause for cause, moves in TABLE.items() if moves.by is By.APPROVAL_SYSTEM)


def next_state(state: State, cause: Cause) -> State | None:
    """The state that follows, or None where this cause moves nothing from here."""
    return TABLE[cause].to.get(state)


MOST_CASES = 9999
"""Of one item on one day: four digits."""


def case_number(item_code: str, day: str, serial: int) -> str:
    """The case number (办件编号): implementation code, day as yyyyMMdd, four digits.

    Raises ValueError above 9999 cases of an item on one day.
    """
    if not 1 <= serial <= MOST_CASES:
        raise ValueError("four digits hold 1 to 9999")
    return f"{item_code}{day}{serial:04d}"
