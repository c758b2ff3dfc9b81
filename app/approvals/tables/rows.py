"""Rows of the approval system's, read as events. No I/O.

Such rows have no number within their case, so the events have no ``sequence``. An event's id follows from its row and
what the row says, so that a row which is read again, or says something more, is known.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.applications.rules import Cause
from app.approvals.ports import Event, plausible
from app.approvals.tables.codes import APPROVED, REFUSED, STEPS
from app.kit import clock

Said = tuple[Cause, datetime, dict[str, Any]]
CityTime = Annotated[
    datetime, AfterValidator(lambda moment: moment.replace(tzinfo=clock.CITY_TIME)), AfterValidator(plausible)
]


class _Row(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    row_guid: str = Field(min_length=1)
    project_no: str = Field(min_length=1)

    def said(self) -> list[Said]:
        """What the row says by now. Raises ValueError for a code that nobody agreed on."""
        raise NotImplementedError


class _Accept(_Row):
    """Our own row of a case: taken, and accepted, by the approval system."""

    sync_time: CityTime | None
    accept_date: CityTime | None

    def said(self) -> list[Said]:
        moments = ((Cause.RECEIVED, self.sync_time), (Cause.ACCEPTED, self.accept_date))
        return [(cause, moment, {}) for cause, moment in moments if moment]


class _Process(_Row):
    """A step of the handling."""

    event_name: str
    event_start_time: CityTime
    handle_explain: str | None

    def said(self) -> list[Said]:
        if self.event_name not in STEPS:
            raise ValueError("event_name")
        data = {"note": self.handle_explain} if self.handle_explain else {}
        return [(STEPS[self.event_name], self.event_start_time, data)]


class _SpecialProcedure(_Row):
    """A special procedure; ``end_time`` is filled in when it ends."""

    special_name: str | None
    special_reason: str | None
    special_time: CityTime
    end_time: CityTime | None

    def said(self) -> list[Said]:
        reason = self.special_reason or self.special_name
        began = (Cause.SPECIAL_PROCEDURE, self.special_time, {"reason": reason} if reason else {})
        return [began, (Cause.RESUMED, self.end_time, {})] if self.end_time else [began]


class _Result(_Row):
    """The decision, with which the case is completed."""

    result_type: str
    result_date: CityTime
    result_explain: str | None
    result_cetr_no: str | None

    def said(self) -> list[Said]:
        if self.result_type == APPROVED:
            decision = {"decision_no": self.result_cetr_no or "", "valid_from": self.result_date.date().isoformat()}
            return [(Cause.APPROVED, self.result_date, decision), (Cause.COMPLETED, self.result_date, {})]
        if self.result_type == REFUSED:
            return [(Cause.REFUSED, self.result_date, {"reason": self.result_explain} if self.result_explain else {})]
        raise ValueError("result_type")


_TABLES: dict[str, type[_Row]] = {
    "up_pro_accept": _Accept,
    "up_pro_process": _Process,
    "up_pro_special_procedure": _SpecialProcedure,
    "up_pro_result": _Result,
}
_ORDER = {cause: place for place, cause in enumerate(Cause)}


def events_of(connector: str, table: str, body: dict[str, Any]) -> list[Event]:
    """The events that a row of a connector's tables tells. Raises ValueError where it cannot be read."""
    row = _TABLES[table].model_validate(body)
    return [
        Event(
            event_id=str(uuid5(NAMESPACE_URL, f"{connector}/{table}/{row.row_guid}/{kind}")),
            case_no=row.project_no,
            sequence=None,
            kind=kind,
            occurred_at=moment,
            data=data,
        )
        for kind, moment, data in row.said()
    ]


def in_order(events: list[Event]) -> list[Event]:
    """Events by the time they happened; at the same time, in the order that a case goes through them."""
    return sorted(events, key=lambda event: (event.occurred_at, _ORDER[event.kind]))
