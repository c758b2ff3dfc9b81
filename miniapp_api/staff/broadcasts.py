"""Staff broadcast notices to followers of the official account: one prepares, another approves, all see how it goes."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.broadcasts import errors, queries, service
from app.broadcasts.definitions import broadcasting
from app.broadcasts.models import Broadcast, BroadcastState, RecipientState
from app.broadcasts.queries import Counts
from app.broadcasts.rules import sends_from
from app.finding.errors import RegionUnknownError
from app.identity.errors import OutsideOwnScopeError
from app.identity.queries import staff_names
from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.errors import InvalidCursorError
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema, Word

routes = Routes()

_MOST_CHARACTERS = 200
_DECISION = (errors.BroadcastNotFoundError, errors.BroadcastStateError)


class BroadcastKindView(Schema):
    """A kind of notice, and what each field of its template is called."""

    kind: str
    title: str
    fields: dict[str, str]


class BroadcastKindList(Schema):
    """All kinds of notices."""

    items: list[BroadcastKindView]


class NewBroadcastRequest(Schema):
    """What is to be told, by the keys of the kind's fields, and to whom: all, unless ``region`` or ``tag`` is given.

    ``link`` is a page of the mini-program (``pages/…``) or an https address of the government.
    """

    kind: str = Field(max_length=32)
    fields: dict[Word, Annotated[str, Field(max_length=_MOST_CHARACTERS)]] = Field(max_length=10)
    link: str | None = Field(default=None, max_length=255)
    region: str | None = Field(default=None, pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$")
    tag: int | None = Field(default=None, ge=0, le=2**31 - 1, description="WeChat's number of a group of followers")


class BroadcastApprovalRequest(Schema):
    """Whether it is sent at night too."""

    urgent: bool = False


class BroadcastReasonRequest(Schema):
    """Why."""

    reason: str = Field(min_length=1, max_length=_MOST_CHARACTERS, pattern=r"\S")


class BroadcastsQuery(PageQuery):
    """Only those in this state."""

    state: BroadcastState | None = None


class BroadcastProgressView(Schema):
    """How the recipients stand, once each. ``arrived`` are those delivered of whom WeChat said so; ``uncertain`` got it
    or not, and are not sent to again; ``skipped`` do not follow any more.
    """

    chosen: bool = Field(description="whether all recipients are counted yet")
    recipients: int
    waiting: int
    sending: int
    delivered: int
    arrived: int
    failed: int
    uncertain: int
    skipped: int

    @classmethod
    def of(cls, broadcast: Broadcast, counts: Counts) -> "BroadcastProgressView":
        """The view of counts."""
        return cls(
            chosen=broadcast.selected_at is not None,
            recipients=counts.recipients,
            waiting=counts.waiting,
            sending=counts.open,
            delivered=counts.delivered,
            arrived=counts.arrived,
            failed=counts.failed,
            uncertain=counts.uncertain,
            skipped=counts.skipped,
        )


class BroadcastView(Schema):
    """A broadcast as recipients see it, who stands behind it, and how far it is.

    ``reason`` is why it was rejected, paused (``wechat_`` and WeChat's errcode) or stopped; ``waits_until`` is when it
    goes on, where it waits for a morning, a quota or WeChat.
    """

    id: UUID
    kind: str
    title: str
    fields: dict[str, str]
    link: str | None
    region: str | None
    tag: int | None
    state: Literal["prepared", "rejected", "sending", "paused", "stopped", "done"]
    reason: str | None
    urgent: bool
    author: str | None
    reviewer: str | None
    created_at: str
    approved_at: str | None
    ended_at: str | None
    waits_until: str | None
    progress: BroadcastProgressView

    @classmethod
    async def of(cls, broadcast: Broadcast) -> "BroadcastView":
        """The view of a broadcast."""
        names = await staff_names(one for one in (broadcast.author_id, broadcast.reviewer_id) if one)
        kind = broadcasting().kinds.get(broadcast.kind)
        begins = sends_from(broadcast, clock.now(), broadcasting().night)
        return cls(
            id=broadcast.id,
            kind=broadcast.kind,
            title=kind.title if kind else broadcast.kind,
            fields=broadcast.data,
            link=broadcast.link,
            region=broadcast.region,
            tag=broadcast.tag,
            state=broadcast.state.value,
            reason=broadcast.reason,
            urgent=broadcast.urgent,
            author=names.get(broadcast.author_id),
            reviewer=names.get(broadcast.reviewer_id) if broadcast.reviewer_id else None,
            created_at=clock.in_city(broadcast.created_at),
            approved_at=clock.in_city(broadcast.approved_at) if broadcast.approved_at else None,
            ended_at=clock.in_city(broadcast.ended_at) if broadcast.ended_at else None,
            waits_until=clock.in_city(begins) if begins else None,
            progress=BroadcastProgressView.of(broadcast, await queries.count_slices(broadcast.id)),
        )


class BroadcastPage(Schema):
    """A page of broadcasts."""

    items: list[BroadcastView]
    next_cursor: str | None


class SampledFollowerView(Schema):
    """A follower among those who would get it: the region whose notices they want, and since when they follow."""

    region: str | None
    subscribed_at: str | None


class BroadcastPreviewView(Schema):
    """Who would get it if it were sent at this moment: how many, and the newest few of them."""

    recipients: int
    sample: list[SampledFollowerView]


class BroadcastReasonView(Schema):
    """Why so many recipients failed, were skipped or are uncertain."""

    state: RecipientState
    reason: str
    count: int


class BroadcastReasonList(Schema):
    """All reasons, the most frequent first."""

    items: list[BroadcastReasonView]


@routes.add("GET", "/staff/v1/broadcast-kinds", actor=Actor.STAFF, duty=Duty.BROADCAST, limit="read", errors=())
async def list_broadcast_kinds(call: Call) -> BroadcastKindList:
    """What kinds of notices there are."""
    del call
    kinds = broadcasting().kinds.items()
    return BroadcastKindList(items=[BroadcastKindView(kind=key, title=k.title, fields=k.fields) for key, k in kinds])


@routes.add(
    "GET",
    "/staff/v1/broadcasts",
    actor=Actor.STAFF,
    duty=Duty.BROADCAST,
    limit="read",
    errors=(InvalidCursorError,),
)
async def list_broadcasts(call: Call, query: BroadcastsQuery) -> BroadcastPage:
    """The broadcasts of my region and department, the newest first."""
    page = await queries.list_broadcasts(Scope.of(call.staff), query.state, query.cursor)
    return BroadcastPage(items=[await BroadcastView.of(one) for one in page.items], next_cursor=page.next_cursor)


@routes.add(
    "POST",
    "/staff/v1/broadcasts",
    actor=Actor.STAFF,
    duty=Duty.BROADCAST,
    limit="write",
    status=201,
    errors=(
        errors.BroadcastKindUnknownError,
        errors.BroadcastFieldsUnfitError,
        errors.BroadcastLinkUnfitError,
        RegionUnknownError,
        OutsideOwnScopeError,
    ),
)
async def prepare_broadcast(call: Call, body: NewBroadcastRequest) -> BroadcastView:
    """Prepare a broadcast, for somebody else to approve; its fields come back as recipients would see them."""
    notice = service.Notice(body.kind, body.fields, body.link, body.region, body.tag)
    scope, member = Scope.of(call.staff), call.staff
    return await BroadcastView.of(await service.prepare(scope, member.id, member.department, notice))


@routes.add(
    "GET",
    "/staff/v1/broadcasts/<broadcast_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.BROADCAST,
    limit="read",
    errors=(errors.BroadcastNotFoundError,),
)
async def read_broadcast(call: Call, broadcast_id: UUID) -> BroadcastView:
    """A broadcast, and how far it is."""
    return await BroadcastView.of(await queries.get_broadcast(Scope.of(call.staff), broadcast_id))


@routes.add(
    "GET",
    "/staff/v1/broadcasts/<broadcast_id:uuid>/reasons",
    actor=Actor.STAFF,
    duty=Duty.BROADCAST,
    limit="read",
    errors=(errors.BroadcastNotFoundError,),
)
async def list_broadcast_reasons(call: Call, broadcast_id: UUID) -> BroadcastReasonList:
    """Why recipients of a broadcast did not get it, or perhaps not."""
    broadcast = await queries.get_broadcast(Scope.of(call.staff), broadcast_id)
    found = await queries.count_reasons(broadcast.id)
    views = [BroadcastReasonView(state=state, reason=reason, count=many) for state, reason, many in found]
    return BroadcastReasonList(items=views)


@routes.add(
    "GET",
    "/staff/v1/broadcasts/<broadcast_id:uuid>/preview",
    actor=Actor.STAFF,
    duty=Duty.BROADCAST,
    limit="read",
    errors=(errors.BroadcastNotFoundError,),
)
async def preview_broadcast(call: Call, broadcast_id: UUID) -> BroadcastPreviewView:
    """Who would get a broadcast."""
    broadcast = await queries.get_broadcast(Scope.of(call.staff), broadcast_id)
    found = await queries.preview(call.house.settings.wechat.official_account_appid, broadcast)
    sample = [
        SampledFollowerView(region=region, subscribed_at=clock.in_city(since) if since else None)
        for region, since in found.sample
    ]
    return BroadcastPreviewView(recipients=found.recipients, sample=sample)


@routes.add(
    "POST",
    "/staff/v1/broadcasts/<broadcast_id:uuid>/approval",
    actor=Actor.STAFF,
    duty=Duty.BROADCAST,
    limit="write",
    errors=(*_DECISION, errors.OwnBroadcastError),
)
async def approve_broadcast(call: Call, broadcast_id: UUID, body: BroadcastApprovalRequest) -> BroadcastView:
    """Have a broadcast of somebody else's sent."""
    return await BroadcastView.of(await service.approve(Scope.of(call.staff), broadcast_id, urgent=body.urgent))


@routes.add(
    "POST",
    "/staff/v1/broadcasts/<broadcast_id:uuid>/rejection",
    actor=Actor.STAFF,
    duty=Duty.BROADCAST,
    limit="write",
    errors=(*_DECISION, errors.OwnBroadcastError),
)
async def reject_broadcast(call: Call, broadcast_id: UUID, body: BroadcastReasonRequest) -> BroadcastView:
    """Reject a broadcast of somebody else's for a reason."""
    return await BroadcastView.of(await service.reject(Scope.of(call.staff), broadcast_id, body.reason))


@routes.add(
    "POST",
    "/staff/v1/broadcasts/<broadcast_id:uuid>/stop",
    actor=Actor.STAFF,
    duty=Duty.BROADCAST,
    limit="write",
    errors=_DECISION,
)
async def stop_broadcast(call: Call, broadcast_id: UUID, body: BroadcastReasonRequest) -> BroadcastView:
    """Stop a broadcast for good; those of the small groups under way still get it."""
    return await BroadcastView.of(await service.stop(Scope.of(call.staff), broadcast_id, body.reason))


@routes.add(
    "POST",
    "/staff/v1/broadcasts/<broadcast_id:uuid>/resumption",
    actor=Actor.STAFF,
    duty=Duty.BROADCAST,
    limit="write",
    errors=_DECISION,
)
async def resume_broadcast(call: Call, broadcast_id: UUID) -> BroadcastView:
    """Go on with a broadcast that was paused, once what WeChat refused it for is put right."""
    return await BroadcastView.of(await service.resume(Scope.of(call.staff), broadcast_id))
