"""An application looked through once more on a page, and submitted."""

from uuid import UUID, uuid4

from pydantic import Field
from sanic import HTTPResponse

from app.applications import errors, queries, service
from app.applications.models import State
from app.catalogue.errors import FormInvalidError, ItemNotFoundError
from app.identity.errors import LevelTooLowError
from app.kit.errors import DomainError, NotFoundError
from miniapp_api.citizen.application_views import ReachView
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.filling import fields_shown, words_of
from miniapp_api.h5.form_fields import Shown
from miniapp_api.h5.materials import given_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ERRORS = (errors.ApplicationNotFoundError, ItemNotFoundError, NotFoundError)
_REFUSED = (
    errors.MaterialsMissingError,
    errors.IdempotencyKeyReusedError,
    errors.CaseNumbersExhaustedError,
    errors.DraftOutdatedError,
    errors.StateForbidsError,
    FormInvalidError,
)


class SubmissionForm(QuerySchema):
    """The revision that the page showed; ``key`` makes of two sends one submission."""

    revision: int = Field(ge=1, le=2**31 - 1)
    key: str = Field(min_length=16, max_length=64, pattern=r"^[0-9a-f]+$")


@routes.add(
    "GET",
    "/h5/cases/<application_id:uuid>/check",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    errors=_ERRORS,
)
async def open_check(call: Call, application_id: UUID) -> HTTPResponse:
    """Everything that a draft has, and what it still lacks; one button submits it."""
    return await _page(call, application_id)


async def _page(call: Call, application_id: UUID, refused: DomainError | None = None) -> HTTPResponse:
    detail = await queries.get_application(call.party, application_id)
    application, asked, given = await given_of(call, application_id)
    if application.state is not State.DRAFT:
        return moved(f"/h5/cases/{application_id}", status=303 if refused else 302)
    return page(
        call.request,
        "check.html",
        status=status_of(type(refused)) if refused else 200,
        case=application,
        fields=await fields_shown(asked, application.form, Shown()),
        missing=list(words_of(call, asked, detail.missing).values()),
        given=given,
        lacking=[one.asked.name for one in given if one.asked.needed and not one.count],
        reach=ReachView.of(application),
        halls={window.hall: window.name for window in asked.guide.windows if window.hall},
        refused=sentence_of(call.request, refused) if refused else "",
        key=uuid4().hex,
    )


@routes.add(
    "POST",
    "/h5/cases/<application_id:uuid>/check",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(*_ERRORS, *_REFUSED, LevelTooLowError),
)
async def submit_on_page(call: Call, application_id: UUID, form: SubmissionForm) -> HTTPResponse:
    """Submit a draft as it was shown; what stands against it is said on the same page."""
    try:
        await service.submit_application(call.party, application_id, form.key, form.revision)
    except _REFUSED as refused:
        return await _page(call, application_id, refused)
    return moved(f"/h5/cases/{application_id}?done=submitted", status=303)
