"""The state machine of a case, as one table: who may cause which move."""

from enum import StrEnum

from app.applications.models import State

_S = State


class Cause(StrEnum):
    """What moves a case: what the citizen does, and the kinds of event of the approval system."""

    SUBMIT = "submit"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    PAUSED = "paused"
    RESUMED = "resumed"
    APPROVED = "approved"
    REFUSED = "refused"
    COMPLETED = "completed"
    LICENCE_REVOKED = "licence_revoked"


CITIZEN_CAUSES = frozenset({Cause.SUBMIT, Cause.SUPPLEMENT, Cause.WITHDRAW})
EVENT_CAUSES = frozenset(Cause) - CITIZEN_CAUSES

ENDED = frozenset({_S.NOT_ACCEPTED, _S.REFUSED, _S.COMPLETED, _S.WITHDRAWN})

_WAITING = (_S.SUBMITTED, _S.DELIVERED, _S.SUPPLEMENTED)
_HANDLED = (*_WAITING, _S.SUPPLEMENT_REQUESTED, _S.ACCEPTED, _S.PAUSED)

# The approval system is the one that decides: from any state in which the case lies with it, its word counts, also
# where it skips a step, and also where it had decided before it heard that the citizen withdrew. What a case is at its
# end never changes otherwise, but for completion and a revoked licence.
TABLE: dict[Cause, dict[State, State]] = {
    Cause.SUBMIT: {_S.DRAFT: _S.SUBMITTED},
    Cause.SUPPLEMENT: {_S.SUPPLEMENT_REQUESTED: _S.SUPPLEMENTED},
    Cause.WITHDRAW: dict.fromkeys(_HANDLED, _S.WITHDRAWN),
    Cause.RECEIVED: {_S.SUBMITTED: _S.DELIVERED},
    Cause.ACCEPTED: dict.fromkeys((*_WAITING, _S.SUPPLEMENT_REQUESTED), _S.ACCEPTED),
    Cause.NOT_ACCEPTED: dict.fromkeys((*_WAITING, _S.SUPPLEMENT_REQUESTED), _S.NOT_ACCEPTED),
    Cause.SUPPLEMENT_REQUESTED: dict.fromkeys((*_WAITING, _S.ACCEPTED), _S.SUPPLEMENT_REQUESTED),
    Cause.PAUSED: dict.fromkeys((*_WAITING, _S.ACCEPTED), _S.PAUSED),
    Cause.RESUMED: {_S.PAUSED: _S.ACCEPTED},
    Cause.APPROVED: dict.fromkeys((*_HANDLED, _S.WITHDRAWN), _S.APPROVED),
    Cause.REFUSED: dict.fromkeys((*_HANDLED, _S.WITHDRAWN), _S.REFUSED),
    Cause.COMPLETED: {_S.APPROVED: _S.COMPLETED},
    Cause.LICENCE_REVOKED: {_S.APPROVED: _S.APPROVED, _S.COMPLETED: _S.COMPLETED},
}


def next_state(state: State, cause: Cause) -> State | None:
    """The state that follows, or None where this cause moves nothing from here."""
    return TABLE[cause].get(state)


def case_number(item_code: str, day: str, serial: int) -> str:
    """The case number (办件编号): implementation code, day as yyyyMMdd, four digits.

    Raises ValueError above 9999 cases of an item on one day.
    """
    if not 1 <= serial <= 9999:  # noqa: PLR2004  # four digits
        raise ValueError("four digits hold 1 to 9999")
    return f"{item_code}{day}{serial:04d}"
