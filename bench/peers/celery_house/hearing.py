"""What the approval system said moves cases, in its order, and the applicant is told."""

import os
from datetime import datetime
from typing import Any
from uuid import UUID

from celery import Task
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.applications.models import State
from app.applications.rules import TABLE, Cause, next_state
from app.applications.time_limits import Days, Mark, reckon
from app.audit.digests import FIRST, SALT_BYTES, Entry, digest_of
from app.kit import clock
from app.kit.ids import new_id
from app.notifications.definitions import city_messages
from bench.peers.celery_house.app import app, new_session
from bench.peers.celery_house.guides import read_guide
from bench.peers.celery_house.models import (
    Application,
    AuditRecord,
    Citizen,
    InboxEvent,
    Mandate,
    Message,
    MessagePreference,
    TimelineEntry,
)

_TOLD = {Cause.ACCEPTED: "accepted"}
_GAP_SECONDS = 5


class GapError(Exception):
    """An event is missing before the next one."""


@app.task(bind=True, autoretry_for=(GapError,), max_retries=None, retry_backoff=_GAP_SECONDS)
def apply_events(self: Task, case_no: str) -> None:
    """Apply the kept events of a case that are next in its sequence."""
    del self
    with new_session.begin() as database:
        found = select(Application).where(Application.case_no == case_no).with_for_update()
        case = database.scalars(found).one()
        waiting = select(InboxEvent).where(InboxEvent.case_no == case_no, InboxEvent.applied_at.is_(None))
        missing = False
        for event in database.scalars(waiting.order_by(InboxEvent.sequence)):
            missing = event.sequence > case.last_sequence + 1
            if missing:
                break
            event.moved, event.applied_at = _apply(database, case, event), clock.now()
    if missing:
        raise GapError


def _apply(database: Session, case: Application, event: InboxEvent) -> bool:
    cause, before = Cause(event.kind), case.state
    case.last_sequence = event.sequence
    after = next_state(State(before), cause)
    if after is None:
        _audit(database, case, "approval_system", "event_passed_over", event=cause, sequence=event.sequence)
        return False
    note = str(event.data.get("reason") or event.data.get("note") or "") or None
    entry = TimelineEntry(id=new_id(), kind=cause.value, state=after.value, note=note, at=event.occurred_at)
    case.timeline.append(entry)
    case.state, case.updated_at = after.value, clock.now()
    guide, office = read_guide(case.item_code, case.item_version)
    _set_limits(case, Days(guide.promised_days, guide.statutory_days))
    _audit(database, case, TABLE[cause].by.value, cause.value, before=before, after=after.value)
    if cause in _TOLD:
        told = (case.citizen_id, *_guardians(database, case.citizen_id))
        for citizen_id in dict.fromkeys(told):
            _tell(database, case, citizen_id, _TOLD[cause], f"{case.case_no}:{event.sequence}", office, guide.region)
    return True


def _set_limits(case: Application, days: Days) -> None:
    due = reckon(days, [Mark.of(one.kind, one.at) for one in case.timeline]).due
    case.promised_on = due.promised.day if due else None
    case.statutory_on = due.statutory.day if due else None
    case.promised_provisional = due.provisional if due else False


def _audit(database: Session, case: Application, actor: str, action: str, **details: Any) -> None:
    chain, moment = f"application:{case.id}", clock.now()
    found = select(AuditRecord.position, AuditRecord.digest).where(AuditRecord.chain == chain)
    last = database.execute(found.order_by(AuditRecord.position.desc()).limit(1)).first()
    position, previous = (last.position + 1, last.digest) if last else (1, FIRST)
    salt = os.urandom(SALT_BYTES)
    entry = Entry(chain, position, moment, actor, action, details, previous, "sha256", salt)
    database.add(
        AuditRecord(
            chain=chain,
            position=position,
            at=moment,
            actor=actor,
            action=action,
            details=details,
            previous=previous,
            digest=digest_of(entry),
            algorithm="sha256",
            salt=salt,
        )
    )


def _guardians(database: Session, citizen_id: UUID) -> list[UUID]:
    found = select(Mandate.delegate_id).where(
        Mandate.principal_id == citizen_id,
        Mandate.kind == "guardian",
        Mandate.state == "active",
        Mandate.ends_at > clock.now(),
    )
    return [one for one in database.scalars(found.order_by(Mandate.id)) if one]


def _tell(
    database: Session, case: Application, citizen_id: UUID, kind: str, occasion: str, office: str, region: str
) -> None:
    citizen = database.scalars(
        select(Citizen).where(Citizen.id == citizen_id).with_for_update(read=True, key_share=True)
    ).one()
    if citizen.deleted_at is not None:
        return
    citizen_id = citizen.joined_into or citizen.id
    database.get(MessagePreference, citizen_id)
    definition, moment = city_messages().messages[kind], clock.now()
    text = definition.text.format(
        item=case.item_name, case_no=case.case_no, time=clock.minute_written(moment), office=office
    )
    database.execute(
        insert(Message)
        .values(_row(citizen_id, kind, occasion, text, case, region, moment))
        .on_conflict_do_nothing(index_elements=[Message.key])
    )


def _row(
    citizen_id: UUID, kind: str, occasion: str, text: str, case: Application, region: str, moment: datetime
) -> dict[str, Any]:
    definition = city_messages().messages[kind]
    return {
        "id": new_id(),
        "citizen_id": citizen_id,
        "key": f"{kind}:{occasion}:{citizen_id}",
        "kind": kind,
        "urgency": definition.urgency.value,
        "title": definition.title,
        "text": text,
        "link": f"/applications/{case.id}",
        "region": region,
        "state": "delivered",
        "channel": "inbox",
        "plan": [],
        "created_at": moment,
    }
