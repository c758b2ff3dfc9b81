"""A licence is shown by a code that its holder's phone draws."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.catalogue.licence_type import Preset
from app.consents.service import respect_withdrawal
from app.identity.rules import mask_name
from app.kit import clock
from app.licences.codes import LONGEST, NONCE_BYTES, Claims, CodeKind, CodeSigner, shortened
from app.licences.models import LicenceState, Presentation
from app.licences.queries import shown_licence
from app.mandates.party import Party
from media.qr import qr_png


@dataclass(frozen=True, slots=True)
class Presented:
    """A presentation code that was handed out. ``qr`` is a PNG."""

    code: str
    url: str
    expires_at: datetime
    qr: bytes
    state: LicenceState


async def present_licence(signer: CodeSigner, public_url: str, party: Party, licence_id: UUID) -> Presented:
    """Hand out a code that shows a licence once within a minute.

    A revoked licence gets a code too: the scan tells the officer so. A code that was handed out by mandate ends
    with the mandate. Raises LicenceNotFoundError, MatterNotCoveredError, LevelTooLowError or ConsentMissingError.
    """
    licence = await shown_licence(party, licence_id)
    if party.citizen_id:
        await respect_withdrawal(party.citizen_id, "licence_presentation")
    issued_at = clock.now().replace(microsecond=0)
    claims = Claims(
        kind=CodeKind.LIVE,
        nonce=secrets.token_bytes(NONCE_BYTES),
        issued_at=issued_at,
        expires_at=issued_at + LONGEST[CodeKind.LIVE],
        reference=bytes.fromhex(licence.reference),
        licence_type=licence.type_code,
        masked_holder=shortened(mask_name(licence.holder)),
        valid_until=licence.valid_until,
        preset=Preset.ALL,
        status_list=licence.status_list,
        status_index=licence.status_index,
    )
    signed = await signer.sign(claims)
    code = f"{public_url}/V/{signed.token}".upper()
    qr = await asyncio.to_thread(qr_png, code)
    await Presentation.create(
        nonce=claims.nonce.hex(),
        licence=licence,
        digest=signed.digest,
        mandate_id=party.mandate_id,
        issued_at=issued_at,
        expires_at=claims.expires_at,
    )
    return Presented(code, f"{public_url}/v/{signed.token.lower()}", claims.expires_at, qr, licence.state)
