"""Preparing a broadcast and deciding about it. Two people stand behind each one that is sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.audit import service as audit
from app.broadcasts.definitions import broadcasting
from app.broadcasts.errors import BroadcastKindUnknownError, BroadcastNotFoundError, BroadcastStateError
from app.broadcasts.models import Broadcast, BroadcastState
from app.broadcasts.rules import covers, fitted, require_link, require_second_person
from app.catalogue.models import Region
from app.finding.errors import RegionUnknownError
from app.identity.errors import OutsideOwnScopeError
from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit import clock, texts
from app.kit.db import transaction
from app.notifications.models import StaffTask
from app.notifications.staff_tasks import close_by_itself, open_task


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told, and to whom: a region with all below it, a group by WeChat's number, both at once, or all."""

    kind: str
    data: dict[str, str]
    link: str | None = None
    region: str | None = None
    tag: int | None = None


async def prepare(scope: Scope, staff_id: UUID, department: str, notice: Notice) -> Broadcast:
    """Prepare a broadcast, for somebody else to approve. Nothing of it can be changed afterwards.

    Raises BroadcastKindUnknownError, BroadcastFieldsUnfitError, BroadcastLinkUnfitError, RegionUnknownError or
    OutsideOwnScopeError.
    """
    kind = broadcasting().kinds.get(notice.kind)
    if kind is None:
        raise BroadcastKindUnknownError
    data = fitted(kind, notice.data)
    if notice.link is not None:
        require_link(notice.link, broadcasting().link_hosts)
    if notice.region is not None and not await Region.exists(code=notice.region):
        raise RegionUnknownError
    if not covers(scope, notice.region, department):
        raise OutsideOwnScopeError
    async with transaction():
        broadcast = await Broadcast.create(
            kind=notice.kind,
            data=data,
            link=notice.link,
            region=notice.region,
            tag=notice.tag,
            department=department,
            author_id=staff_id,
            created_at=clock.now(),
        )
        await _record(broadcast, scope.name, "broadcast_prepared", kind=notice.kind, region=notice.region)
    return broadcast


async def approve(scope: Scope, broadcast_id: UUID, *, urgent: bool) -> Broadcast:
    """Have a broadcast sent; ``urgent`` ones are sent at night too. Its recipients are chosen from here on.

    Raises BroadcastNotFoundError, BroadcastStateError, or OwnBroadcastError for whoever prepared it.
    """
    async with transaction():
        broadcast = await _locked(scope, broadcast_id, BroadcastState.PREPARED)
        broadcast.reviewer_id = require_second_person(broadcast.author_id, scope.staff_id)
        broadcast.state, broadcast.urgent, broadcast.approved_at = BroadcastState.SENDING, urgent, clock.now()
        await broadcast.save(update_fields=["reviewer_id", "state", "urgent", "approved_at"])
        await _record(broadcast, scope.name, "broadcast_approved", urgent=urgent)
    return broadcast


async def reject(scope: Scope, broadcast_id: UUID, reason: str) -> Broadcast:
    """Reject a broadcast for good.

    Raises BroadcastNotFoundError, BroadcastStateError, or OwnBroadcastError for whoever prepared it.
    """
    async with transaction():
        broadcast = await _locked(scope, broadcast_id, BroadcastState.PREPARED)
        broadcast.reviewer_id = require_second_person(broadcast.author_id, scope.staff_id)
        broadcast.state, broadcast.reason, broadcast.ended_at = BroadcastState.REJECTED, reason, clock.now()
        await broadcast.save(update_fields=["reviewer_id", "state", "reason", "ended_at"])
        await _record(broadcast, scope.name, "broadcast_rejected")
    return broadcast


async def stop(scope: Scope, broadcast_id: UUID, reason: str) -> Broadcast:
    """Stop a broadcast for good, whether it is being sent or not yet: after the small groups under way nothing follows.

    Raises BroadcastNotFoundError or BroadcastStateError.
    """
    states = (BroadcastState.PREPARED, BroadcastState.SENDING, BroadcastState.PAUSED)
    async with transaction():
        broadcast = await _locked(scope, broadcast_id, *states)
        broadcast.state, broadcast.reason, broadcast.ended_at = BroadcastState.STOPPED, reason, clock.now()
        await broadcast.save(update_fields=["state", "reason", "ended_at"])
        await _close_task(broadcast.id)
        await _record(broadcast, scope.name, "broadcast_stopped")
    return broadcast


