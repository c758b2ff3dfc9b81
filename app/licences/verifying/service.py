"""Staff verify a code: it is spent, judged, and the scan is recorded."""

import hashlib
from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from app.catalogue import queries as catalogue
from app.catalogue.licence_type import LicenceTypeDefinition
from app.identity.models import Staff
from app.identity.rules import Duty
from app.kit import clock, db, texts
from app.kit.codes import CodeMalformedError
from app.kit.db import transaction
from app.licences.codes import CodeSigner, SignedCode
from app.licences.errors import VerificationKeyReusedError
from app.licences.models import Licence, Presentation, Verification
from app.licences.telling import tell
from app.licences.verifying import verdicts
from app.licences.verifying.verdicts import Reason

# One statement decides: whoever changes the row has spent the code.
_SPEND = """
UPDATE presentations SET spent_at = $3
WHERE nonce = $1 AND digest = $2 AND spent_at IS NULL AND expires_at > $3 AND (mandate_id IS NULL OR EXISTS (
    SELECT 1 FROM mandates WHERE mandates.id = mandate_id AND mandates.state = 'active' AND mandates.ends_at > $3
))
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """A verification and what stands behind it; ``licence`` is None where the code led to none that may be shown."""

    verification: Verification
    licence: Licence | None
    definition: LicenceTypeDefinition | None


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
        signed = await signer.read(text)
    except CodeMalformedError as error:
        reason = Reason.UNKNOWN_KEY if error.reason == "unknown_key" else Reason.MALFORMED
        record.verdict, record.reason = reason.verdict, reason
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
        reason = Reason.MALFORMED
    elif not spent:
        reason = verdicts.judge_unspent(presentation.spent_at, presentation.expires_at, record.at)
    else:
        reason = verdicts.judge_licence(licence.state, licence.valid_until, clock.today())
    record.licence, record.verdict, record.reason = licence, reason.verdict, reason
    if licence and reason is Reason.VALID:
        record.shown = (await catalogue.get_licence_type(licence.type_code)).fields_for(Duty.VERIFY)
    await record.save(force_create=True)
    if licence and presentation and spent:
        await _tell_scanned(licence, presentation, reason, staff)
    return await _checked(record, licence)


async def _checked(record: Verification, licence: Licence | None) -> Checked:
    """Only a code that this scan spent shows a licence; any other shows nothing of it."""
    if licence is None or not verdicts.shows_licence(Reason(record.reason)):
        return Checked(record, None, None)
    return Checked(record, licence, await catalogue.get_licence_type(licence.type_code))


async def _tell_scanned(licence: Licence, presentation: Presentation, reason: Reason, staff: Staff) -> None:
    definition = await catalogue.get_licence_type(licence.type_code)
    word = texts.text("verdict", reason.verdict)
    await tell(
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
