"""The approval system's events: late, repeated, shuffled, missing, forged."""

import random
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.applications.models import Application, State, TimelineEntry
from app.applications.rules import Cause
from app.approvals.errors import CallbackReplayedError, CaseUnknownError, EventConflictError
from app.approvals.feed import ask_case
from app.approvals.inbox import apply_events, keep_event, take_callback
from app.approvals.models import Delivery, InboxEvent
from app.approvals.ports import Event, FeedPage, RemoteCase
from app.bootstrap import House
from app.kit.db import transaction
from app.licences.models import Licence
from app.notifications.models import Message
from tests.partners import leading_to
from tests.service.cases import FORM, trip_item, verified_citizen

WAY = (
    Cause.RECEIVED,
    Cause.SUPPLEMENT_REQUESTED,
    Cause.ACCEPTED,
    Cause.SPECIAL_PROCEDURE,
    Cause.RESUMED,
    Cause.APPROVED,
    Cause.COMPLETED,
    Cause.LICENCE_REVOKED,
)


# What somebody pasted: halves of characters, what a word processor breaks lines with, numbers without an end.
PASTED: dict[str, Any] = {
    "reason": "请补正\x0b第\0二页\ud83d",
    "note": 10**5000,
    "valid_from": "9999-12-31",
    "valid_until": "9999-12-31",
    "licence": {"fields": {"a\0b": ["x\ud800"], "deep": [[[[[[[[[[[[[["x"]]]]]]]]]]]]]], "nan": float("nan")}},
    "place": "<script>\u202e" * 1000,
    "\ud83d": "x",
}


@pytest.fixture
async def case(house: House) -> Application:
    """A submitted case that the worker knows nothing of."""
    citizen = await verified_citizen(house)
    moment = datetime.now(UTC)
    return await Application.create(
        citizen=citizen,
        item_code=await trip_item(),
        item_name="食品经营许可（新办）",
        state=State.SUBMITTED,
        form=FORM,
        case_no=f"t{uuid.uuid4().hex}",
        submitted_at=moment,
        created_at=moment,
        updated_at=moment,
    )


def events_of(case: Application) -> list[Event]:
    """The whole way of a case, in order."""
    start = datetime(2026, 11, 22, tzinfo=UTC)
    data: dict[Cause, dict[str, Any]] = {Cause.APPROVED: {"valid_from": "2026-11-22"}}
    return [
        Event(
            f"{case.case_no}-{number}",
            str(case.case_no),
            number,
            cause,
            start + timedelta(hours=number),
            data.get(cause, {"reason": "测试", "note": "测试"}),
        )
        for number, cause in enumerate(WAY, 1)
    ]


async def keep(event: Event, connector: str = "city") -> bool:
    """Keep an event in a transaction of its own."""
    async with transaction():
        return await keep_event(leading_to(Remote([])), connector, event)


async def outcome(case: Application) -> tuple[State, list[str], int, int]:
    """State, timeline, licences and messages of a case."""
    await case.refresh_from_db()
    timeline = await TimelineEntry.filter(application=case).order_by("at", "id")
    citizen_id = case.citizen_id  # type: ignore[attr-defined]  # Tortoise adds it
    return (
        case.state,
        [entry.kind for entry in timeline],
        await Licence.filter(case_no=case.case_no).count(),
        # The worker invites to a review whenever it comes to that.
        await Message.filter(citizen_id=citizen_id).exclude(kind="review_invitation").count(),
    )


IN_ORDER = (State.COMPLETED, [cause.value for cause in WAY], 1, 7)


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_and_repetition_ends_alike(house: House, case: Application, seed: int) -> None:
    """Shuffled and repeated, applied whenever: the state, the timeline and the messages of the true order."""
    del house
    choice = random.Random(seed)
    events = events_of(case)
    arriving = [*events, *choice.choices(events, k=6)]
    if seed:
        choice.shuffle(arriving)
    for event in arriving:
        await keep(event)
        if choice.random() < 0.5:
            await apply_events(event.case_no)
    await apply_events(str(case.case_no))
    assert await outcome(case) == IN_ORDER


