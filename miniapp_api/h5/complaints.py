"""Citizens complain and suggest on pages, and read what became of it."""

from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.complaints import rules, service
from app.complaints.errors import ComplaintNotFoundError, ComplaintSubjectUnknownError
from app.complaints.models import About, ComplaintKind
from app.complaints.subjects import Subject, describe
from app.kit.errors import DomainError, InvalidCursorError, NotFoundError, RateLimitedError
from miniapp_api.citizen.complaints import list_complaints, read_complaint
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.typed import MOST_TYPED, written, wrong_with
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ELSEWHERE = (302,)


class SubjectQuery(QuerySchema):
    """What it is about: the code of an item or hall, the id of a case of mine, or nothing in particular."""

    about: About | None = None
    code: str = Field(default="", max_length=36)

    @property
    def subject(self) -> Subject | None:
        """What it is about, None for nothing in particular."""
        return Subject(self.about, self.code) if self.about else None


class ComplaintForm(SubjectQuery):
    """What was typed; whatever is wrong with it is said beside it."""

    kind: ComplaintKind | None = None
    text: str = Field(default="", max_length=MOST_TYPED)
    named: bool = False

    @property
    def written(self) -> str:
        """The text as it is kept."""
        return written(self.text)

    @property
    def wrong(self) -> dict[str, str]:
        """What is wrong, by field: the key of its sentence among the pages' texts."""
        found = {}
        if self.kind is None:
            found["kind"] = "kind_missing"
        if wrong := wrong_with(self.written, rules.LONGEST):
            found["text"] = wrong
        return found


@routes.add(
    "GET",
    "/h5/complaints",
    actor=Actor.CITIZEN,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(InvalidCursorError,),
)
async def open_complaints(call: Call, query: PageQuery) -> HTTPResponse:
    """What I wrote, the newest first."""
    return page(call.request, "complaints.html", found=await list_complaints(call, query))


@routes.add(
    "GET",
    "/h5/complaints/new",
    actor=Actor.CITIZEN,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(ComplaintSubjectUnknownError,),
)
async def open_complaint_form(call: Call, query: SubjectQuery) -> HTTPResponse:
    """Where I write one."""
    return await _form(call, ComplaintForm(about=query.about, code=query.code), {})


@routes.add(
    "POST",
    "/h5/complaints/new",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(ComplaintSubjectUnknownError,),
)
async def write_complaint_on_page(call: Call, form: ComplaintForm) -> HTTPResponse:
    """Complain or suggest something; what is wrong is said on the same page, with all that was typed."""
    if form.wrong or form.kind is None:
        return await _form(call, form, form.wrong)
    try:
        found = await service.write_complaint(call.citizen_id, form.kind, form.written, form.subject, named=form.named)
    except (ComplaintSubjectUnknownError, RateLimitedError) as error:
        return await _form(call, form.model_copy(update={"about": None, "code": ""}), {}, error)
    return moved(f"/h5/complaints/{found.id}", status=303)


@routes.add(
    "GET",
    "/h5/complaints/<complaint_id:uuid>",
    actor=Actor.CITIZEN,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(ComplaintNotFoundError, NotFoundError),
)
async def open_complaint(call: Call, complaint_id: UUID) -> HTTPResponse:
    """What I wrote, its number, and the answer."""
    return page(call.request, "complaint.html", own=await read_complaint(call, complaint_id))


async def _form(
    call: Call, form: ComplaintForm, wrong: dict[str, str], refused: DomainError | None = None
) -> HTTPResponse:
    name = (await describe(call.citizen_id, form.subject))[0] if form.subject else None
    return page(
        call.request,
        "complaint_new.html",
        status=status_of(type(refused)) if refused else 422 if wrong else 200,
        form=form,
        wrong=wrong,
        refused=sentence_of(call.request, refused) if refused else "",
        about_name=name,
        longest=rules.LONGEST,
    )
