"""A case as the stand-in of the approval system sees it, without anything that names a person."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Kinds of events, in the words of the protocol."""

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


class Word(StrEnum):
    """Magic words: found in any text of a form, they steer the case."""

    SUPPLEMENT = "请补正"
    NOT_ACCEPT = "请不予受理"
    REFUSE = "请不予许可"
    PAUSE = "请暂停"
    WAIT = "请等待"
    SCRAMBLE = "乱序"
    STEPWISE = "请逐步办理"


def words_in(value: object) -> set[Word]:
    """The magic words in the texts of a form, at any depth; names of fields do not count."""
    if isinstance(value, str):
        return {word for word in Word if word in value}
    if isinstance(value, dict):
        return set().union(*(words_in(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(words_in(item) for item in value))
    return set()


@dataclass(slots=True)
class Event:
    """One event of a case and how far its pushes have come.

    ``pushes`` counts the tries, ``deliveries`` those answered with 2xx; ``given_up`` means no further try.
    """

    event_id: str
    case_no: str
    sequence: int
    kind: Kind
    occurred_at: str
    data: dict[str, Any]
    pushes: int = 0
    deliveries: int = 0
    given_up: bool = False

    def protocol(self) -> dict[str, Any]:
        """The event as pushed and as listed in the feed."""
        return {
            "event_id": self.event_id,
            "case_no": self.case_no,
            "sequence": self.sequence,
            "kind": self.kind,
            "occurred_at": self.occurred_at,
            "data": self.data,
        }

    def control(self) -> dict[str, Any]:
        """The event as listed under /control."""
        shown = {key: value for key, value in self.protocol().items() if key != "case_no"}
        return {**shown, "delivered": self.deliveries > 0, "pushes": self.pushes}


@dataclass(slots=True)
class Material:
    """One file handed in; ``path`` is where the product serves it. ``verified`` is None until it was fetched."""

    material_id: str
    file_id: str
    sha256: str
    path: str
    verified: bool | None = None

    def control(self) -> dict[str, Any]:
        """The material as listed under /control."""
        return {
            "material_id": self.material_id,
            "file_id": self.file_id,
            "sha256": self.sha256,
            "verified": self.verified is True,
        }


@dataclass(slots=True)
class Case:
    """One case. ``deliveries`` counts how often it was handed in.

    ``duplicates`` counts what was handed in again and taken as something new: a second case, a second supplement.
    """

    case_no: str
    item_code: str | None = None
    words: set[Word] = field(default_factory=set)
    held: bool = False
    withdrawn: bool = False
    awaiting_supplement: bool = False
    supplements: set[str] = field(default_factory=set)
    notices: dict[str, str] = field(default_factory=dict)
    deliveries: int = 0
    duplicates: int = 0
    materials: list[Material] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def kinds(self) -> set[Kind]:
        """The kinds of events this case has seen."""
        return {event.kind for event in self.events}

    @property
    def state(self) -> str:
        """``withdrawn``, ``expected`` before the case came, or what the last event made of it.

        A resumed case is ``under_review``, a supplemented one ``received``.
        """
        if self.withdrawn:
            return "withdrawn"
        if not self.events:
            return "expected"
        last = self.events[-1].kind
        if last is Kind.RESUMED:
            return Kind.UNDER_REVIEW
        if last in {Kind.RESULT_READY, Kind.LICENCE_RESUMED}:
            return Kind.COMPLETED
        if last is Kind.SUPPLEMENT_REQUESTED and not self.awaiting_supplement:
            return Kind.RECEIVED
        return last

    def protocol(self) -> dict[str, Any]:
        """The case as the product may ask for it."""
        events = [event.protocol() for event in self.events]
        return {
            "case_no": self.case_no,
            "state": self.state,
            "last_sequence": len(events),
            "events": events,
            "supplements": sorted(self.supplements),
            "notices": sorted(self.notices),
            "withdrawn": self.withdrawn,
        }

    def control(self) -> dict[str, Any]:
        """The case as listed under /control."""
        return {
            "case_no": self.case_no,
            "item_code": self.item_code,
            "state": self.state,
            "held": self.held,
            "withdrawn": self.withdrawn,
            "supplements": len(self.supplements),
            "notices": sorted(self.notices.values()),
            "deliveries": self.deliveries,
            "duplicates": self.duplicates,
            "materials": [material.control() for material in self.materials],
            "events": [event.control() for event in self.events],
        }
