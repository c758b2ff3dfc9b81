"""An event that is kept by one statement is kept as the steps keep it."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.applications.models import Application, State
from app.applications.rules import Cause
from app.approvals import inbox
from app.approvals.keeping import Kept, keep_at_once
from app.approvals.models import Delivery, DeliveryKind, DeliveryState, InboxEvent
from app.approvals.ports import Event
from app.bootstrap import House
from app.kit import clock, db
from app.kit.errors import DomainError
from tests.partners import leading_to
from tests.service.cases import FORM, trip_item, verified_citizen
from tests.service.test_approval_inbox import Remote

_NONCES = "SELECT client_id, substr(nonce, 1, 8) AS nonce FROM spent_nonces WHERE nonce LIKE '%' || $1 ORDER BY 2"


async def _handed_over(house: House) -> Application:
    """A submitted case that the connector "city" took."""
    moment = datetime.now(UTC)
    case = await Application.create(
        citizen=await verified_citizen(house),
        item_code=await trip_item(),
        item_name="食品经营许可（新办）",
        state=State.SUBMITTED,
        form=FORM,
        case_no=f"k{uuid.uuid4().hex}",
        submitted_at=moment,
        created_at=moment,
        updated_at=moment,
    )
    await Delivery.create(
        case_no=case.case_no,
        kind=DeliveryKind.CASE,
        connector="city",
        state=DeliveryState.DELIVERED,
        created_at=moment,
        updated_at=moment,
    )
    return case


def _event(case: Application, name: str = "one", sequence: int | None = 1, **other: Any) -> Event:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    usual = Event(f"{case.case_no}-{name}", str(case.case_no), sequence, Cause.RECEIVED, moment, {"note": "已收"})
    return replace(usual, **other)


async def _applied(case: Application) -> None:
    """Wait for the worker to do the job of the first event."""
    async with asyncio.timeout(60):
        while not await InboxEvent.exists(case_no=case.case_no, sequence=1, moved=True):  # noqa: ASYNC110  # another process does it
            await asyncio.sleep(0.1)


async def _seen(case: Application) -> dict[str, Any]:
    """What is answered to events of all kinds, and what stands in the tables at the end."""
    number = str(case.case_no)
    first, tomorrow = _event(case), clock.now() + timedelta(days=1)
    asked = {
        "first---": ("city", first),
        "again---": ("city", first),
        "foreign-": ("elsewhere", _event(case, "foreign", 2)),
        "unknown-": ("city", _event(case, "unknown", 1, case_no="unknown")),
        "in place": ("city", _event(case, "other")),
        "changed-": ("city", _event(case, "one", 2)),
        "ahead---": ("city", _event(case, "ahead", 3, occurred_at=tomorrow)),
        "unplaced": ("city", _event(case, "unplaced", None, kind=Cause.ACCEPTED)),
    }
    answers: dict[str, Any] = {}
    for name, (connector, event) in [*asked.items(), ("first---", asked["first---"])]:
        try:
            taken = await inbox.take_callback(leading_to(Remote([])), connector, event, f"{name}{number}")
            answers.setdefault(name, []).append(taken.new)
        except DomainError as error:
            answers.setdefault(name, []).append(type(error).__name__)
    await _applied(case)
    kept = await InboxEvent.filter(case_no=number).order_by("sequence")
    return {
        "answers": answers,
        "events": [
            (one.event_id.removeprefix(number), one.sequence, one.kind, one.data, one.overtaken) for one in kept
        ],
        "ahead of now": [one.occurred_at > one.received_at for one in kept],
        "nonces": [(row["client_id"], row["nonce"]) for row in await db.rows(_NONCES, number)],
    }


async def test_one_statement_keeps_what_the_steps_keep(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers, events and nonces, and the worker is told."""
    one, other = await _handed_over(house), await _handed_over(house)
    at_once = await _seen(one)

    async def nothing(*_: object) -> Kept:
        return Kept(spent=False, kept=False)

    monkeypatch.setattr(inbox, "keep_at_once", nothing)
    assert at_once == await _seen(other)
    assert at_once["answers"]["first---"] == [True, "CallbackReplayedError"]
    assert len(at_once["events"]) == 3


async def test_a_usual_event_takes_one_statement(house: House) -> None:
    """No step follows it."""
    case = await _handed_over(house)
    kept = await keep_at_once("city", _event(case), uuid.uuid4().hex, inbox.APPLY)
    assert kept == Kept(spent=True, kept=True)


async def test_of_one_event_that_comes_many_times_at_once_one_is_kept(house: House) -> None:
    """The others are known, whatever they met on the way."""
    case = await _handed_over(house)
    connectors = leading_to(Remote([]))
    taken = await asyncio.gather(
        *(inbox.take_callback(connectors, "city", _event(case), uuid.uuid4().hex) for _ in range(12))
    )
    assert sorted(one.new for one in taken) == [False] * 11 + [True]
    await _applied(case)
    assert await InboxEvent.filter(case_no=case.case_no).count() == 1
