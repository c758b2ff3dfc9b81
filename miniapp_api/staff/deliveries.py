"""Supervision sees where cases hang between the city and the approval systems, and has them tried anew."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.approvals import desk, standstills
from app.approvals.errors import DeliveryNotFoundError, NothingToRedriveError
from app.approvals.standstills import Hanging, HangingPage, Load, Standstill
from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.errors import InvalidCursorError, NotFoundError
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class DeliveriesQuery(PageQuery):
    """How it hangs, and what: everything unless given."""

    state: Standstill | None = None
    kind: Literal["case", "supplement", "notice", "withdrawal", "event"] | None = None


class HangingView(Schema):
    """A delivery that hangs, or an event (``kind`` event) that waits for the one that is ``missing`` before it."""

    id: UUID
    state: Standstill
    kind: str
    case_no: str
    item_code: str
    item_name: str
    department: str | None
    connector: str | None
    attempts: int
    reason: str | None = Field(description="the last reason, a stable word")
    since: str
    next_try_at: str | None
    missing: int | None = Field(description="the sequence of the event that is missing")

    @classmethod
    def of(cls, one: Hanging) -> "HangingView":
        """The view of something that hangs."""
        return cls(
            id=one.id,
            state=one.standstill,
            kind=one.kind,
            case_no=one.case_no,
            item_code=one.item_code,
            item_name=one.item_name,
            department=one.department,
            connector=one.connector,
            attempts=one.attempts,
            reason=one.reason,
            since=clock.in_city(one.since),
            next_try_at=clock.in_city(one.next_try_at) if one.next_try_at else None,
            missing=one.missing,
        )


class ConnectorView(Schema):
    """Whether a system answers (``breaker`` closed), and how much waits for it, of all regions and departments."""

    name: str
    breaker: Literal["closed", "open", "half_open"]
    probe_at: str | None
    waiting: int
    oldest: str | None

    @classmethod
    def of(cls, load: Load) -> "ConnectorView":
        """The view of a connector."""
        return cls(
            name=load.connector,
            breaker=load.breaker.value,
            probe_at=clock.in_city(load.probe_at) if load.probe_at else None,
            waiting=load.waiting,
            oldest=clock.in_city(load.oldest) if load.oldest else None,
        )


class DeliveriesPage(Schema):
    """What hangs, the oldest first; ``counts`` of all of it by its state."""

    items: list[HangingView]
    counts: dict[Standstill, int]
    connectors: list[ConnectorView]
    next_cursor: str | None

    @classmethod
    def of(cls, page: HangingPage, loads: list[Load]) -> "DeliveriesPage":
        """The view of a page."""
        return cls(
            items=[HangingView.of(one) for one in page.items],
            counts=page.counts,
            connectors=[ConnectorView.of(load) for load in loads],
            next_cursor=page.next_cursor,
        )


class RedriveRequest(Schema):
    """Why it is tried anew; kept sealed beside the case."""

    reason: str = Field(min_length=1, max_length=500, pattern=r"\S")


class RedriveAnswer(Schema):
    """What is tried anew, and since when."""

    id: UUID
    case_no: str
    redriven_at: str


@routes.add(
    "GET",
    "/staff/v1/deliveries",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(InvalidCursorError,),
)
async def list_deliveries(call: Call, query: DeliveriesQuery) -> DeliveriesPage:
    """Where cases of my region and department hang, the oldest first."""
    page = await standstills.list_standstills(Scope.of(call.staff), query.state, query.kind, query.cursor)
    return DeliveriesPage.of(page, await standstills.list_loads())


@routes.add(
    "POST",
    "/staff/v1/deliveries/<delivery_id:uuid>/redrive",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=(DeliveryNotFoundError, NothingToRedriveError, NotFoundError),
)
async def redrive_delivery(call: Call, delivery_id: UUID, body: RedriveRequest) -> RedriveAnswer:
    """Have something that hangs tried anew: asked about first, and sent where it has not arrived."""
    done = await desk.redrive(Scope.of(call.staff), delivery_id, body.reason)
    return RedriveAnswer(id=done.id, case_no=done.case_no, redriven_at=clock.in_city(done.at))
