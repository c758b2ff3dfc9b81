"""Use cases of licences: issue, present, verify, revoke."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from app.audit import service as audit
from app.catalogue import queries as catalogue
from app.catalogue.licence_type import LicenceTypeDefinition
from app.consents.service import respect_withdrawal
from app.identity.models import Staff
from app.identity.rules import mask_name
from app.kit import clock, db, texts
from app.kit.codes import CodeMalformedError
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.licences import rules
from app.licences.codes import NONCE_BYTES, Claims, CodeSigner, SignedCode
from app.licences.errors import VerificationKeyReusedError
from app.licences.identifiers import LicenceIdentifier
from app.licences.models import HOLDER, HolderKind, Licence, LicenceState, Presentation, Verification
from app.licences.queries import shown_licence
from app.licences.rules import Reason, Verdict
from app.mandates.party import Party
from app.mandates.queries import people_to_tell
from app.notifications.service import notify
from media.qr import qr_png

CODE_LIFETIME = timedelta(seconds=60)
_REFERENCE_BYTES = 8

_NEXT_SERIAL = """
INSERT INTO licence_serials (id, type_code, year, last_number) VALUES (gen_random_uuid(), $1, $2, 1)
ON CONFLICT (type_code, year) DO UPDATE SET last_number = licence_serials.last_number + 1
RETURNING last_number
"""

# One statement decides: whoever changes the row has spent the code.
_SPEND = """
UPDATE presentations SET spent_at = $3
WHERE nonce = $1 AND digest = $2 AND spent_at IS NULL AND expires_at > $3 AND (mandate_id IS NULL OR EXISTS (
    SELECT 1 FROM mandates WHERE mandates.id = mandate_id AND mandates.state = 'active' AND mandates.ends_at > $3
))
"""


@dataclass(frozen=True, slots=True)
class Presented:
    """A presentation code that was handed out. ``qr`` is a PNG."""

    code: str
    url: str
    expires_at: datetime
    qr: bytes
    state: LicenceState


@dataclass(frozen=True, slots=True)
class Checked:
    """A verification and what stands behind it; ``licence`` is None where the code led to none that may be shown."""

    verification: Verification
    licence: Licence | None
    definition: LicenceTypeDefinition | None


async def issue_licence(
    *,
    citizen_id: UUID,
    company_id: UUID | None = None,
    mandate_id: UUID | None = None,
    licence_type: str,
    case_no: str,
    form: dict[str, Any],
    holder: str,
    holder_code: str | None,
    valid_from: date,
) -> Licence:
    """Issue the licence of an approved case within the caller's transaction; once per case, whatever repeats.

    ``mandate_id`` is the mandate by which the case was begun: its delegate hears of the licence too.
    """
    known = await Licence.get_or_none(case_no=case_no)
    if known:
        return known
    definition = await catalogue.get_licence_type(licence_type)
    department = await catalogue.get_department(definition.department)
    counted = await db.row(_NEXT_SERIAL, definition.code, valid_from.year)
    serial = f"{valid_from.year}{counted['last_number'] if counted else 0:07d}"
    licence = await Licence.create(
        citizen_id=citizen_id,
        company_id=company_id,
        type_code=definition.code,
        identifier=str(LicenceIdentifier(definition.type_code, department.uscc, serial, 1)),
        reference=secrets.token_hex(_REFERENCE_BYTES),
        number=f"{department.region}{serial}",
        case_no=case_no,
        holder=holder,
        holder_kind=HolderKind.COMPANY if company_id else HolderKind.PERSON,
        holder_code=holder_code,
        holder_hash=keyring().lookup(holder_code, HOLDER) if holder_code else None,
        values={field.name: form[field.from_form] for field in definition.fields if field.from_form in form},
        issuer=department.name,
        issuer_code=department.uscc,
        region=department.region,
        issued_on=clock.today(),
        valid_from=valid_from,
        valid_until=rules.valid_until(valid_from, definition.valid_years),
    )
    await audit.record(f"licence:{licence.id}", "system", "licence_issued", case_no=case_no)
    await _tell(licence, "licence_issued", case_no, mandate_id, definition, case_no=case_no)
    return licence


async def revoke_licence(case_no: str, reason: str) -> None:
    """Revoke the licence of a case within the caller's transaction, at the word of the approval system."""
    licence = await Licence.select_for_update().get_or_none(case_no=case_no)
    if licence is None or licence.state is LicenceState.REVOKED:
        return
    licence.state, licence.state_reason, licence.state_changed_at = LicenceState.REVOKED, reason, clock.now()
    await licence.save(update_fields=["state", "state_reason", "state_changed_at"])
    await audit.record(f"licence:{licence.id}", "approval_system", "licence_revoked", case_no=case_no)
    definition = await catalogue.get_licence_type(licence.type_code)
    await _tell(licence, "licence_revoked", case_no, None, definition, note=reason, case_no=case_no)


