"""Codes of all kinds are made alike."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.catalogue.licence_type import LicenceTypeDefinition, Preset
from app.identity.rules import mask_name
from app.kit import clock
from app.licences.codes import NONCE_BYTES, Claims, CodeKind, CodeSigner, SignedCode, shortened
from app.licences.models import Licence, LicenceState, Presentation
from app.licences.presenting.presets import said_by
from media.qr import qr_png


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which code is to be made: of which licence, of which kind, to show what, until when."""

    licence: Licence
    definition: LicenceTypeDefinition
    kind: CodeKind
    preset: Preset
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Spelled:
    """A code as it is handed out: the text of its QR, the address of the same, and the QR as a PNG."""

    text: str
    url: str
    qr: bytes


async def make_code(signer: CodeSigner, wanted: Wanted, place: tuple[int | None, int | None]) -> SignedCode:
    """A signed code; ``place`` is that in the status lists. Raises PresetNotOfferedError or PresetNotMetError."""
    licence = wanted.licence
    said = said_by(wanted.preset, licence, wanted.definition, clock.today())
    return await signer.sign(
        Claims(
            kind=wanted.kind,
            nonce=secrets.token_bytes(NONCE_BYTES),
            issued_at=wanted.issued_at,
            expires_at=wanted.expires_at,
            reference=bytes.fromhex(licence.reference),
            licence_type=said.licence_type,
            masked_holder=shortened(mask_name(licence.holder)),
            valid_until=said.valid_until,
            preset=wanted.preset,
            facts=said.facts,
            status_list=place[0],
            status_index=place[1],
        )
    )


def row_of(code: SignedCode, licence: Licence) -> Presentation:
    """The row by which a code is known, not saved yet."""
    claims = code.claims
    return Presentation(
        nonce=claims.nonce.hex(),
        licence=licence,
        digest=code.digest,
        kind=claims.kind,
        preset=claims.preset,
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
    )


def this_second() -> datetime:
    """The present moment as a code can say it."""
    return clock.now().replace(microsecond=0)


def capped(until: datetime, *ends: datetime | None) -> datetime:
    """The earliest of these ends, in whole seconds."""
    return min([until, *(end for end in ends if end)]).replace(microsecond=0)


def is_in_force(licence: Licence) -> bool:
    """Whether a licence is worth something by its state and its first day; its end is that of what is made of it."""
    return licence.state is LicenceState.VALID and licence.valid_from <= clock.today()


def end_of_licence(licence: Licence) -> datetime | None:
    """The moment at which the last day of a licence is over."""
    if licence.valid_until is None:
        return None
    return datetime.combine(licence.valid_until + timedelta(days=1), datetime.min.time(), tzinfo=clock.CITY_TIME)


def text_of(public_url: str, code: SignedCode) -> str:
    """What the QR holds."""
    return f"{public_url}/V/{code.token}".upper()


def spell(public_url: str, code: SignedCode) -> Spelled:
    """A code with its QR, which is drawn sooner than a thread would be told to."""
    text = text_of(public_url, code)
    return Spelled(text, f"{public_url}/v/{code.token.lower()}", qr_png(text))
