"""Events of several cases that are applied together do what each does alone."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from app.applications.models import Application, State, TimelineEntry
from app.applications.rules import Cause
from app.approvals.inbox import apply_events, apply_next
from app.approvals.models import InboxEvent
from app.audit.models import AuditRecord
from app.audit.service import first_broken
from app.bootstrap import House
from app.identity.models import Citizen
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.licences.models import Licence
from app.notifications.models import Message
from tests.service.cases import FORM, trip_item, verified_citizen
from tests.service.test_approval_inbox import WAY

# What is heard of each case: the places in its sequence and the kinds.
_HEARD: tuple[tuple[tuple[int, Cause], ...], ...] = (
    ((1, Cause.ACCEPTED),),
    tuple(enumerate(WAY, 1)),
    ((1, Cause.ACCEPTED), (3, Cause.APPROVED)),
    ((1, Cause.COMPLETED), (2, Cause.UNDER_REVIEW), (3, Cause.REFUSED)),
    ((1, Cause.ACCEPTED), (2, Cause.APPROVED), (3, Cause.RESULT_READY)),
    ((2, Cause.ACCEPTED),),
    (),
)
_OVERTAKEN = 3
_MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


async def _cases(citizen: Citizen) -> list[Application]:
    """A submitted case for each, with what was heard of it; the worker knows nothing of them."""
    cases, name = [], uuid.uuid4().hex
    for number, heard in enumerate(_HEARD):
        case = await Application.create(
            citizen=citizen,
            item_code=await trip_item(),
            item_name="食品经营许可（新办）",
            state=State.SUBMITTED,
            form=FORM,
            case_no=f"{number}{name}",
            submitted_at=_MOMENT,
            created_at=_MOMENT,
            updated_at=_MOMENT,
        )
        for sequence, kind in heard:
            await InboxEvent.create(
                event_id=f"{case.case_no}-{sequence}",
                case_no=case.case_no,
                sequence=sequence,
                overtaken=number == _OVERTAKEN and kind is Cause.UNDER_REVIEW,
                kind=kind,
                occurred_at=_MOMENT + timedelta(hours=sequence),
                data={
                    "note": f"第{sequence}步。",
                    "valid_from": "2026-11-22",
                    "place": "一号窗口",
                    "method": "pick_up",
                },
                received_at=_MOMENT,
            )
        cases.append(case)
    return cases


async def _seen(case: Application) -> dict[str, Any]:
    await case.refresh_from_db()
    chain, number = f"application:{case.id}", str(case.case_no)
    assert await first_broken(chain) is None
    limits = case.promised_on, case.statutory_on, case.promised_provisional
    events = await InboxEvent.filter(case_no=number).order_by("sequence")
    messages = await Message.filter(key__contains=f":{number}").exclude(kind="review_invitation").order_by("key")
    return {
        "case": (case.state, case.last_sequence, case.supplement_note, case.result, *limits),
        "timeline": await TimelineEntry.filter(application=case).order_by("id").values_list("kind", "state", "note"),
        "audit": await AuditRecord.filter(chain=chain).order_by("position").values_list("actor", "action", "details"),
        "messages": [(one.kind, one.title, one.region, _text(one)) for one in messages],
        "licences": await Licence.filter(case_no=number).values_list("state", "type_code"),
        "events": [(one.moved, one.applied_at is not None) for one in events],
    }


def _text(message: Message) -> str:
    """The text but for the minute and the case's number that may stand in it."""
    text = message.text if isinstance(message.text, str) else keyring().open(message.text, "messages.text").decode()
    return text[:12]


async def test_what_is_heard_of_cases_together_does_what_it_does_alone(house: House) -> None:
    """Moves, limits, audit, messages and licences; what makes no sense, comes late or lacks one before it, too."""
    together = await _cases(await verified_citizen(house))
    alone = await _cases(await verified_citizen(house))
    async with transaction():
        await apply_next({str(case.case_no) for case in together})
    for case in alone:
        await apply_events(str(case.case_no))
    seen = [await _seen(case) for case in together]
    assert seen == [await _seen(case) for case in alone]
    assert [one["case"][0] for one in seen] == [
        *(State.ACCEPTED, State.COMPLETED, State.ACCEPTED, State.REFUSED),
        *(State.APPROVED, State.SUBMITTED, State.SUBMITTED),
    ]
    assert seen[1]["events"] == [(True, True)] * len(WAY)
    assert seen[2]["events"] == [(True, True), (None, False)]
    assert seen[3]["events"] == [(False, True), (False, True), (True, True)]
