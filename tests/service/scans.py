"""Codes that tests show and scan."""

import asyncio
import secrets
from datetime import datetime
from uuid import UUID, uuid4

from app.bootstrap import House
from app.catalogue.licence_type import Preset
from app.identity.models import Citizen, Staff
from app.kit import clock
from app.licences.codes import LONGEST, NONCE_BYTES, Claims, CodeKind
from app.licences.models import Licence, Presentation
from app.licences.verifying.models import Verification
from app.licences.verifying.offline import HandedIn, OfflineScan, hand_in
from app.licences.verifying.service import Checked, verify_code
from app.licences.verifying.telling import tell_untold
from app.licences.verifying.verdicts import Reason
from app.notifications.models import Message
from tests.service.cases import issued_licence, some_case_no


async def licence_of(citizen: Citizen) -> Licence:
    """A food licence of a citizen."""
    return await issued_licence(citizen, some_case_no(citizen.id))


async def shown_code(
    house: House,
    licence: Licence,
    kind: CodeKind = CodeKind.LIVE,
    *,
    preset: Preset = Preset.ALL,
    issued_at: datetime | None = None,
    mandate_id: UUID | None = None,
    session_id: UUID | None = None,
) -> str:
    """The token of a code that was handed out."""
    issued_at = (issued_at or clock.now()).replace(microsecond=0)
    claims = Claims(
        kind=kind,
        nonce=secrets.token_bytes(NONCE_BYTES),
        issued_at=issued_at,
        expires_at=issued_at + LONGEST[kind],
        reference=bytes.fromhex(licence.reference),
        licence_type=licence.type_code,
        masked_holder="测*",
        valid_until=licence.valid_until,
        preset=preset,
        status_list=licence.status_list,
        status_index=licence.status_index,
    )
    signed = await house.code_signer.sign(claims)
    await Presentation.create(
        nonce=claims.nonce.hex(),
        licence=licence,
        digest=signed.digest,
        mandate_id=mandate_id,
        session_id=session_id,
        kind=kind,
        preset=preset,
        issued_at=issued_at,
        expires_at=claims.expires_at,
    )
    return signed.token


async def scan(house: House, staff: Staff, code: str, key: str | None = None) -> Checked:
    """A scan with network."""
    return await verify_code(house.code_signer, staff, code, key)


def kept(code: str, at: datetime | None = None) -> OfflineScan:
    """A scan that a phone made without network."""
    return OfflineScan(uuid4(), code, at or clock.now(), 3600, 900, Reason.GENUINE_OFFLINE)


async def handed_in(house: House, staff: Staff, *scans: OfflineScan) -> list[HandedIn]:
    """What becomes of scans."""
    taken, refused = await hand_in(house.code_signer, staff, scans)
    assert not refused
    return taken


async def verifications_of(licence: Licence) -> list[Verification]:
    """Who asked, in their order."""
    return await Verification.filter(licence=licence).order_by("id")


async def messages_of_scans(citizen: Citizen) -> int:
    """How many messages about scans a citizen has, once all of them were told, here or by the worker."""
    async with asyncio.timeout(20):
        while await Verification.filter(licence__citizen=citizen, untold=True).exists():
            await tell_untold()
    return await Message.filter(citizen=citizen, kind="licence_scanned").count()
