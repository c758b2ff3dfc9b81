"""The approval system as a port. Every method raises the errors of ``app.kit.ports``."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from app.applications.rules import Cause

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def plausible(moment: datetime) -> datetime:
    """When something happened. Raises ValueError for what no case is from: some systems write year 1 for no time."""
    if moment < _EARLIEST:
        raise ValueError("before 1970")
    return moment


@dataclass(frozen=True, slots=True)
class Event:
    """Something the approval system decided.

    ``sequence`` counts from 1 within the case; it is None where the system numbers nothing: then the event gets the
    case's next place when it is kept.
    """

    event_id: str
    case_no: str
    sequence: int | None
    kind: Cause
    occurred_at: datetime
    data: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RemoteCase:
    """What the approval system knows of a case."""

    events: list[Event]
    supplements: frozenset[str]
    withdrawn: bool
    notices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page of the feed. ``next_cursor`` is where to read on."""

    events: list[Event]
    next_cursor: str


class ApprovalSystem(Protocol):
    """The city's existing approval system."""

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """Hand a case over; idempotent by case number."""

    async def send_supplement(self, case_no: str, supplement: dict[str, Any]) -> None:
        """Hand a supplement over; idempotent by its id."""

    async def send_withdrawal(self, case_no: str, reason: str) -> None:
        """Say that the citizen withdrew. RefusedError where the case was decided already."""

    async def send_notice(self, case_no: str, notice: dict[str, Any]) -> None:
        """Say something about a case that moves nothing; idempotent by ``notice_id``.

        Its ``kind`` is ``hurry`` (催办) or ``contact`` (corrected contact data and where the result is to go).
        """

    async def get_case(self, case_no: str) -> RemoteCase | None:
        """What it knows of a case, None where it knows none with this number."""

    async def events_after(self, cursor: str) -> FeedPage:
        """The next page of all events in the order they happened."""
