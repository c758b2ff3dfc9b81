"""The cases of the approval system's stand-in, journaled in ``approvals.jsonl``.

The journal alone keeps what the product handed in about people; memory keeps what the stand-in decides with.
"""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.sandbox.answers import RefusedError, beijing_time
from app.sandbox.approvals_case import Case, Event, Kind, Material, Word, words_in
from app.sandbox.approvals_flow import Draft
from app.sandbox.journal import Change, Journal

_DECIDED = {Kind.NOT_ACCEPTED, Kind.APPROVED, Kind.REFUSED}


def _materials(items: list[dict[str, Any]]) -> list[Material]:
    return [Material(item["material_id"], item["file_id"], item["sha256"], item["path"]) for item in items]


def _ignore(_case: Case) -> None:
    pass


class ApprovalsStore:
    """Cases by number and all events in the order they happened.

    ``on_change`` is called with a case after anything that may move it on. Without ``idempotent``, what is handed in
    again is something new: it counts in the case's ``duplicates``.
    """

    def __init__(self, folder: Path) -> None:
        self.cases: dict[str, Case] = {}
        self.feed: list[Event] = []
        self.on_change: Callable[[Case], None] = _ignore
        self.idempotent = True
        self._held_early: set[str] = set()
        self._events: dict[str, Event] = {}
        self._journal = Journal(folder / "approvals.jsonl", self._apply)

    def _apply(self, change: Change) -> None:
        kind: str = change["kind"]
        if kind == "event":
            self._apply_event(Event(**{**change["event"], "kind": Kind(change["event"]["kind"])}))
        elif kind == "pushed":
            event = self._events[change["event_id"]]
            event.pushes = change["pushes"]
            event.deliveries += change["delivered"]
            event.given_up = not change["delivered"]
        elif kind == "case":
            self._apply_case(change["submission"])
        elif kind == "idempotent":
            self.idempotent = change["idempotent"]
        elif kind == "held":
            self._apply_hold(change["case_no"], held=change["held"])
        else:
            self._apply_to_case(self.cases[change["case_no"]], kind, change)

    def _apply_event(self, event: Event) -> None:
        case = self.cases[event.case_no]
        case.events.append(event)
        case.awaiting_supplement = event.kind is Kind.SUPPLEMENT_REQUESTED
        self.feed.append(event)
        self._events[event.event_id] = event

    def _apply_case(self, submission: dict[str, Any]) -> None:
        words = words_in(submission["form"])
        case_no = submission["case_no"]
        held = case_no in self._held_early or Word.WAIT in words
        self._held_early.discard(case_no)
        materials = _materials(submission["materials"])
        self.cases[case_no] = Case(
            case_no, submission["item_code"], words, held=held, deliveries=1, materials=materials
        )

    def _apply_hold(self, case_no: str, *, held: bool) -> None:
        if case_no in self.cases:
            self.cases[case_no].held = held
        elif held:
            self._held_early.add(case_no)
        else:
            self._held_early.discard(case_no)

    @staticmethod
    def _apply_to_case(case: Case, kind: str, change: Change) -> None:
        if kind == "delivered_again":
            case.deliveries += 1
        elif kind == "duplicate":
            case.duplicates += 1
        elif kind == "supplement":
            new_words = words_in(change["supplement"]["form"]) - case.words
            case.held = case.held or Word.WAIT in new_words
            case.words |= new_words
            case.supplements.add(change["supplement"]["supplement_id"])
            case.materials.extend(_materials(change["supplement"]["materials"]))
            case.awaiting_supplement = False
        elif kind == "notice":
            case.notices[change["notice"]["notice_id"]] = change["notice"]["kind"]
        elif kind == "withdrawn":
            case.withdrawn = True
        elif kind == "verified":
            case.materials[change["index"]].verified = change["verified"]

    def case(self, case_no: str) -> Case:
        """The case of this number; raises RefusedError 404 ``unknown_case``."""
        if case_no not in self.cases:
            raise RefusedError(404, "unknown_case", "没有这个办件")
        return self.cases[case_no]

    def _again(self, case_no: str, *counted: Change) -> bool:
        """Take what is here already; whether it was taken as something new."""
        duplicate = [] if self.idempotent else [{"kind": "duplicate", "case_no": case_no}]
        if changes := [*counted, *duplicate]:
            self._journal.record(*changes)
        return not self.idempotent

    def set_idempotent(self, *, idempotent: bool) -> None:
        """Say whether what is handed in again is recognised."""
        self._journal.record({"kind": "idempotent", "idempotent": idempotent})

    def receive(self, submission: dict[str, Any]) -> bool:
        """Take a case; False where it was recognised, which changes nothing but the count."""
        case_no: str = submission["case_no"]
        if case_no in self.cases:
            return self._again(case_no, {"kind": "delivered_again", "case_no": case_no})
        received = {"kind": "event", "event": self._event(case_no, 1, (Kind.RECEIVED, {}))}
        self._journal.record({"kind": "case", "submission": submission}, received)
        self.on_change(self.cases[case_no])
        return True

    def supplement(self, case_no: str, supplement: dict[str, Any]) -> bool:
        """Take what the citizen supplemented; False where it was recognised.

        Raises RefusedError 404 ``unknown_case`` or 409 ``not_awaiting_supplement``.
        """
        case = self.case(case_no)
        if supplement["supplement_id"] in case.supplements:
            return self._again(case_no)
        if case.withdrawn or not case.awaiting_supplement:
            raise RefusedError(409, "not_awaiting_supplement", "该件没有等待补正")
        self._journal.record({"kind": "supplement", "case_no": case_no, "supplement": supplement})
        self.on_change(case)
        return True

    def notice(self, case_no: str, notice: dict[str, Any]) -> bool:
        """Take what the citizen lets the office know; False where it was recognised.

        Raises RefusedError 404 ``unknown_case``.
        """
        case = self.case(case_no)
        if notice["notice_id"] in case.notices:
            return self._again(case_no)
        self._journal.record({"kind": "notice", "case_no": case_no, "notice": notice})
        return True

    def withdraw(self, case_no: str, reason: str) -> None:
        """Withdraw a case; raises RefusedError 404 ``unknown_case`` or 409 ``already_decided``."""
        case = self.case(case_no)
        if case.kinds & _DECIDED:
            raise RefusedError(409, "already_decided", "该件已经作出决定")
        if not case.withdrawn:
            self._journal.record({"kind": "withdrawn", "case_no": case_no, "reason": reason})
            self.on_change(case)

    def hold(self, case_no: str, *, held: bool) -> Case:
        """Hold a case, even before it comes, or lift the hold.

        Raises RefusedError 404 ``unknown_case`` where there is no hold to lift.
        """
        case = self.cases.get(case_no) or Case(case_no, held=held)
        if not held and case_no not in self.cases and case_no not in self._held_early:
            return self.case(case_no)
        self._journal.record({"kind": "held", "case_no": case_no, "held": held})
        if case_no in self.cases:
            self.on_change(case)
        return case

    def emit(self, case: Case, drafts: list[Draft]) -> None:
        """Make these events happen now, together."""
        first = len(case.events) + 1
        events = [self._event(case.case_no, sequence, draft) for sequence, draft in enumerate(drafts, start=first)]
        self._journal.record(*({"kind": "event", "event": event} for event in events))
        self.on_change(case)

    @staticmethod
    def _event(case_no: str, sequence: int, draft: Draft) -> dict[str, Any]:
        kind, data = draft
        return Event(str(uuid.uuid4()), case_no, sequence, kind, beijing_time(), data).protocol()

    def pushed(self, event: Event, *, delivered: bool) -> None:
        """Note that an event was taken, or that it is given up."""
        change = {"kind": "pushed", "event_id": event.event_id, "pushes": event.pushes, "delivered": delivered}
        self._journal.record(change)

    def verified(self, case: Case, index: int, *, verified: bool) -> None:
        """Note whether the material at this place has the digest it was announced with."""
        self._journal.record({"kind": "verified", "case_no": case.case_no, "index": index, "verified": verified})

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()