class Remote:
    """An approval system that knows the whole case."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    async def get_case(self, case_no: str) -> RemoteCase | None:
        """All events."""
        del case_no
        return RemoteCase(self._events, frozenset(), False)

    async def events_after(self, cursor: str) -> FeedPage:
        """Nothing new."""
        return FeedPage([], cursor)

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """Not of use here."""

    async def send_supplement(self, case_no: str, supplement: dict[str, Any]) -> None:
        """Not of use here."""

    async def send_withdrawal(self, case_no: str, reason: str) -> None:
        """Not of use here."""

    async def send_notice(self, case_no: str, notice: dict[str, Any]) -> None:
        """Not of use here."""


@pytest.mark.parametrize("pushed", [True, False])
async def test_what_was_pasted_into_an_event_holds_up_nothing(house: House, case: Application, pushed: bool) -> None:
    """Each event is kept and applied, and its reason told, mended: one that is pushed, and one that is read."""
    del house
    moment = datetime.now(UTC)
    if pushed:
        await Delivery.create(
            case_no=case.case_no, kind="case", state="delivered", connector="city", created_at=moment, updated_at=moment
        )
    for event in (replace(one, data=PASTED) for one in events_of(case)):
        if pushed:
            await take_callback(leading_to(Remote([])), "city", event, uuid.uuid4().hex)
        else:
            await keep(event)
    await apply_events(str(case.case_no))
    assert await outcome(case) == IN_ORDER
    notes = {entry.note for entry in await TimelineEntry.filter(application=case) if entry.note}
    assert notes == {"请补正\n第二页"}
    licence = await Licence.get(case_no=case.case_no)
    assert licence.valid_until
    assert licence.valid_until.year < 2100


async def test_a_long_note_is_told_as_far_as_a_phone_shows_it(house: House, case: Application) -> None:
    """The case keeps 2,000 characters of it, the inbox of events the rest."""
    del house
    first, second, *_ = events_of(case)
    await keep(first)
    await keep(replace(second, data={"note": "长" * 10_000}))
    await apply_events(str(case.case_no))
    entry = await TimelineEntry.get(application=case, kind=Cause.SUPPLEMENT_REQUESTED)
    assert entry.note == "长" * 2000
    assert len((await InboxEvent.get(event_id=second.event_id)).data["note"]) == 10_000


async def test_a_note_that_is_a_sentence_is_told_as_one(house: House, case: Application) -> None:
    """With one full stop."""
    del house
    first, second, *_ = events_of(case)
    await keep(first)
    await keep(replace(second, data={"note": "请补充照片。"}))
    await apply_events(str(case.case_no))
    citizen_id = case.citizen_id  # type: ignore[attr-defined]  # Tortoise adds it
    message = await Message.get(citizen_id=citizen_id, kind="supplement_requested")
    assert "需要补正：请补充照片。请在" in message.text


async def test_a_missing_event_is_waited_for_and_asked_for(house: House, case: Application) -> None:
    """Nothing behind the gap is applied before it is filled."""
    del house
    events = events_of(case)
    for event in (events[0], *events[2:]):
        await keep(event)
    await apply_events(str(case.case_no))
    assert (await outcome(case))[0] is State.DELIVERED
    await ask_case(leading_to(Remote(events)), str(case.case_no))
    await apply_events(str(case.case_no))
    assert await outcome(case) == IN_ORDER


async def test_an_event_of_another_case_or_at_a_taken_place_is_refused(house: House, case: Application) -> None:
    """An unknown case, another event at the same place, the same id with other content."""
    del house
    first, second, *_ = events_of(case)
    await keep(first)
    conflicts = [
        Event("another", first.case_no, first.sequence, first.kind, first.occurred_at, {}),
        Event(first.event_id, first.case_no, second.sequence, second.kind, first.occurred_at, {}),
    ]
    for event in conflicts:
        with pytest.raises(EventConflictError):
            await keep(event)
    with pytest.raises(CaseUnknownError):
        await keep(Event("unknown", "unknown", 1, Cause.RECEIVED, first.occurred_at, {}))
    assert await InboxEvent.filter(case_no=case.case_no).count() == 1


async def test_a_nonce_is_good_for_one_callback(house: House, case: Application) -> None:
    """A redelivery comes with a nonce of its own; a replay does not count, and a refused one spends none."""
    del house
    event = events_of(case)[0]
    nonce, connectors = uuid.uuid4().hex, leading_to(Remote([]))
    with pytest.raises(CaseUnknownError):
        await take_callback(connectors, "city", Event("x", "unknown", 1, Cause.RECEIVED, event.occurred_at, {}), nonce)
    assert (await take_callback(connectors, "city", event, nonce)).new
    with pytest.raises(CallbackReplayedError):
        await take_callback(connectors, "city", event, nonce)
    assert not (await take_callback(connectors, "city", event, uuid.uuid4().hex)).new