async def resume(scope: Scope, broadcast_id: UUID) -> Broadcast:
    """Go on with a broadcast that is paused. Raises BroadcastNotFoundError or BroadcastStateError."""
    async with transaction():
        broadcast = await _locked(scope, broadcast_id, BroadcastState.PAUSED)
        broadcast.state, broadcast.reason = BroadcastState.SENDING, None
        broadcast.waits_until, broadcast.failures = None, 0
        await broadcast.save(update_fields=["state", "reason", "waits_until", "failures"])
        await _close_task(broadcast.id)
        await _record(broadcast, scope.name, "broadcast_resumed")
    return broadcast


async def pause(broadcast_id: UUID, reason: str) -> None:
    """Ask staff to decide, since WeChat refuses the broadcast as a whole; one that is not being sent stays as it is."""
    async with transaction():
        broadcast = await Broadcast.select_for_update().get(id=broadcast_id)
        if broadcast.state is not BroadcastState.SENDING:
            return
        broadcast.state, broadcast.reason = BroadcastState.PAUSED, reason
        await broadcast.save(update_fields=["state", "reason"])
        key = f"{_task_key(broadcast_id)}{int(clock.now().timestamp())}"
        title, note = texts.text("broadcasts", "paused"), texts.text("broadcasts", "decide", reason=reason)
        await open_task("broadcast_paused", key, title, note, duty=Duty.BROADCAST, region=broadcast.region)
        await _record(broadcast, "system", "broadcast_paused", reason=reason)


async def hold(broadcast_id: UUID, until: datetime) -> None:
    """Send nothing more of a broadcast before a moment."""
    async with transaction():
        broadcast = await Broadcast.select_for_update().get(id=broadcast_id)
        if broadcast.waits_until is None or broadcast.waits_until < until:
            broadcast.waits_until = until
            await broadcast.save(update_fields=["waits_until"])


async def fail(broadcast_id: UUID, seen: int, until: datetime) -> None:
    """Count a failure of WeChat's and let the broadcast rest, once for all who saw the same number of them."""
    await Broadcast.filter(id=broadcast_id, failures=seen).update(failures=seen + 1, waits_until=until)


async def recover(broadcast_id: UUID) -> None:
    """Note that WeChat takes messages again."""
    await Broadcast.filter(id=broadcast_id).update(failures=0)


async def finish(broadcast_id: UUID, **counts: int) -> None:
    """Note that nobody waits any more."""
    async with transaction():
        broadcast = await Broadcast.select_for_update().get(id=broadcast_id)
        if broadcast.state is not BroadcastState.SENDING:
            return
        broadcast.state, broadcast.waits_until, broadcast.ended_at = BroadcastState.DONE, None, clock.now()
        await broadcast.save(update_fields=["state", "waits_until", "ended_at"])
        await _record(broadcast, "system", "broadcast_done", **counts)


async def _locked(scope: Scope, broadcast_id: UUID, *states: BroadcastState) -> Broadcast:
    broadcast = await Broadcast.select_for_update().get_or_none(id=broadcast_id)
    if broadcast is None or not covers(scope, broadcast.region, broadcast.department):
        raise BroadcastNotFoundError
    if broadcast.state not in states:
        raise BroadcastStateError(state=broadcast.state)
    return broadcast


def _task_key(broadcast_id: UUID) -> str:
    return f"broadcast_paused:{broadcast_id}:"


async def _close_task(broadcast_id: UUID) -> None:
    for task in await StaffTask.filter(key__startswith=_task_key(broadcast_id), closed_at=None):
        await close_by_itself(task.key, texts.text("broadcasts", "decided"), clock.now())


async def _record(broadcast: Broadcast, actor: str, action: str, **details: Any) -> None:
    await audit.record(f"broadcast:{broadcast.id}", actor, action, **details)
