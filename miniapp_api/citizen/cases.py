"""Cases: submitted, supplemented, withdrawn."""

from typing import Any
from uuid import UUID

from pydantic import Field

from app.applications import errors, service
from app.applications.models import Application
from app.catalogue import errors as catalogue_errors
from app.identity.errors import LevelTooLowError
from app.kit.errors import NotFoundError
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
_KEY = ("Idempotency-Key",)


class SupplementRequest(Schema):
    """What is handed in after a supplement was asked for; new materials are uploaded before."""

    note: str = Field(default="", max_length=500)
    form: dict[str, Any] = Field(default_factory=dict)


class WithdrawalRequest(Schema):
    """Why the citizen withdraws."""

    reason: str = Field(default="", max_length=500)


class CaseAnswer(Schema):
    """A case and where it stands."""

    case_no: str
    state: str


def _case(application: Application) -> CaseAnswer:
    return CaseAnswer(case_no=str(application.case_no), state=application.state.value)


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/submission",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=202,
    headers=_KEY,
    errors=(
        errors.ApplicationNotFoundError,
        errors.MaterialsMissingError,
        errors.IdempotencyKeyReusedError,
        errors.CaseNumbersExhaustedError,
        errors.StateForbidsError,
        catalogue_errors.FormInvalidError,
        catalogue_errors.ItemNotFoundError,
        LevelTooLowError,
        NotFoundError,
    ),
)
async def submit_application(call: Call, application_id: UUID) -> CaseAnswer:
    """Submit a draft. Submitting again answers the same case number."""
    return _case(await service.submit_application(call.party, application_id, call.idempotency_key))


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/supplements",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=202,
    headers=_KEY,
    errors=(
        errors.ApplicationNotFoundError,
        errors.StateForbidsError,
        catalogue_errors.FormInvalidError,
        catalogue_errors.ItemNotFoundError,
        NotFoundError,
    ),
)
async def supplement_application(call: Call, application_id: UUID, body: SupplementRequest) -> CaseAnswer:
    """Hand in what was asked for."""
    application = await service.supplement_application(
        call.party, application_id, body.note, body.form, call.idempotency_key
    )
    return _case(application)


@routes.add(
    "POST",
    "/api/v1/applications/<application_id:uuid>/withdrawal",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=202,
    errors=(errors.ApplicationNotFoundError, errors.StateForbidsError),
)
async def withdraw_application(call: Call, application_id: UUID, body: WithdrawalRequest) -> CaseAnswer:
    """Withdraw a case that was not decided yet."""
    return _case(await service.withdraw_application(call.party, application_id, body.reason))
