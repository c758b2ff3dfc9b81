"""The approval system over signed HTTP."""

import logging
import re
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from app.applications.rules import EVENT_CAUSES, Cause
from app.approvals.ports import Event, FeedPage, RemoteCase, plausible
from app.kit.ports import AmbiguousError
from app.kit.signed_http import SignedHttp

_log = logging.getLogger(__name__)

_DONE = frozenset({200, 201})
_PRINTED = r"^[^\x00-\x1f\x7f]+$"
_CURSOR = re.compile(r"[!-~]{1,64}")


class EventMessage(BaseModel):
    """An event as it is written on the wire: pushed to us, and read from the feed."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    event_id: str = Field(min_length=1, max_length=64, pattern=_PRINTED)
    case_no: str = Field(min_length=1, max_length=43, pattern=_PRINTED)
    sequence: int = Field(ge=1, le=1_000_000, strict=True)
    kind: Cause = Field(json_schema_extra={"enum": [cause.value for cause in sorted(EVENT_CAUSES)]})
    occurred_at: Annotated[AwareDatetime, AfterValidator(plausible)]
    data: dict[str, Any] = {}

    def to_event(self) -> Event:
        """The event. Raises ValueError for a kind that only citizens cause."""
        if self.kind not in EVENT_CAUSES:
            raise ValueError("not a kind of event")
        occurred_at: datetime = self.occurred_at
        return Event(self.event_id, self.case_no, self.sequence, self.kind, occurred_at, self.data)


def _events(body: Any, name: str) -> list[Event]:
    """The events of an answer. One that cannot be read is logged and holds up no other: its place stays open."""
    try:
        entries = list(body[name])
    except (KeyError, TypeError) as error:
        raise AmbiguousError("unreadable_answer") from error
    events = []
    for entry in entries:
        try:
            events.append(EventMessage.model_validate(entry).to_event())
        except ValueError:
            named = entry.get("event_id") if isinstance(entry, dict) else None
            _log.error("event_unreadable", extra={"event_id": str(named)[:64]})
    return events


def _names(body: dict[str, Any], name: str) -> frozenset[str]:
    entries = body.get(name, [])
    if not isinstance(entries, list):
        raise AmbiguousError("unreadable_answer")
    return frozenset(str(entry) for entry in entries)


def _cursor(body: dict[str, Any]) -> str:
    cursor = str(body.get("next_cursor", ""))
    if not _CURSOR.fullmatch(cursor):
        raise AmbiguousError("unreadable_answer")
    return cursor


class HttpApprovalSystem:
    """ApprovalSystem over the signed HTTP protocol."""

    def __init__(self, http: SignedHttp) -> None:
        self._http = http

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """``POST /approvals``."""
        await self._http.request("POST", "/approvals", {"case_no": case_no, **case}, expected=_DONE)

    async def send_supplement(self, case_no: str, supplement: dict[str, Any]) -> None:
        """``POST /approvals/{case_no}/supplements``."""
        await self._http.request("POST", f"/approvals/{case_no}/supplements", supplement, expected=_DONE)

    async def send_withdrawal(self, case_no: str, reason: str) -> None:
        """``POST /approvals/{case_no}/withdrawal``."""
        await self._http.request("POST", f"/approvals/{case_no}/withdrawal", {"reason": reason}, expected=_DONE)

    async def send_notice(self, case_no: str, notice: dict[str, Any]) -> None:
        """``POST /approvals/{case_no}/notices``."""
        await self._http.request("POST", f"/approvals/{case_no}/notices", notice, expected=_DONE)

    async def get_case(self, case_no: str) -> RemoteCase | None:
        """``GET /approvals/{case_no}``."""
        answer = await self._http.request("GET", f"/approvals/{case_no}", expected=frozenset({200, 404}))
        if answer.status == 404:  # noqa: PLR2004  # Not Found
            return None
        events = _events(answer.body, "events")
        supplements, notices = _names(answer.body, "supplements"), _names(answer.body, "notices")
        return RemoteCase(events, supplements, bool(answer.body.get("withdrawn")), notices)

    async def events_after(self, cursor: str) -> FeedPage:
        """``GET /events?after=``."""
        answer = await self._http.request("GET", f"/events?after={quote(cursor, safe='')}", expected=frozenset({200}))
        events = _events(answer.body, "items")
        return FeedPage(events, _cursor(answer.body))
