"""A licence is shown by a code that its holder's phone draws: one for now, or some for a place without network."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.catalogue.licence_type import LicenceTypeDefinition, Preset
from app.consents.service import respect_withdrawal
from app.kit import db
from app.kit.crypto import keyring
from app.kit.errors import TemporarilyUnavailableError
from app.licences.codes import LONGEST, CodeKind, CodeSigner, SignedCode
from app.licences.codes.digits import new_digits
from app.licences.errors import LicenceNotValidError
from app.licences.models import DIGITS, PRESENTING, Licence, LicenceState, Presentation
from app.licences.presenting.making import (
    Wanted,
    capped,
    end_of_licence,
    is_in_force,
    make_code,
    row_of,
    spell,
    this_second,
)
from app.licences.queries import read_licence
from app.mandates.party import Party
from app.mandates.queries import end_of

_DRAWS = 3
"""How often digits are drawn at most until no other code has them; nearly always the first are free."""
_SAVE = """
INSERT INTO presentations (
    digits_hash, nonce, licence_id, kind, preset, digest, mandate_id, session_id, issued_at, expires_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (digits_hash) DO NOTHING RETURNING nonce
"""


@dataclass(frozen=True, slots=True)
class Presented:
    """A code that was handed out. ``qr`` is a PNG; ``digits`` stand for a live one, and are None for others."""

    kind: CodeKind
    code: str
    url: str
    digits: str | None
    expires_at: datetime
    qr: bytes
    state: LicenceState


async def present_licence(
    signer: CodeSigner,
    public_url: str,
    party: Party,
    licence_id: UUID,
    preset: Preset,
    session_id: UUID | None = None,
) -> Presented:
    """Hand out a code, and the digits that stand for it, that show a licence once within a minute.

    A licence that is worth nothing gets a code too: the scan tells the officer so. A code ends with the mandate and
    the session by which it was handed out. Raises LicenceNotFoundError, MatterNotCoveredError, LevelTooLowError,
    ConsentMissingError, PresetNotOfferedError, PresetNotMetError or
    TemporarilyUnavailableError.
    """
    licence, definition = await _to_be_shown(party, licence_id)
    issued_at = this_second()
    wanted = Wanted(licence, definition, CodeKind.LIVE, preset, issued_at, issued_at + LONGEST[CodeKind.LIVE])
    code = await make_code(signer, wanted, (licence.status_list, licence.status_index))
    spelled = spell(public_url, code)
    digits = await _save_with_digits(code, licence, party.mandate_id, session_id)
    return Presented(CodeKind.LIVE, spelled.text, spelled.url, digits, wanted.expires_at, spelled.qr, licence.state)


async def hold_codes(
    signer: CodeSigner,
    public_url: str,
    party: Party,
    licence_id: UUID,
    preset: Preset,
    many: int,
    session_id: UUID | None = None,
) -> list[Presented]:
    """Hand out so many codes for a place without network, each good once within twelve hours.

    They end with the licence, the mandate and the session; a scanner without network learns of the licence's end from
    the status list, of the others' when it hands its scans in. They have no digits: whoever types has a network, and
    twelve hours are long enough to guess. Raises as ``present_licence`` does, and LicenceNotValidError.
    """
    licence, definition = await _to_be_shown(party, licence_id)
    issued_at = this_second()
    mandate_ends = await end_of(party.mandate_id) if party.mandate_id else None
    expires_at = capped(issued_at + LONGEST[CodeKind.HELD], mandate_ends, end_of_licence(licence))
    if not is_in_force(licence) or expires_at <= issued_at:
        raise LicenceNotValidError
    wanted = Wanted(licence, definition, CodeKind.HELD, preset, issued_at, expires_at)
    place = (licence.status_list, licence.status_index)
    codes = [await make_code(signer, wanted, place) for _ in range(many)]
    rows = [row_of(code, licence) for code in codes]
    for row in rows:
        row.mandate_id, row.session_id = party.mandate_id, session_id
    spelled = [spell(public_url, code) for code in codes]
    await Presentation.bulk_create(rows)
    return [Presented(CodeKind.HELD, one.text, one.url, None, expires_at, one.qr, licence.state) for one in spelled]


async def _to_be_shown(party: Party, licence_id: UUID) -> tuple[Licence, LicenceTypeDefinition]:
    shown = await read_licence(party, licence_id, with_moves=False)
    if shown.refused and party.citizen_id:
        await respect_withdrawal(party.citizen_id, PRESENTING)
    return shown.licence, shown.definition


async def _save_with_digits(
    code: SignedCode, licence: Licence, mandate_id: UUID | None, session_id: UUID | None
) -> str:
    claims = code.claims
    for _ in range(_DRAWS):
        digits = new_digits()
        saved = await db.quick().row(
            _SAVE,
            *(keyring().lookup(digits, DIGITS), claims.nonce.hex(), licence.id, claims.kind, claims.preset),
            *(code.digest, mandate_id, session_id, claims.issued_at, claims.expires_at),
        )
        if saved:
            return digits
    raise TemporarilyUnavailableError