async def present_licence(signer: CodeSigner, public_url: str, party: Party, licence_id: UUID) -> Presented:
    """Hand out a code that shows a licence once within CODE_LIFETIME.

    A revoked licence gets a code too: the scan tells the officer so. A code that was handed out by mandate ends
    with the mandate. Raises LicenceNotFoundError, MatterNotCoveredError, LevelTooLowError or ConsentMissingError.
    """
    licence = await shown_licence(party, licence_id)
    if party.citizen_id:
        await respect_withdrawal(party.citizen_id, "licence_presentation")
    issued_at = clock.now().replace(microsecond=0)
    claims = Claims(
        nonce=secrets.token_bytes(NONCE_BYTES),
        issued_at=issued_at,
        expires_at=issued_at + CODE_LIFETIME,
        licence_type=licence.type_code,
        masked_holder=mask_name(licence.holder),
        valid_until=licence.valid_until,
    )
    signed = signer.sign(claims)
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


async def verify_code(signer: CodeSigner, staff: Staff, text: str, idempotency_key: str | None) -> Checked:
    """Verify a scanned code, spend it, and record who saw what.

    The same key with the same code answers what was answered before: a lost reply costs no code. Raises
    VerificationKeyReusedError.
    """
    code_digest = hashlib.sha256(text.strip().upper().encode()).hexdigest()
    if idempotency_key:
        before = await Verification.get_or_none(staff=staff, idempotency_key=idempotency_key)
        if before:
            return await _answered_before(before, code_digest)
    record = Verification(
        staff=staff,
        office=staff.office,
        idempotency_key=idempotency_key,
        code_digest=code_digest,
        shown=[],
        at=clock.now(),
    )
    try:
        signed = signer.read(text)
    except CodeMalformedError as error:
        verdict = Verdict(Reason.UNKNOWN_KEY if error.reason == "unknown_key" else Reason.MALFORMED)
        record.verdict, record.reason = verdict.word, verdict.reason
        await record.save(force_create=True)
        return Checked(record, None, None)
    try:
        async with transaction():
            return await _spend_and_record(signed, record, staff)
    except IntegrityError:
        # Two requests with one key at once: the other one recorded it, and this one's spending was rolled back.
        return await _answered_before(await Verification.get(staff=staff, idempotency_key=idempotency_key), code_digest)


async def _answered_before(record: Verification, code_digest: str) -> Checked:
    if record.code_digest != code_digest:
        raise VerificationKeyReusedError
    await record.fetch_related("licence")
    return await _checked(record, record.licence)


async def _spend_and_record(signed: SignedCode, record: Verification, staff: Staff) -> Checked:
    claims = signed.claims
    spent = await db.execute(_SPEND, claims.nonce.hex(), signed.digest, record.at)
    presentation = await Presentation.get_or_none(nonce=claims.nonce.hex(), digest=signed.digest).prefetch_related(
        "licence"
    )
    licence = presentation.licence if presentation else None
    if presentation is None or licence is None:
        verdict = Verdict(Reason.MALFORMED)
    elif not spent:
        verdict = rules.judge_unspent(presentation.spent_at, presentation.expires_at, record.at)
    else:
        verdict = rules.judge_licence(licence.state, licence.valid_until, clock.today())
    record.licence, record.verdict, record.reason = licence, verdict.word, verdict.reason
    if licence and verdict.reason is Reason.VALID:
        record.shown = (await catalogue.get_licence_type(licence.type_code)).verify_fields
    await record.save(force_create=True)
    if licence and presentation and spent:
        await _tell_scanned(licence, presentation, verdict, staff)
    return await _checked(record, licence)


async def _checked(record: Verification, licence: Licence | None) -> Checked:
    """Only a code that this scan spent shows a licence; any other shows nothing of it."""
    if licence is None or record.reason in rules.UNSPENT:
        return Checked(record, None, None)
    return Checked(record, licence, await catalogue.get_licence_type(licence.type_code))


async def _tell_scanned(licence: Licence, presentation: Presentation, verdict: Verdict, staff: Staff) -> None:
    definition = await catalogue.get_licence_type(licence.type_code)
    word = texts.text("verdict", verdict.word)
    await _tell(
        licence,
        "licence_scanned",
        presentation.nonce,
        presentation.mandate_id,
        definition,
        path="/verifications",
        office=staff.office,
        verdict=word,
        phrase=word,
    )


async def _tell(
    licence: Licence,
    kind: str,
    occasion: str,
    mandate_id: UUID | None,
    definition: LicenceTypeDefinition,
    path: str = "",
    **values: str,
) -> None:
    citizen_id, company_id = licence.citizen_id, licence.company_id  # type: ignore[attr-defined]  # Tortoise adds them
    for person in await people_to_tell(citizen_id, company_id, mandate_id):
        await notify(person, kind, occasion, link=f"/licences/{licence.id}{path}", licence=definition.name, **values)
