"""The approval system's events, and the files it comes to fetch."""

from typing import Literal
from uuid import UUID

from sanic import HTTPResponse

from app.applications.materials.errors import MaterialInfectedError, MaterialLostError, MaterialPendingError
from app.approvals import errors, inbox
from app.approvals.connector import EventMessage
from app.approvals.files import read_for
from app.kit import nonces
from app.kit.errors import NotFoundError
from miniapp_api.answers import file_answer
from miniapp_api.errors import FieldInvalidError
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class EventAnswer(Schema):
    """``kept`` for a new event, ``known`` for one that came before."""

    status: Literal["kept", "known"]


@routes.add(
    "POST",
    "/callbacks/approvals",
    actor=Actor.PARTNER,
    limit="partner",
    errors=(errors.CallbackReplayedError, errors.CaseUnknownError, errors.EventConflictError),
)
async def take_approval_event(call: Call, body: EventMessage) -> EventAnswer:
    """Take an event of the approval system; it is kept before it is answered."""
    try:
        event = body.to_event()
    except ValueError as error:
        raise FieldInvalidError(fields=[{"field": "kind", "reason": "enum"}]) from error
    taken = await inbox.take_callback(call.house.connectors, call.caller.connector, event, call.caller.nonce)
    return EventAnswer(status="kept" if taken.new else "known")


@routes.add(
    "GET",
    "/callbacks/approvals/cases/<case_no:str>/materials/<file_id:uuid>",
    actor=Actor.PARTNER,
    limit="partner",
    media_type="*/*",
    errors=(
        errors.CallbackReplayedError,
        NotFoundError,
        MaterialPendingError,
        MaterialInfectedError,
        MaterialLostError,
    ),
)
async def fetch_material(call: Call, case_no: str, file_id: UUID) -> HTTPResponse:
    """A file of a case, for the approval system that the case went to."""
    house, caller = call.house, call.caller
    if not await nonces.spend(caller.connector, caller.nonce):
        raise errors.CallbackReplayedError
    material, content = await read_for(house.connectors, caller.connector, house.blobs, case_no, file_id)
    return file_answer(content, material.content_type)
