"""Citizens complain and suggest (投诉建议), and read what became of it."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.complaints import errors, queries, rules, service
from app.complaints.models import About, Complaint, ComplaintKind
from app.complaints.queries import Own
from app.complaints.subjects import Subject
from app.kit import clock
from app.kit.errors import InvalidCursorError
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class SubjectView(Schema):
    """What it is about: the code of an item or hall, or the id of a case of mine."""

    about: Literal["item", "case", "hall"]
    code: str = Field(min_length=1, max_length=36)


class ComplaintRequest(Schema):
    """A complaint or suggestion; ``named`` lets staff see my name and telephone number."""

    kind: Literal["complaint", "suggestion"]
    text: str = Field(min_length=1, max_length=rules.LONGEST, pattern=r"\S")
    subject: SubjectView | None = None
    named: bool


class ComplaintView(Schema):
    """What I wrote; ``answer_by`` is the day until which it is answered."""

    id: UUID
    number: str
    kind: str
    about: str | None
    about_code: str | None
    about_name: str | None
    text: str
    named: bool
    state: str
    answer_by: str
    received_at: str
    answered_at: str | None

    @classmethod
    def of(cls, found: Complaint) -> "ComplaintView":
        """The view of a complaint."""
        return cls(
            id=found.id,
            number=found.number,
            kind=found.kind.value,
            about=found.about.value if found.about else None,
            about_code=found.about_code,
            about_name=found.about_name,
            text=found.text,
            named=found.named,
            state=found.state.value,
            answer_by=found.answer_by.isoformat(),
            received_at=clock.in_city(found.received_at),
            answered_at=clock.in_city(found.answered_at) if found.answered_at else None,
        )


class ComplaintDetail(Schema):
    """What I wrote, who has it, and the answer."""

    complaint: ComplaintView
    office: str
    answer: str | None

    @classmethod
    def of(cls, own: Own) -> "ComplaintDetail":
        """The view of a complaint with what became of it."""
        return cls(complaint=ComplaintView.of(own.complaint), office=own.office, answer=own.answer)


class ComplaintPage(Schema):
    """A page of what I wrote."""

    items: list[ComplaintView]
    next_cursor: str | None


@routes.add(
    "POST",
    "/api/v1/complaints",
    actor=Actor.CITIZEN,
    limit="write",
    status=201,
    errors=(errors.ComplaintSubjectUnknownError,),
)
async def write_complaint(call: Call, body: ComplaintRequest) -> ComplaintView:
    """Complain or suggest something; the same again within a day answers the same."""
    subject = Subject(About(body.subject.about), body.subject.code) if body.subject else None
    kind = ComplaintKind(body.kind)
    return ComplaintView.of(
        await service.write_complaint(call.citizen_id, kind, body.text.strip(), subject, named=body.named)
    )


@routes.add("GET", "/api/v1/complaints", actor=Actor.CITIZEN, limit="read", errors=(InvalidCursorError,))
async def list_complaints(call: Call, query: PageQuery) -> ComplaintPage:
    """What I wrote, the newest first."""
    page = await queries.list_own(call.citizen_id, query.cursor)
    return ComplaintPage(items=[ComplaintView.of(one) for one in page.items], next_cursor=page.next_cursor)


@routes.add(
    "GET",
    "/api/v1/complaints/<complaint_id:uuid>",
    actor=Actor.CITIZEN,
    limit="read",
    errors=(errors.ComplaintNotFoundError,),
)
async def read_complaint(call: Call, complaint_id: UUID) -> ComplaintDetail:
    """What I wrote, and the answer."""
    return ComplaintDetail.of(await queries.get_own(call.citizen_id, complaint_id))
