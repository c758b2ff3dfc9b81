"""Thousands of events over many cases, as a hostile network brings them: the end is that of the true order."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from app.applications.models import Application, TimelineEntry
from app.approvals.connectors import Connectors
from app.approvals.errors import CallbackReplayedError, CaseUnknownError, EventConflictError
from app.approvals.inbox import apply_events, take_callback
from app.approvals.models import Delivery, InboxEvent
from app.approvals.ports import Event
from app.bootstrap import House
from app.identity.models import Citizen
from app.kit import clock, db
from app.licences.models import Licence
from app.notifications.models import Message
from tests.partners import leading_to
from tests.service.cases import verified_citizen
from tests.service.systems import System, submitted_case
from tests.service.test_approval_inbox import events_of

CITIZENS = 4
Outcome = tuple[Any, ...]
T = TypeVar("T")


def batched(things: Sequence[T], many: int) -> Iterator[Sequence[T]]:
    """So many at a time."""
    return (things[start : start + many] for start in range(0, len(things), many))


async def deliver(connectors: Connectors, connector: str, event: Event, nonce: str) -> str:
    """What becomes of one callback."""
    try:
        taken = await take_callback(connectors, connector, event, nonce)
    except (CallbackReplayedError, CaseUnknownError, EventConflictError) as error:
        return error.code
    return "kept" if taken.new else "known"


def arriving(events: list[Event], many: int, choice: random.Random) -> list[tuple[str, Event, str]]:
    """So many callbacks by connector and nonce: the events, repeated, forged, replayed, of another system, shuffled."""
    callbacks = [("city", event, uuid4().hex) for event in events]
    while len(callbacks) < many:
        event, copied = choice.choice(events), choice.choice(callbacks)
        callbacks.append(
            choice.choice(
                (
                    ("city", event, uuid4().hex),
                    (
                        "city",
                        Event(uuid4().hex, event.case_no, event.sequence, event.kind, event.occurred_at, {}),
                        uuid4().hex,
                    ),
                    ("city", Event(uuid4().hex, "unknown", 1, event.kind, event.occurred_at, {}), uuid4().hex),
                    ("other", event, uuid4().hex),
                    copied,
                )
            )
        )
    choice.shuffle(callbacks)
    return callbacks


async def outcomes(cases: list[Application]) -> dict[str, Outcome]:
    """State, limits, timeline, licences and messages of each case, by its number."""
    ids = [case.id for case in cases]
    numbers = [str(case.case_no) for case in cases]
    timeline: dict[Any, list[str]] = {case_id: [] for case_id in ids}
    for case_id, kind in (
        await TimelineEntry.filter(application_id__in=ids).order_by("at").values_list("application_id", "kind")
    ):
        timeline[case_id].append(str(kind))
    licences = Counter(licence.case_no for licence in await Licence.filter(case_no__in=numbers))
    told: dict[str, list[str]] = {number: [] for number in numbers}
    for message in await Message.filter(citizen_id__in={_owner(case) for case in cases}):
        _, number, *_ = message.key.split(":")
        told.setdefault(number, []).append(message.kind)
    return {
        str(case.case_no): (
            case.state,
            case.last_sequence,
            case.promised_on,
            case.statutory_on,
            tuple(timeline[case.id]),
            licences[str(case.case_no)],
            tuple(sorted(told[str(case.case_no)])),
        )
        for case in await Application.filter(id__in=ids)
    }


def _owner(case: Application) -> Any:
    return case.citizen_id  # type: ignore[attr-defined]  # Tortoise adds it


async def _one(house: House, citizen: Citizen) -> Application:
    case = await submitted_case(house, citizen=citizen)
    moment = clock.now()
    await Delivery.create(
        case_no=case.case_no, kind="case", state="delivered", connector="city", created_at=moment, updated_at=moment
    )
    return case


@pytest.mark.parametrize("many", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
async def test_a_hostile_network_changes_nothing_but_the_time(quiet: House, many: int) -> None:
    """Each refusal by its reason, each event kept once, each case as in the true order."""
    choice = random.Random(many)
    citizens = [await verified_citizen(quiet) for _ in range(CITIZENS)]
    true, *cases = [await _one(quiet, citizens[place % CITIZENS]) for place in range(many // 25 + 1)]
    connectors = leading_to(System())
    for event in events_of(true):
        assert await deliver(connectors, "city", event, uuid4().hex) == "kept"
        await apply_events(event.case_no)
    events = [event for case in cases for event in events_of(case)]
    # Some come last of all, long after those that wait for them.
    late = choice.sample(events, len(events) // 10)
    early = [event for event in events if event not in late]
    found: Counter[str] = Counter()
    for wave in (arriving(early, many - len(late), choice), arriving(late, len(late), choice)):
        for some in batched(wave, 8):
            found.update(await asyncio.gather(*(deliver(connectors, *callback) for callback in some)))
            if choice.random() < 0.2:
                await apply_events(choice.choice(events).case_no)
    for few in batched(cases, 4):
        await asyncio.gather(*(apply_events(str(case.case_no)) for case in few))
    assert found.total() == many
    assert found["kept"] == len(events)
    assert (
        min(found[reason] for reason in ("known", "event_conflict", "case_unknown", "callback_replayed")) > many // 50
    )
    numbers = [str(case.case_no) for case in cases]
    assert await InboxEvent.filter(case_no__in=numbers).count() == len(events)
    assert await InboxEvent.filter(case_no__in=numbers, applied_at=None).count() == 0
    ended = await outcomes([true, *cases])
    assert set(ended.values()) == {ended[str(true.case_no)]}
    assert ended[str(true.case_no)][5] == 1
    await db.execute("DELETE FROM procrastinate_jobs")
