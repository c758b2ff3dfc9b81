"""The places of events within their case, where the approval system numbers nothing. No I/O.

Events get their places as they come. What comes after a later step of its case is overtaken: it keeps a place and moves
nothing, lest the case go back. A word that ends a case, or comes after its end, counts whenever it comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.applications.rules import Cause
from app.approvals.ports import Event

_ALWAYS_COUNT = frozenset(
    {
        Cause.NOT_ACCEPTED,
        Cause.APPROVED,
        Cause.REFUSED,
        Cause.COMPLETED,
        Cause.EXPIRED,
        Cause.RESULT_READY,
        Cause.LICENCE_REVOKED,
        Cause.LICENCE_SUSPENDED,
        Cause.LICENCE_CANCELLED,
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """An event that is kept."""

    kind: Cause
    sequence: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """An event's place in its case's sequence, and whether a later step came before it."""

    sequence: int
    overtaken: bool = False


def next_place(event: Event, kept: Sequence[Step], applied: int) -> Place:
    """The place of an event that comes after these of its case.

    ``applied`` is the last place that was taken, whose event may be forgotten by now.
    """
    last = max((step.sequence for step in kept), default=0)
    later = any(step.occurred_at > event.occurred_at for step in kept)
    return Place(max(last, applied) + 1, overtaken=later and event.kind not in _ALWAYS_COUNT)
