"""Officers ask holders for more fields, and read what was allowed."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.identity.rules import Duty
from app.kit import clock
from app.kit.errors import NotFoundError
from app.licences import errors
from app.licences.queries import shown_values
from app.licences.requests import rules, service
from app.licences.requests.models import FieldRequest
from app.licences.requests.rules import Standing
from app.licences.requests.service import ReadFields
from miniapp_api.routing import Actor, Call, Routes, Schema
from miniapp_api.staff.verifications import ShownField

routes = Routes()

_MOST = 50


class FieldsRequest(Schema):
    """Which fields, and what for; the holder reads both."""

    fields: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(min_length=1, max_length=_MOST)
    purpose: str = Field(min_length=2, max_length=200)


class FieldRequestView(Schema):
    """A request; it waits for the holder's answer until ``expires_at``."""

    id: UUID
    standing: Standing
    fields: list[str]
    expires_at: str

    @classmethod
    def of(cls, request: FieldRequest) -> "FieldRequestView":
        """The view of a request."""
        return cls(
            id=request.id,
            standing=rules.standing(request, clock.now()),
            fields=request.wanted,
            expires_at=clock.in_city(request.expires_at),
        )


class ReadFieldsView(Schema):
    """The fields that were allowed, of a licence in this state."""

    licence_state: str
    fields: list[ShownField]


@routes.add(
    "POST",
    "/staff/v1/verifications/<verification_id:uuid>/field-requests",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="ask_fields",
    status=201,
    errors=(
        errors.VerificationNotFoundError,
        errors.FieldRequestImpossibleError,
        errors.FieldsNotAskableError,
        errors.FieldRequestPendingError,
        NotFoundError,
    ),
)
async def ask_for_fields(call: Call, verification_id: UUID, body: FieldsRequest) -> FieldRequestView:
    """Ask for more fields of what I have just verified; the same while it waits gives the same request."""
    return FieldRequestView.of(await service.ask_for_fields(call.staff, verification_id, body.fields, body.purpose))


@routes.add(
    "GET",
    "/staff/v1/field-requests/<field_request_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="read",
    errors=(errors.FieldRequestNotFoundError,),
)
async def read_field_request(call: Call, field_request_id: UUID) -> FieldRequestView:
    """Where my request stands."""
    return FieldRequestView.of(await service.get_request(call.staff, field_request_id))


@routes.add(
    "POST",
    "/staff/v1/field-requests/<field_request_id:uuid>/reading",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="write",
    headers=("Idempotency-Key",),
    errors=(errors.FieldRequestNotFoundError, errors.FieldsUnreadableError, NotFoundError),
)
async def read_allowed_fields(call: Call, field_request_id: UUID) -> ReadFieldsView:
    """Read what was allowed, once. The same Idempotency-Key reads again, for a reply that was lost."""
    return read_view(await service.read_fields(call.staff, field_request_id, call.idempotency_key))


def read_view(found: ReadFields) -> ReadFieldsView:
    """The view of what was read."""
    fields = [
        ShownField(name=field.name, title=field.title, value=value)
        for field, value in shown_values(found.licence, found.definition)
        if field.name in found.request.wanted
    ]
    return ReadFieldsView(licence_state=found.licence.state.value, fields=fields)
