"""Officers verify codes."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, HTTPException, status
from pydantic import BaseModel, Field
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from app.catalogue.licence_type import LicenceTypeDefinition, Preset
from app.identity.rules import mask_name
from app.kit import clock, texts
from app.kit.codes import CodeMalformedError
from app.kit.ids import new_id
from app.licences.codes import CodeKind
from app.licences.models import LicenceState
from app.licences.verifying.digests import digest_of
from app.licences.verifying.verdicts import OF_KIND, SKEW, Reason, judge_licence, shows_licence
from bench.peers.fastapi_house.codes import read_code
from bench.peers.fastapi_house.database import Database
from bench.peers.fastapi_house.limiting import limit
from bench.peers.fastapi_house.models import Licence, Presentation, Staff, Verification
from bench.peers.fastapi_house.security import Officer

router = APIRouter(prefix="/staff/v1")
_AGAIN = timedelta(minutes=10)


class VerificationRequest(BaseModel):
    """The text inside the QR."""

    code: str = Field(min_length=1, max_length=4096)


class ShownField(BaseModel):
    """A field that may be seen."""

    name: str
    title: str
    value: Any


class ShownLicence(BaseModel):
    """A licence as far as it may be seen."""

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


class VerificationAnswer(BaseModel):
    """What the code is worth."""

    id: UUID
    verdict: str
    reason: str
    message: str
    kind: str | None
    preset: str | None
    holder: str | None
    facts: dict[str, bool]
    licence: ShownLicence | None


@router.post("/verifications")
async def verify_code(
    body: VerificationRequest,
    officer: Officer,
    database: Database,
    idempotency_key: Annotated[str | None, Header(max_length=128)] = None,
) -> VerificationAnswer:
    """Verify a code and spend it. The same key answers the same."""
    await limit("verify", officer.id, 600)
    digest, moment = digest_of(body.code), clock.now()
    if idempotency_key:
        before = await _before(database, officer, idempotency_key)
        if before:
            return _again(before, digest, moment)
    presentation, reason = await _judge(database, body.code, moment)
    record = Verification(
        id=new_id(),
        staff_id=officer.id,
        way="online",
        office=officer.office,
        duty="verify",
        licence=presentation.licence if presentation else None,
        verdict=reason.verdict,
        reason=reason,
        shown=_seen(presentation.licence, presentation.preset) if presentation and reason.verdict != "refused" else [],
        idempotency_key=idempotency_key,
        code_digest=digest,
        kind=presentation.kind if presentation else None,
        preset=presentation.preset if presentation else None,
        nonce=presentation.nonce if presentation else None,
        at=moment,
    )
    database.add(record)
    try:
        await database.commit()
    except IntegrityError:
        await database.rollback()
        before = await _before(database, officer, idempotency_key)
        if before is None:
            raise
        return _again(before, digest, moment)
    return _answer(record)


async def _before(database: Database, officer: Staff, key: str | None) -> Verification | None:
    found = select(Verification).where(Verification.staff_id == officer.id, Verification.idempotency_key == key)
    before: Verification | None = await database.scalar(
        found.options(joinedload(Verification.licence).joinedload(Licence.type))
    )
    return before


def _again(before: Verification, digest: str, moment: datetime) -> VerificationAnswer:
    if before.code_digest != digest or before.at + _AGAIN < moment:
        raise HTTPException(status.HTTP_409_CONFLICT)
    return _answer(before)


async def _judge(database: Database, text: str, moment: datetime) -> tuple[Presentation | None, Reason]:
    try:
        claims, digest = read_code(text)
    except CodeMalformedError as error:
        return None, Reason(error.reason)
    found = select(Presentation).where(Presentation.nonce == claims.nonce.hex(), Presentation.digest == digest)
    presentation = await database.scalar(
        found.options(joinedload(Presentation.licence).joinedload(Licence.type), joinedload(Presentation.session))
    )
    if presentation is None:
        return None, Reason.MALFORMED
    if claims.issued_at > moment + SKEW:
        return presentation, Reason.CLOCK_SKEW
    if presentation.spent_at:
        return presentation, Reason.REPLAYED
    if presentation.expires_at <= moment:
        return presentation, Reason.EXPIRED
    if presentation.ended_at or (presentation.session and presentation.session.ended_at):
        return presentation, Reason.CODE_ENDED
    spent = await database.execute(
        update(Presentation)
        .where(Presentation.nonce == presentation.nonce, Presentation.spent_at.is_(None))
        .values(spent_at=moment)
        .execution_options(synchronize_session=False)
    )
    if not spent.rowcount:
        return presentation, Reason.REPLAYED
    licence = presentation.licence
    reason = judge_licence(LicenceState(licence.state), licence.valid_from, licence.valid_until, clock.today())
    return presentation, OF_KIND[CodeKind(presentation.kind)] if reason is Reason.VALID else reason


def _seen(licence: Licence, preset: str) -> list[str]:
    definition = LicenceTypeDefinition.model_validate(licence.type.definition)
    chosen = set(definition.preset_fields(Preset(preset)))
    return [name for name in definition.fields_for("verify") if name in chosen]


def _answer(record: Verification) -> VerificationAnswer:
    reason = Reason(record.reason)
    licence = record.licence if shows_licence(reason) else None
    return VerificationAnswer(
        id=record.id,
        verdict=reason.verdict,
        reason=reason,
        message=texts.text("reason", reason),
        kind=record.kind,
        preset=record.preset,
        holder=mask_name(licence.holder) if licence else None,
        facts={},
        licence=_shown(record, licence) if licence else None,
    )


def _shown(record: Verification, licence: Licence) -> ShownLicence:
    numbers, values, seen = record.preset == Preset.ALL, json.loads(licence.values), set(record.shown)
    return ShownLicence(
        licence_type=licence.type_code,
        name=licence.type.name,
        number=licence.number if numbers else None,
        identifier=licence.identifier if numbers else None,
        state=licence.state,
        state_reason=licence.state_reason,
        issuer=licence.issuer,
        valid_from=licence.valid_from.isoformat(),
        valid_until=licence.valid_until.isoformat() if licence.valid_until else None,
        fields=[
            ShownField(name=field["name"], title=field["title"], value=values[field["name"]])
            for field in licence.type.definition["fields"]
            if field["name"] in seen and field["name"] in values
        ],
    )
