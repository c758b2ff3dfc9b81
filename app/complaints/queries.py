"""Reads of complaints, by the citizens who wrote them and by the staff who deal with them."""

from dataclasses import dataclass
from uuid import UUID

from tortoise.expressions import Q

from app.applications.models import Application
from app.audit import service as audit
from app.catalogue.models import Department
from app.complaints.definitions import terms
from app.complaints.errors import ComplaintNotFoundError
from app.complaints.models import About, Complaint, ComplaintKind, ComplaintState, ComplaintStep
from app.complaints.rules import Cause
from app.identity.queries import staff_names
from app.identity.rules import EVERY_DEPARTMENT, region_prefix
from app.identity.service import get_citizen
from app.identity.staff_accounts import Scope
from app.kit import clock, texts
from app.kit.db import transaction
from app.kit.errors import InvalidCursorError
from app.kit.paging import PAGE, Page, decode_cursor, encode_cursor, newest_first


@dataclass(frozen=True, slots=True)
class Own:
    """A complaint as its citizen sees it: who has it, and the answer."""

    complaint: Complaint
    office: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class SeenStep:
    """A step as staff see it: who took it, and the office it was taken by or handed on to."""

    step: ComplaintStep
    by: str
    office: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Who wrote a complaint, as far as they are known, and the number of the case it is about."""

    name: str | None
    phone: str | None
    case_no: str | None


def kind_title(kind: ComplaintKind) -> str:
    """投诉 or 建议."""
    return texts.text("complaint", kind)


async def offices() -> dict[str, str]:
    """Who may have a complaint: the supervision and every department, by their codes."""
    found = await Department.all().order_by("code")
    return {EVERY_DEPARTMENT: terms().office, **{one.code: one.name for one in found}}


async def office_of(department: str) -> str:
    """The name of who has a complaint."""
    found = await Department.get_or_none(code=department)
    return found.name if found else terms().office


async def list_own(citizen_id: UUID, cursor: str | None) -> Page[Complaint]:
    """What a citizen wrote, the newest first. Raises InvalidCursorError."""
    return await newest_first(Complaint.filter(citizen_id=citizen_id), cursor)


async def get_own(citizen_id: UUID, complaint_id: UUID) -> Own:
    """What a citizen wrote, and what became of it. Raises ComplaintNotFoundError."""
    found = await Complaint.get_or_none(id=complaint_id, citizen_id=citizen_id)
    if found is None:
        raise ComplaintNotFoundError
    answer = await ComplaintStep.get_or_none(complaint=found, cause=Cause.ANSWER)
    return Own(found, await office_of(found.department), answer.note if answer else None)


async def list_complaints(
    scope: Scope, state: ComplaintState | None, kind: ComplaintKind | None, *, overdue: bool, cursor: str | None
) -> Page[Complaint]:
    """Complaints within a scope, those first whose next step is due first; each filter holds where it is given.

    Raises InvalidCursorError.
    """
    found = Complaint.filter(region__startswith=region_prefix(scope.region))
    if scope.department != EVERY_DEPARTMENT:
        found = found.filter(department=scope.department)
    if state is not None:
        found = found.filter(state=state)
    if kind is not None:
        found = found.filter(kind=kind)
    if overdue:
        found = found.filter(due_on__lt=clock.today())
    if key := decode_cursor(cursor, str):
        last = await _last_seen(scope, key[0])
        beyond = Q(due_on=last.due_on, id__gt=last.id)
        found = found.filter(beyond if last.due_on is None else beyond | Q(due_on__gt=last.due_on) | Q(due_on=None))
    # PostgreSQL puts what has no day last.
    rows = await found.order_by("due_on", "id").limit(PAGE + 1)
    return Page(rows[:PAGE], encode_cursor(str(rows[PAGE - 1].id)) if len(rows) > PAGE else None)


async def _last_seen(scope: Scope, id_: str) -> Complaint:
    try:
        return await find_complaint(scope, UUID(id_))
    except (ValueError, ComplaintNotFoundError) as error:
        raise InvalidCursorError from error


async def find_complaint(scope: Scope, complaint_id: UUID) -> Complaint:
    """A complaint within a scope. Raises ComplaintNotFoundError."""
    found = await Complaint.get_or_none(id=complaint_id)
    if found is None or not scope.covers(found.region, found.department):
        raise ComplaintNotFoundError
    return found


async def steps_of(complaint: Complaint) -> list[SeenStep]:
    """What was done about a complaint, in its order."""
    steps = await ComplaintStep.filter(complaint=complaint).order_by("id")
    names, known = await staff_names(step.staff_id for step in steps), await offices()
    return [SeenStep(step, names.get(step.staff_id, ""), known.get(step.department, step.department)) for step in steps]


async def contact(scope: Scope, complaint_id: UUID) -> Contact:
    """Who wrote a complaint, where they allowed it; that it was read is recorded.

    Raises ComplaintNotFoundError, also where the citizen did not allow it: then there is nobody to call.
    """
    async with transaction():
        found = await Complaint.select_for_update().get_or_none(id=complaint_id)
        if found is None or not found.named or not scope.covers(found.region, found.department):
            raise ComplaintNotFoundError
        await audit.record(f"complaint:{found.id}", scope.name, "contact_read")
    citizen = await get_citizen(found.citizen_id)
    case = await Application.get_or_none(id=found.about_code) if found.about is About.CASE else None
    return Contact(citizen.name, citizen.phone, case.case_no if case else None)
