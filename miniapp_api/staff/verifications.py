"""Staff verify codes."""

from typing import Any

from pydantic import Field

from app.identity.rules import Duty
from app.kit import texts
from app.kit.errors import NotFoundError
from app.licences.errors import VerificationKeyReusedError
from app.licences.queries import shown_values
from app.licences.verifying import service
from app.licences.verifying.service import Checked
from app.licences.verifying.verdicts import Reason, Verdict
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class VerificationRequest(Schema):
    """The text inside the QR."""

    code: str = Field(min_length=1, max_length=4096)


class ShownField(Schema):
    """A field that the duty may see."""

    name: str
    title: str
    value: Any


class ShownLicence(Schema):
    """A licence as the duty may see it. One that is not valid shows no fields."""

    licence_type: str
    name: str
    number: str
    identifier: str
    state: str
    state_reason: str | None
    issuer: str
    valid_from: str
    valid_until: str | None
    fields: list[ShownField]


class VerificationAnswer(Schema):
    """``verdict`` is in one word; ``reason`` is a stable code, ``message`` the same in Chinese."""

    verdict: Verdict
    reason: Reason
    message: str
    licence: ShownLicence | None


def _shown(checked: Checked) -> ShownLicence | None:
    licence, definition = checked.licence, checked.definition
    if licence is None or definition is None:
        return None
    shown = set(checked.verification.shown)
    return ShownLicence(
        licence_type=licence.type_code,
        name=definition.name,
        number=licence.number,
        identifier=licence.identifier,
        state=licence.state.value,
        state_reason=licence.state_reason,
        issuer=licence.issuer,
        valid_from=licence.valid_from.isoformat(),
        valid_until=licence.valid_until.isoformat() if licence.valid_until else None,
        fields=[
            ShownField(name=field.name, title=field.title, value=value)
            for field, value in shown_values(licence, definition)
            if field.name in shown
        ],
    )


@routes.add(
    "POST",
    "/staff/v1/verifications",
    actor=Actor.STAFF,
    duty=Duty.VERIFY,
    limit="verify",
    headers=("Idempotency-Key",),
    errors=(VerificationKeyReusedError, NotFoundError),
)
async def verify_code(call: Call, body: VerificationRequest) -> VerificationAnswer:
    """Verify a scanned code and spend it. The same Idempotency-Key answers the same."""
    checked = await service.verify_code(call.house.code_signer, call.staff, body.code, call.idempotency_key)
    reason = Reason(checked.verification.reason)
    return VerificationAnswer(
        verdict=reason.verdict,
        reason=reason,
        message=texts.text("reason", reason),
        licence=_shown(checked),
    )
