"""The supervision takes up what citizens wrote, hands it on to departments, and has it answered in time."""

from uuid import UUID

from pydantic import Field

from app.complaints import errors, queries, rules, service
from app.complaints.models import Complaint, ComplaintKind, ComplaintState
from app.complaints.queries import SeenStep
from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.errors import InvalidCursorError
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
_ERRORS = (errors.ComplaintNotFoundError, errors.ComplaintAnsweredError)


class StaffComplaintQuery(PageQuery):
    """Only those in a state, of a kind, whose next step is overdue."""

    state: ComplaintState | None = None
    kind: ComplaintKind | None = None
    overdue: bool = False


class HandOnRequest(Schema):
    """To which department, ``*`` for the supervision, and why."""

    department: str = Field(min_length=1, max_length=32)
    note: str = Field(min_length=1, max_length=rules.LONGEST)


class ComplaintAnswer(Schema):
    """The answer, which the citizen reads."""

    answer: str = Field(min_length=1, max_length=rules.LONGEST, pattern=r"\S")


class StaffComplaintView(Schema):
    """What a citizen wrote, never who; ``named`` says whether that may be asked for."""

    id: UUID
    number: str
    kind: str
    about: str | None
    about_name: str | None
    text: str
    named: bool
    department: str
    region: str
    state: str
    due_on: str | None
    overdue: bool
    answer_by: str
    received_at: str
    answered_at: str | None

    @classmethod
    def of(cls, found: Complaint) -> "StaffComplaintView":
        """The view of a complaint."""
        return cls(
            id=found.id,
            number=found.number,
            kind=found.kind.value,
            about=found.about.value if found.about else None,
            about_name=found.about_name,
            text=found.text,
            named=found.named,
            department=found.department,
            region=found.region,
            state=found.state.value,
            due_on=found.due_on.isoformat() if found.due_on else None,
            overdue=found.due_on is not None and found.due_on < clock.today(),
            answer_by=found.answer_by.isoformat(),
            received_at=clock.in_city(found.received_at),
            answered_at=clock.in_city(found.answered_at) if found.answered_at else None,
        )


class StaffComplaintPage(Schema):
    """A page of complaints."""

    items: list[StaffComplaintView]
    next_cursor: str | None


class ComplaintStepView(Schema):
    """A step: who took it, the office it was taken by or handed on to, the answer or why it was handed on."""

    cause: str
    by: str
    office: str
    note: str | None
    at: str

    @classmethod
    def of(cls, seen: SeenStep) -> "ComplaintStepView":
        """The view of a step."""
        step = seen.step
        return cls(cause=step.cause, by=seen.by, office=seen.office, note=step.note, at=clock.in_city(step.at))


class StaffComplaintDetail(Schema):
    """A complaint, who has it, and its steps in their order."""

    complaint: StaffComplaintView
    office: str
    steps: list[ComplaintStepView]


class ComplainantView(Schema):
    """Whom to call, as far as they are known, and the number of the case it is about."""

    name: str | None
    phone: str | None
    case_no: str | None


async def detail_of(found: Complaint) -> StaffComplaintDetail:
    """A complaint, who has it, and what was done about it."""
    return StaffComplaintDetail(
        complaint=StaffComplaintView.of(found),
        office=await queries.office_of(found.department),
        steps=[ComplaintStepView.of(one) for one in await queries.steps_of(found)],
    )


@routes.add(
    "GET",
    "/staff/v1/complaints",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(InvalidCursorError,),
)
async def list_complaints_seen(call: Call, query: StaffComplaintQuery) -> StaffComplaintPage:
    """Complaints within my scope, what is overdue first."""
    page = await queries.list_complaints(
        Scope.of(call.staff), query.state, query.kind, overdue=query.overdue, cursor=query.cursor
    )
    return StaffComplaintPage(items=[StaffComplaintView.of(one) for one in page.items], next_cursor=page.next_cursor)


@routes.add(
    "GET",
    "/staff/v1/complaints/<complaint_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(errors.ComplaintNotFoundError,),
)
async def read_complaint_seen(call: Call, complaint_id: UUID) -> StaffComplaintDetail:
    """A complaint with what was done about it."""
    return await detail_of(await queries.find_complaint(Scope.of(call.staff), complaint_id))


@routes.add(
    "GET",
    "/staff/v1/complaints/<complaint_id:uuid>/contact",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(errors.ComplaintNotFoundError,),
)
async def read_complainant(call: Call, complaint_id: UUID) -> ComplainantView:
    """Who wrote it, where they allowed that; that I read it is recorded."""
    found = await queries.contact(Scope.of(call.staff), complaint_id)
    return ComplainantView(name=found.name, phone=found.phone, case_no=found.case_no)


@routes.add(
    "POST",
    "/staff/v1/complaints/<complaint_id:uuid>/acceptance",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=_ERRORS,
)
async def accept_complaint(call: Call, complaint_id: UUID) -> StaffComplaintDetail:
    """Take it up; the citizen is told until when it is answered."""
    return await detail_of(await service.accept_complaint(Scope.of(call.staff), complaint_id))


@routes.add(
    "POST",
    "/staff/v1/complaints/<complaint_id:uuid>/handing-on",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=(*_ERRORS, errors.DepartmentUnknownError),
)
async def hand_complaint_on(call: Call, complaint_id: UUID, body: HandOnRequest) -> StaffComplaintDetail:
    """Hand it on to a department, or back to the supervision: afterwards it may lie outside my scope."""
    return await detail_of(await service.hand_on(Scope.of(call.staff), complaint_id, body.department, body.note))


@routes.add(
    "POST",
    "/staff/v1/complaints/<complaint_id:uuid>/answer",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    errors=_ERRORS,
)
async def answer_complaint(call: Call, complaint_id: UUID, body: ComplaintAnswer) -> StaffComplaintDetail:
    """Answer it; the citizen is told."""
    return await detail_of(await service.answer_complaint(Scope.of(call.staff), complaint_id, body.answer))
