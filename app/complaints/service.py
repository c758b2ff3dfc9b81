"""Use cases of a complaint: written by a citizen, taken up, handed on and answered by staff.

It comes first to the supervision, and to the department it is about only where the supervision hands it on.
"""

import math
import secrets
from datetime import timedelta
from uuid import UUID

from app.audit import service as audit
from app.catalogue.models import Department
from app.complaints import rules
from app.complaints.definitions import terms
from app.complaints.errors import (
    ComplaintAnsweredError,
    ComplaintNotFoundError,
    DepartmentUnknownError,
)
from app.complaints.models import Complaint, ComplaintKind, ComplaintState, ComplaintStep
from app.complaints.queries import kind_title, office_of
from app.complaints.rules import Cause
from app.complaints.subjects import Subject, describe
from app.complaints.watching import task_key
from app.identity.queries import lock_present
from app.identity.rules import EVERY_DEPARTMENT
from app.identity.staff_accounts import Scope
from app.kit import clock, texts
from app.kit.db import transaction
from app.kit.errors import RateLimitedError
from app.kit.workdays import add_working_days
from app.notifications.service import notify
from app.notifications.staff_tasks import close_by_itself

_DAY = timedelta(days=1)


async def write_complaint(
    citizen_id: UUID, kind: ComplaintKind, text: str, subject: Subject | None, *, named: bool
) -> Complaint:
    """Keep what a citizen wrote, and give it a number and its days; the same again within a day answers the same.

    Raises ComplaintSubjectUnknownError, SessionEndedError, or RateLimitedError where it is too many for a day.
    """
    async with transaction():
        await lock_present(citizen_id)
        name, region = await describe(citizen_id, subject) if subject else (None, "")
        code = subject.code if subject else None
        moment, today = clock.now(), clock.today()
        lately = await Complaint.filter(citizen_id=citizen_id, received_at__gt=moment - _DAY).order_by("received_at")
        for earlier in lately:
            said = (earlier.kind, earlier.about_code, earlier.named, earlier.text)
            if said == (kind, code, named, text) and earlier.state is not ComplaintState.ANSWERED:
                return earlier
        if len(lately) >= terms().most_a_day:
            raise RateLimitedError(retry_after=math.ceil((lately[0].received_at + _DAY - moment).total_seconds()))
        complaint = await Complaint.create(
            number=rules.number_of(today, secrets.randbelow(rules.NUMBERS)),
            citizen_id=citizen_id,
            kind=kind,
            about=subject.about if subject else None,
            about_code=code,
            about_name=name,
            text=text,
            named=named,
            department=EVERY_DEPARTMENT,
            region=region,
            due_on=add_working_days(today, terms().accept_working_days).day,
            answer_by=add_working_days(today, terms().answer_working_days[kind]).day,
            received_at=moment,
        )
        # Staff may not learn who wrote it: no record names them.
        await audit.record(f"complaint:{complaint.id}", "complainant", "received", kind=kind)
    return complaint


async def accept_complaint(scope: Scope, complaint_id: UUID) -> Complaint:
    """Take a complaint up, and tell the citizen until when it is answered; once more it changes nothing.

    Raises ComplaintAnsweredError or ComplaintNotFoundError.
    """
    async with transaction():
        complaint = await _locked(scope, complaint_id)
        if complaint.state is ComplaintState.ACCEPTED:
            return complaint
        await _step(complaint, Cause.ACCEPT, scope, complaint.department, None)
        await _tell(complaint, "complaint_accepted", until=clock.day_written(complaint.answer_by))
    return complaint


async def hand_on(scope: Scope, complaint_id: UUID, department: str, note: str) -> Complaint:
    """Hand a complaint on to a department, or back to the supervision (``*``), with a word why; its days stay.

    To whoever has it already it changes nothing. Raises DepartmentUnknownError, ComplaintAnsweredError or
    ComplaintNotFoundError.
    """
    async with transaction():
        complaint = await _locked(scope, complaint_id)
        if department == complaint.department:
            return complaint
        if department != EVERY_DEPARTMENT:
            found = await Department.get_or_none(code=department)
            if found is None:
                raise DepartmentUnknownError
            complaint.region = rules.region_within(complaint.region, found.region)
        complaint.department = department
        await _step(complaint, Cause.HAND_ON, scope, department, note)
    return complaint


async def answer_complaint(scope: Scope, complaint_id: UUID, answer: str) -> Complaint:
    """Answer a complaint, which the citizen reads; the same answer once more changes nothing.

    Raises ComplaintAnsweredError or ComplaintNotFoundError.
    """
    async with transaction():
        complaint = await _locked(scope, complaint_id)
        if complaint.state is ComplaintState.ANSWERED:
            given = await ComplaintStep.get(complaint=complaint, cause=Cause.ANSWER)
            if given.note == answer:
                return complaint
        await _step(complaint, Cause.ANSWER, scope, complaint.department, answer)
        await _tell(complaint, "complaint_answered", note=answer)
    return complaint


async def _locked(scope: Scope, complaint_id: UUID) -> Complaint:
    found = await Complaint.select_for_update().get_or_none(id=complaint_id)
    if found is None or not scope.covers(found.region, found.department):
        raise ComplaintNotFoundError
    return found


async def _step(complaint: Complaint, cause: Cause, scope: Scope, department: str, note: str | None) -> None:
    after = rules.TABLE[cause].get(complaint.state)
    if after is None:
        raise ComplaintAnsweredError
    if complaint.due_on:
        await close_by_itself(task_key(complaint), texts.text("complaint", "done"), clock.now())
    complaint.state, moment = after, clock.now()
    complaint.due_on = rules.next_due(after, complaint.due_on, complaint.answer_by)
    complaint.answered_at = moment if after is ComplaintState.ANSWERED else None
    await complaint.save(update_fields=["state", "due_on", "answered_at", "department", "region"])
    await ComplaintStep.create(
        complaint=complaint, cause=cause, staff_id=scope.staff_id, department=department, note=note, at=moment
    )
    await audit.record(f"complaint:{complaint.id}", scope.name, cause, after=after, department=department)


async def _tell(complaint: Complaint, kind: str, **values: str) -> None:
    await notify(
        complaint.citizen_id,
        kind,
        complaint.number,
        link=f"/complaints/{complaint.id}",
        case_no=complaint.number,
        phrase=kind_title(complaint.kind),
        office=await office_of(complaint.department),
        **values,
    )
