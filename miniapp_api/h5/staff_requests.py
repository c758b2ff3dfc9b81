"""Staff ask on a web page to see more of a licence that they have just verified, and read what was allowed."""

from uuid import UUID, uuid4

from pydantic import Field
from sanic import HTTPResponse

from app.catalogue.queries import get_licence_type
from app.identity.rules import Duty
from app.kit import clock
from app.kit.errors import NotFoundError
from app.licences import errors
from app.licences.requests import rules, service
from app.licences.requests.rules import Standing
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes
from miniapp_api.staff.field_requests import ReadFieldsView, read_view

routes = Routes()
_REQUEST = "/h5/staff/field-requests/<field_request_id:uuid>"


class AskForm(QuerySchema):
    """What for; which ``fields``, each by its name, stand beside it."""

    purpose: str = Field(min_length=2, max_length=200)


class ReadForm(QuerySchema):
    """Two sends of one form are one reading."""

    key: str = Field(min_length=16, max_length=64, pattern=r"^[0-9a-f]+$")


@routes.add(
    "POST",
    "/h5/staff/verifications/<verification_id:uuid>/field-requests",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="ask_fields",
    status=303,
    media_type="text/html",
    errors=(
        errors.VerificationNotFoundError,
        errors.FieldRequestImpossibleError,
        errors.FieldsNotAskableError,
        errors.FieldRequestPendingError,
        NotFoundError,
    ),
)
async def ask_on_page(call: Call, verification_id: UUID, form: AskForm) -> HTTPResponse:
    """Ask the holder for more fields."""
    wanted = [str(name) for name in call.request.form.getlist("fields", [])] if call.request.form else []
    asked = await service.ask_for_fields(call.staff, verification_id, wanted, form.purpose)
    return moved(f"/h5/staff/field-requests/{asked.id}", status=303)


@routes.add(
    "GET",
    _REQUEST,
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="read",
    media_type="text/html",
    errors=(errors.FieldRequestNotFoundError, NotFoundError),
)
async def open_asked(call: Call, field_request_id: UUID) -> HTTPResponse:
    """Where my request stands."""
    request = await service.get_request(call.staff, field_request_id)
    await request.fetch_related("verification__licence")
    definition = await get_licence_type(request.verification.licence.type_code)  # type: ignore[union-attr]  # it has one
    titles = {field.name: field.title for field in definition.fields}
    return page(
        call.request,
        "asked.html",
        staff=call.staff,
        asked=request,
        standing=rules.standing(request, clock.now()),
        until=clock.in_city(request.expires_at),
        titles=[titles.get(name, name) for name in request.wanted],
        key=uuid4().hex,
        read=None,
    )


@routes.add(
    "POST",
    f"{_REQUEST}/reading",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="write",
    media_type="text/html",
    errors=(errors.FieldRequestNotFoundError, errors.FieldsUnreadableError, NotFoundError),
)
async def read_on_page(call: Call, field_request_id: UUID, form: ReadForm) -> HTTPResponse:
    """Read what was allowed, once."""
    read: ReadFieldsView = read_view(await service.read_fields(call.staff, field_request_id, form.key))
    return page(call.request, "asked.html", staff=call.staff, standing=Standing.READ, read=read)
