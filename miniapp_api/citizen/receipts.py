"""Receipts of a case as printable documents."""

from uuid import UUID

from sanic import HTTPResponse

from app.applications import errors, receipts
from app.catalogue.errors import ItemNotFoundError
from app.kit.errors import NotFoundError, TemporarilyUnavailableError
from miniapp_api.answers import file_answer
from miniapp_api.routing import Actor, Call, Routes

routes = Routes()
_PDF = "application/pdf"
_ERRORS = (
    errors.ApplicationNotFoundError,
    errors.NotSubmittedError,
    ItemNotFoundError,
    NotFoundError,
    TemporarilyUnavailableError,
)


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/receipt",
    actor=Actor.CITIZEN,
    acting=True,
    limit="receipt",
    media_type=_PDF,
    errors=_ERRORS,
)
async def read_receipt(call: Call, application_id: UUID) -> HTTPResponse:
    """The receipt of a submission (申请回执) as PDF."""
    house = call.house
    content = await receipts.submission_receipt(
        house.record_signer, house.settings.public_url, call.party, application_id
    )
    return file_answer(content, _PDF)


@routes.add(
    "GET",
    "/api/v1/applications/<application_id:uuid>/receipt/acceptance",
    actor=Actor.CITIZEN,
    acting=True,
    limit="receipt",
    media_type=_PDF,
    errors=(*_ERRORS, errors.AcceptanceOpenError),
)
async def read_acceptance_receipt(call: Call, application_id: UUID) -> HTTPResponse:
    """The receipt that the case was accepted, or was not (受理回执、不予受理回执), as PDF."""
    house = call.house
    content = await receipts.acceptance_receipt(
        house.record_signer, house.settings.public_url, call.party, application_id
    )
    return file_answer(content, _PDF)
