"""Holders show a licence by a code that is drawn as a QR."""

import base64
import hashlib
import io
import secrets
from datetime import timedelta
from uuid import UUID

import qrcode
from fastapi import APIRouter, HTTPException, status
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.catalogue.licence_type import Preset
from app.identity.rules import mask_name
from app.kit import clock
from app.kit.codes import token_of
from app.kit.crypto import keyring
from app.licences.codes import NONCE_BYTES, Claims, CodeKind, shortened, wire
from app.licences.codes.digits import grouped, new_digits
from app.licences.models import DIGITS
from bench.peers.fastapi_house.codes import keys
from bench.peers.fastapi_house.database import Database, settings
from bench.peers.fastapi_house.limiting import limit
from bench.peers.fastapi_house.models import Licence, Presentation
from bench.peers.fastapi_house.security import CitizenSession

router = APIRouter(prefix="/api/v1")
_LIFE = timedelta(seconds=60)


class PresentationRequest(BaseModel):
    """What the holder chooses to show."""

    preset: Preset


class PresentationAnswer(BaseModel):
    """A code that shows the licence once."""

    kind: str
    code: str
    url: str
    digits: str | None
    expires_at: str
    qr: str
    licence_state: str


@router.post("/licences/{licence_id}/presentations", status_code=201)
async def present_licence(
    licence_id: UUID, body: PresentationRequest, session: CitizenSession, database: Database
) -> PresentationAnswer:
    """Hand out a code that shows the licence once within a minute."""
    await limit("present", session.citizen_id, 60)
    found = select(Licence).where(Licence.id == licence_id, Licence.citizen_id == session.citizen_id)
    licence = await database.scalar(found.where(Licence.company_id.is_(None)).options(joinedload(Licence.type)))
    if licence is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND)
    if session.citizen.level < licence.type.definition["assurance_level"]:
        raise HTTPException(status.HTTP_403_FORBIDDEN)
    if body.preset not in licence.type.definition["presets"]:
        raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT)
    issued_at = clock.now().replace(microsecond=0)
    claims = Claims(
        kind=CodeKind.LIVE,
        nonce=secrets.token_bytes(NONCE_BYTES),
        issued_at=issued_at,
        expires_at=issued_at + _LIFE,
        reference=bytes.fromhex(licence.reference),
        licence_type=licence.type_code,
        masked_holder=shortened(mask_name(licence.holder)),
        valid_until=licence.valid_until,
        preset=body.preset,
        status_list=licence.status_list,
        status_index=licence.status_index,
    )
    code, digits = _signed(claims), new_digits()
    database.add(
        Presentation(
            nonce=claims.nonce.hex(),
            licence_id=licence.id,
            kind="live",
            preset=body.preset,
            digest=hashlib.sha256(code).hexdigest(),
            digits_hash=keyring().lookup(digits, DIGITS),
            session_id=session.id,
            issued_at=issued_at,
            expires_at=claims.expires_at,
        )
    )
    await database.commit()
    token = token_of(code)
    text = f"{settings.public_url}/V/{token}".upper()
    return PresentationAnswer(
        kind="live",
        code=text,
        url=f"{settings.public_url}/v/{token.lower()}",
        digits=grouped(digits),
        expires_at=clock.in_city(claims.expires_at),
        qr="data:image/png;base64," + base64.b64encode(_drawn(text)).decode(),
        licence_state=licence.state,
    )


def _signed(claims: Claims) -> bytes:
    key = next(iter(keys.values()))
    header, payload = wire.header_of(key.id, key.algorithm), wire.payload_of(claims)
    return wire.code_bytes(header, payload, key.private.sign(wire.signed_data(header, payload)))


def _drawn(text: str) -> bytes:
    picture = io.BytesIO()
    qrcode.make(text).save(picture)
    return picture.getvalue()
