"""The inbox of the approval system's events: kept first, applied by the worker, strictly in the case's sequence."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from app.applications.events import Word, apply_all, pass_over
from app.applications.models import Application
from app.applications.moving import lock_case, lock_cases
from app.applications.queries import known_case
from app.applications.rules import Cause
from app.approvals.connectors import Connectors
from app.approvals.errors import CallbackReplayedError, CaseUnknownError, EventConflictError
from app.approvals.keeping import keep_at_once
from app.approvals.models import InboxEvent
from app.approvals.places import Place, Step, next_place
from app.approvals.ports import Event
from app.approvals.readable import readable
from app.kit import clock, jobs, nonces
from app.kit.db import transaction
from app.kit.many import update_all

APPLY = "approvals.apply_events"
ASK = "approvals.ask_case"
_GAP_PATIENCE = timedelta(seconds=5)
# Their cases stay locked until all of them are done.
_SLICE = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an event that came in: kept, or known already."""

    new: bool


async def take_callback(connectors: Connectors, connector: str, event: Event, nonce: str) -> Taken:
    """Keep an event that a connector's system pushed to us, once, and defer its application: all in one transaction.

    Raises CallbackReplayedError, CaseUnknownError or EventConflictError.
    """
    at_once = await keep_at_once(connector, event, nonce, APPLY)
    if at_once.kept:
        return Taken(new=True)
    async with transaction():
        if not (at_once.spent or await nonces.spend(connector, nonce)):
            raise CallbackReplayedError
        return Taken(await keep_event(connectors, connector, event))


async def keep_event(connectors: Connectors, connector: str, event: Event) -> bool:
    """Keep an event that a connector brought, within the caller's transaction; False where it was kept before.

    What it says of the future happened at this moment: its clock may be wrong. A system speaks for the cases that went
    to it: raises CaseUnknownError for any other, or EventConflictError.
    """
    event = replace(event, occurred_at=min(event.occurred_at, clock.now()))
    if not await known_case(event.case_no) or await connectors.name_of(event.case_no) != connector:
        raise CaseUnknownError
    place = await _next_place(event) if event.sequence is None else Place(event.sequence)
    row = InboxEvent(
        event_id=event.event_id,
        case_no=event.case_no,
        sequence=place.sequence,
        overtaken=place.overtaken,
        kind=event.kind.value,
        occurred_at=event.occurred_at,
        data=readable(event.data),
        received_at=clock.now(),
    )
    await InboxEvent.bulk_create([row], ignore_conflicts=True)
    kept = await InboxEvent.get_or_none(event_id=event.event_id)
    if kept is None or (kept.case_no, kept.kind) != (event.case_no, event.kind):
        raise EventConflictError
    if event.sequence not in {None, kept.sequence}:
        raise EventConflictError
    if kept.id != row.id:
        return False
    await jobs.defer(APPLY, lock=f"events:{event.case_no}", case_no=event.case_no)
    return True


async def _next_place(event: Event) -> Place:
    """The place that a case's next event gets where its system numbers nothing, kept already or not.

    The case is locked, so that two events that come at once get places of their own.
    """
    application = await lock_case(event.case_no)
    kept = await InboxEvent.filter(case_no=event.case_no)
    steps = [Step(Cause(one.kind), one.sequence, one.occurred_at) for one in kept]
    return next_place(event, steps, application.last_sequence)


async def apply_events(case_no: str) -> None:
    """Apply the kept events of a case that are next in its sequence; where one is missing, ask for it."""
    async with transaction():
        await apply_next([case_no])


async def apply_events_of_cases(case_no: str) -> None:
    """The same for a case and those others whose jobs wait."""

    async def apply(waiting: list[dict[str, Any]]) -> None:
        await apply_next({one["case_no"] for one in waiting})

    await jobs.with_others(APPLY, {"case_no": case_no}, _SLICE, apply)


async def apply_next(case_nos: Collection[str]) -> None:
    """The same for these cases within the caller's transaction, in turns: in each every case hears its next event."""
    cases = {str(case.case_no): case for case in await lock_cases(case_nos)}
    waiting: dict[str, list[InboxEvent]] = {case_no: [] for case_no in cases}
    for event in await InboxEvent.filter(case_no__in=list(cases), applied_at=None).order_by("sequence"):
        waiting[event.case_no].append(event)
    while turn := [waiting[case_no].pop(0) for case_no in cases if waiting[case_no]]:
        due = []
        for event in turn:
            if event.sequence <= cases[event.case_no].last_sequence + 1:
                due.append(event)
            else:
                waiting[event.case_no].clear()
                # Without the lock of the case's events: a job that waits would hold up the one that fills the gap.
                await jobs.defer(ASK, at=clock.now() + _GAP_PATIENCE, case_no=event.case_no)
        await _apply(due, cases)


async def _apply(events: list[InboxEvent], cases: dict[str, Application]) -> None:
    for event in (event for event in events if event.overtaken):
        await pass_over(cases[event.case_no], Cause(event.kind), event.sequence)
        event.moved = False
    heard = [event for event in events if not event.overtaken]
    words = [
        Word(cases[event.case_no], Cause(event.kind), event.sequence, event.occurred_at, event.data) for event in heard
    ]
    for event, moved in zip(heard, await apply_all(words), strict=True):
        event.moved = moved
    moment = clock.now()
    for event in events:
        event.applied_at = moment
    await update_all(events, ("moved", "applied_at"))
