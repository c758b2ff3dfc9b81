"""Pages about one's licences: the wallet, who looked at a licence, and what more somebody asks to see."""

from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.identity.errors import LevelTooLowError
from app.kit.errors import InvalidCursorError, NotFoundError
from app.licences import errors
from app.licences.requests.models import Answer
from app.licences.requests.service import answer_request
from app.licences.verifying.concerns import object_to
from app.mandates.queries import level_of
from miniapp_api.citizen.licences import list_licences
from miniapp_api.citizen.verifications import list_field_requests, list_verifications
from miniapp_api.h5.pages import moved, page
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_REQUESTS = "/h5/field-requests"


class AnswerForm(QuerySchema):
    """Yes (allowed) or no (refused)."""

    answer: Answer


class RequestsQuery(QuerySchema):
    """What was just answered."""

    answered: Answer | None = Field(default=None)


@routes.add(
    "GET",
    "/h5/licences",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    errors=(InvalidCursorError, NotFoundError),
)
async def open_wallet(call: Call, query: PageQuery) -> HTTPResponse:
    """My licences, and the way to show one."""
    found = await list_licences(call, query)
    return page(call.request, "wallet.html", found=found, level=await level_of(call.party))


@routes.add(
    "GET",
    "/h5/licences/<licence_id:uuid>/verifications",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    errors=(errors.LicenceNotFoundError, InvalidCursorError, NotFoundError),
)
async def open_verifications(call: Call, licence_id: UUID, query: PageQuery) -> HTTPResponse:
    """Who looked at this licence and what they saw."""
    found = await list_verifications(call, licence_id, query)
    return page(call.request, "verifications.html", found=found, licence_id=licence_id)


@routes.add(
    "POST",
    "/h5/licences/<licence_id:uuid>/verifications/<verification_id:uuid>/objection",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(errors.LicenceNotFoundError, errors.VerificationNotFoundError, NotFoundError),
)
async def object_on_page(call: Call, licence_id: UUID, verification_id: UUID) -> HTTPResponse:
    """Object to a verification with one tap."""
    await object_to(call.party, licence_id, verification_id)
    return moved(f"/h5/licences/{licence_id}/verifications#v-{verification_id}", status=303)


@routes.add(
    "GET",
    _REQUESTS,
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    errors=(NotFoundError,),
)
async def open_field_requests(call: Call, query: RequestsQuery) -> HTTPResponse:
    """What officers ask to see and wait for at this moment."""
    found = await list_field_requests(call)
    return page(call.request, "field_requests.html", found=found.items, answered=query.answered)


@routes.add(
    "POST",
    "/h5/field-requests/<field_request_id:uuid>/answer",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(
        errors.FieldRequestNotFoundError,
        errors.LicenceNotFoundError,
        LevelTooLowError,
        errors.FieldRequestOverError,
        NotFoundError,
    ),
)
async def answer_on_page(call: Call, field_request_id: UUID, form: AnswerForm) -> HTTPResponse:
    """Say yes or no."""
    await answer_request(call.party, field_request_id, form.answer)
    return moved(f"{_REQUESTS}?answered={form.answer}", status=303)
