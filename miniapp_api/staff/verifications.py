"""Staff verify codes: at once, or without network and handed in later."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, Strict

from app.catalogue.licence_type import Preset
from app.identity.rules import Duty, mask_name
from app.kit import clock, texts
from app.kit.errors import NotFoundError
from app.licences.errors import DigitsPausedError, VerificationKeyReusedError
from app.licences.queries import shown_values
from app.licences.verifying import service
from app.licences.verifying.offline import HandedIn, NotTaken, OfflineScan, hand_in
from app.licences.verifying.service import Checked
from app.licences.verifying.verdicts import Reason, Verdict
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()

_MOST_SCANS = 200
_LONGEST_AGE = 10 * 366 * 24 * 3600
Age = Annotated[int, Field(ge=0, le=_LONGEST_AGE)]


class VerificationRequest(Schema):
    """The text inside the QR, or the twelve digits beside it."""

    code: str = Field(min_length=1, max_length=4096)


class ShownField(Schema):
    """A field that may be seen."""

    name: str
    title: str
    value: Any


class ShownLicence(Schema):
    """A licence as far as its holder chose to show it and the duty, or the system's purpose, may see it.

    One that is worth nothing shows no fields. Numbers are null unless the holder chose to show all.
    """

    licence_type: str
    name: str
    number: str | None
    identifier: str | None
    state: str
    state_reason: str | None
    issuer: str
    valid_from: str
    valid_until: str | None
    fields: list[ShownField]


class VerificationAnswer(Schema):
    """``verdict`` is in one word; ``reason`` is a stable code, ``message`` the same in Chinese.

    ``holder`` is masked, to be compared with who stands there. A proof of age says that by ``facts`` (``over_60``),
    and nothing of the licence behind it.
    """

    id: UUID
    verdict: Verdict
    reason: Reason
    message: str
    kind: str | None = Field(description="live, held (fetched beforehand) or paper")
    preset: str | None = Field(description="what the holder chose to show")
    holder: str | None
    facts: dict[str, bool]
    licence: ShownLicence | None

    @classmethod
    def of(cls, checked: Checked) -> "VerificationAnswer":
        """The answer to a verification."""
        found = checked.verification
        reason = Reason(found.reason)
        return cls(
            id=found.id,
            verdict=reason.verdict,
            reason=reason,
            message=texts.text("reason", reason),
            kind=found.kind,
            preset=found.preset,
            holder=mask_name(checked.licence.holder) if checked.licence else None,
            facts=checked.facts,
            licence=_shown(checked),
        )


class Scan(Schema):
    """A scan that the phone kept under its own ``id``; ``scanned_at`` by its clock.

    ``said`` is what it answered, null where it could not tell.
    """

    id: Annotated[UUID, Strict(strict=False)]
    code: str = Field(min_length=1, max_length=4096)
    scanned_at: Annotated[AwareDatetime, Strict(strict=False)]
    keys_age_seconds: Age | None
    status_age_seconds: Age | None
    said: Reason | None


class ScansRequest(Schema):
    """Scans that were made without network."""

    scans: list[Scan] = Field(min_length=1, max_length=_MOST_SCANS)


class JudgedScan(Schema):
    """What became of a scan: judged again at ``at``, when it counts as made.

    ``clock_wrong``: the phone's clock cannot have been right. ``doubled``: the code was scanned by somebody else too.
    """

    id: UUID
    verification_id: UUID
    verdict: Verdict
    reason: Reason
    message: str
    at: str
    clock_wrong: bool
    doubled: bool

    @classmethod
    def of(cls, found: HandedIn) -> "JudgedScan":
        """What became of a scan."""
        record, reason = found.verification, Reason(found.verification.reason)
        return cls(
            id=found.scan_id,
            verification_id=record.id,
            verdict=reason.verdict,
            reason=reason,
            message=texts.text("reason", reason),
            at=clock.in_city(record.at),
            clock_wrong=record.clock_wrong,
            doubled=found.doubled,
        )


class RefusedScan(Schema):
    """A scan that is not taken, and would not be if it came again; ``code`` as of errors, ``message`` in Chinese."""

    id: UUID
    code: str
    message: str

    @classmethod
    def of(cls, one: NotTaken) -> "RefusedScan":
        """What is said of a scan that is not taken."""
        return cls(id=one.scan_id, code=one.error.code, message=texts.text("errors", one.error.code))


class JudgedScans(Schema):
    """The scans in their order; those that are not taken hold up no other."""

    items: list[JudgedScan]
    refused: list[RefusedScan]


def _shown(checked: Checked) -> ShownLicence | None:
    licence, definition = checked.licence, checked.definition
    if licence is None or definition is None or checked.verification.preset == Preset.AGE_60:
        return None
    shown = set(checked.verification.shown)
    numbers = checked.shows_numbers
    return ShownLicence(
        licence_type=licence.type_code,
        name=definition.name,
        number=licence.number if numbers else None,
        identifier=licence.identifier if numbers else None,
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


async def _verify(call: Call, body: VerificationRequest, duty: Duty) -> VerificationAnswer:
    key = call.idempotency_key
    return VerificationAnswer.of(await service.verify_code(call.house.code_signer, call.staff, body.code, key, duty))


@routes.add(
    "POST",
    "/staff/v1/verifications",
    actor=Actor.STAFF,
    duty=Duty.VERIFY,
    limit="verify",
    headers=("Idempotency-Key",),
    errors=(VerificationKeyReusedError, DigitsPausedError, NotFoundError),
)
async def verify_code(call: Call, body: VerificationRequest) -> VerificationAnswer:
    """Verify a scanned code and spend it. The same Idempotency-Key answers the same."""
    return await _verify(call, body, Duty.VERIFY)


@routes.add(
    "POST",
    "/staff/v1/window/verifications",
    actor=Actor.STAFF,
    duty=Duty.WINDOW,
    limit="verify",
    headers=("Idempotency-Key",),
    errors=(VerificationKeyReusedError, DigitsPausedError, NotFoundError),
)
async def verify_code_at_window(call: Call, body: VerificationRequest) -> VerificationAnswer:
    """The same at a window of the service hall, which may see other fields."""
    return await _verify(call, body, Duty.WINDOW)


@routes.add(
    "POST",
    "/staff/v1/offline-verifications",
    actor=Actor.STAFF,
    duty=Duty.VERIFY,
    limit="write",
)
async def hand_in_scans(call: Call, body: ScansRequest) -> JudgedScans:
    """Hand in scans that were made without network; each is judged again, and known by its id the next time."""
    scans = [
        OfflineScan(one.id, one.code, one.scanned_at, one.keys_age_seconds, one.status_age_seconds, one.said)
        for one in body.scans
    ]
    taken, refused = await hand_in(call.house.code_signer, call.staff, scans)
    return JudgedScans(items=[JudgedScan.of(one) for one in taken], refused=[RefusedScan.of(one) for one in refused])
