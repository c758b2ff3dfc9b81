"""The supervision and departments deal with complaints on pages."""

from typing import Any
from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.complaints import errors, queries, rules, service
from app.identity.rules import Duty
from app.identity.staff_accounts import Scope
from app.kit.errors import DomainError, InvalidCursorError, NotFoundError
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.typed import MOST_TYPED, written, wrong_with
from miniapp_api.routing import Actor, Call, QuerySchema, Routes
from miniapp_api.staff.complaints import (
    StaffComplaintQuery,
    detail_of,
    list_complaints_seen,
    read_complainant,
)

routes = Routes()
_LIST = "/h5/staff/complaints"
_ONE = f"{_LIST}/<complaint_id:uuid>"
_REFUSED = (errors.ComplaintAnsweredError, errors.DepartmentUnknownError)


class ComplaintAnswerForm(QuerySchema):
    """The answer as it was typed."""

    answer: str = Field(default="", max_length=MOST_TYPED)


class HandOnForm(QuerySchema):
    """To whom, and why."""

    department: str = Field(default="", max_length=32)
    note: str = Field(default="", max_length=MOST_TYPED)


@routes.add(
    "GET",
    _LIST,
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    media_type="text/html",
    errors=(InvalidCursorError,),
)
async def open_staff_complaints(call: Call, query: StaffComplaintQuery) -> HTTPResponse:
    """Complaints within my scope, what is due first at the top."""
    found = await list_complaints_seen(call, query)
    return page(call.request, "staff_complaints.html", staff=call.staff, found=found, query=query)


@routes.add(
    "GET",
    _ONE,
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    media_type="text/html",
    errors=(errors.ComplaintNotFoundError, NotFoundError),
)
async def open_staff_complaint(call: Call, complaint_id: UUID) -> HTTPResponse:
    """A complaint, and what I can do about it."""
    return await _show(call, complaint_id)


@routes.add(
    "GET",
    f"{_ONE}/contact",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    media_type="text/html",
    errors=(errors.ComplaintNotFoundError, NotFoundError),
)
async def open_complainant(call: Call, complaint_id: UUID) -> HTTPResponse:
    """The same with who wrote it; that I read it is recorded."""
    return await _show(call, complaint_id, contact=await read_complainant(call, complaint_id))


@routes.add(
    "POST",
    f"{_ONE}/acceptance",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(errors.ComplaintNotFoundError, errors.ComplaintAnsweredError, NotFoundError),
)
async def accept_complaint_on_page(call: Call, complaint_id: UUID) -> HTTPResponse:
    """Take it up."""
    await service.accept_complaint(Scope.of(call.staff), complaint_id)
    return moved(f"{_LIST}/{complaint_id}", status=303)


@routes.add(
    "POST",
    f"{_ONE}/answer",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(errors.ComplaintNotFoundError, errors.ComplaintAnsweredError, NotFoundError),
)
async def answer_complaint_on_page(call: Call, complaint_id: UUID, form: ComplaintAnswerForm) -> HTTPResponse:
    """Answer it; what is wrong is said on the same page, with all that was typed."""
    answer = written(form.answer)
    if wrong := wrong_with(answer, rules.LONGEST):
        return await _show(call, complaint_id, wrong={"answer": wrong}, form=form)
    try:
        await service.answer_complaint(Scope.of(call.staff), complaint_id, answer)
    except errors.ComplaintAnsweredError as error:
        return await _show(call, complaint_id, form=form, refused=error)
    return moved(f"{_LIST}/{complaint_id}", status=303)


@routes.add(
    "POST",
    f"{_ONE}/handing-on",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(errors.ComplaintNotFoundError, *_REFUSED, NotFoundError),
)
async def hand_on_on_page(call: Call, complaint_id: UUID, form: HandOnForm) -> HTTPResponse:
    """Hand it on; afterwards it may lie outside my scope, so the list comes next."""
    note = written(form.note)
    if wrong := wrong_with(note, rules.LONGEST):
        return await _show(call, complaint_id, wrong={"note": wrong}, form=form)
    try:
        await service.hand_on(Scope.of(call.staff), complaint_id, form.department, note)
    except _REFUSED as error:
        return await _show(call, complaint_id, form=form, refused=error)
    return moved(_LIST, status=303)


async def _show(
    call: Call,
    complaint_id: UUID,
    *,
    wrong: dict[str, str] | None = None,
    form: ComplaintAnswerForm | HandOnForm | None = None,
    refused: DomainError | None = None,
    contact: Any = None,
) -> HTTPResponse:
    seen = await detail_of(await queries.find_complaint(Scope.of(call.staff), complaint_id))
    offices = await queries.offices()
    return page(
        call.request,
        "staff_complaint.html",
        status=status_of(type(refused)) if refused else 422 if wrong else 200,
        staff=call.staff,
        seen=seen,
        offices=[(code, name) for code, name in offices.items() if code != seen.complaint.department],
        typed=form.model_dump() if form else {},
        wrong=wrong or {},
        refused=sentence_of(call.request, refused) if refused else "",
        contact=contact,
        longest=rules.LONGEST,
    )
