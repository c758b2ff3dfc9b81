"""A code is verified: it is spent, judged, and who saw what is recorded."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from app.catalogue import queries as catalogue
from app.catalogue.licence_type import LicenceTypeDefinition, Preset
from app.identity.models import Staff
from app.identity.rules import Duty
from app.kit import clock
from app.kit.codes import CodeMalformedError
from app.kit.db import transaction
from app.licences.codes import CodeSigner, SignedCode
from app.licences.codes.digits import is_checked, read_digits
from app.licences.errors import VerificationKeyReusedError
from app.licences.models import Licence, Presentation
from app.licences.presenting.spending import Spent, spend, spend_digits
from app.licences.verifying import verdicts
from app.licences.verifying.digests import digest_of
from app.licences.verifying.judging import is_consented, judge_presented, may_show
from app.licences.verifying.models import Verification
from app.licences.verifying.swift import verify_swiftly
from app.licences.verifying.verdicts import Reason
from app.licences.verifying.verifier import Verifier

ANSWERED_AGAIN = timedelta(minutes=10)
"""How long after a verification its reply may be asked for again."""


@dataclass(frozen=True, slots=True)
class Digits:
    """The twelve digits of a code, as they were typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A verification and what stands behind it; ``licence`` is None where the code led to none that may be shown."""

    verification: Verification
    licence: Licence | None
    definition: LicenceTypeDefinition | None

    @property
    def shows_numbers(self) -> bool:
        """Whether the licence's own numbers are shown: where its holder chose so, and to who named them."""
        return self.verification.preset in {None, Preset.ALL}

    @property
    def facts(self) -> dict[str, bool]:
        """What the code proved of its holder beside the licence, by name."""
        proven = self.licence is not None and self.verification.preset == Preset.AGE_60
        return {"over_60": True} if proven and self.verification.verdict != verdicts.Verdict.REFUSED else {}


async def verify_code(
    signer: CodeSigner, staff: Staff, text: str, idempotency_key: str | None, duty: Duty = Duty.VERIFY
) -> Checked:
    """Verify what a member of staff scanned or typed in a duty; see ``verify``."""
    return await verify(signer, Verifier.of_staff(staff, duty), text, idempotency_key)


async def verify(signer: CodeSigner, verifier: Verifier, text: str, idempotency_key: str | None) -> Checked:
    """Verify a code, spend it, and record who saw what; whose licence it is is told.

    Where nothing stands against the code, that is one statement.

    The same key with the same code answers within ANSWERED_AGAIN what was answered before: a lost reply costs no code.
    Members of staff may type a code's digits too. Raises VerificationKeyReusedError or DigitsPausedError.
    """
    if swift := await verify_swiftly(signer, verifier, text, idempotency_key):
        return Checked(swift.verification, swift.licence, swift.definition)
    return await verify_in_steps(signer, verifier, text, idempotency_key)


async def verify_in_steps(signer: CodeSigner, verifier: Verifier, text: str, idempotency_key: str | None) -> Checked:
    """As ``verify``, rule by rule; this is what the one statement is held to."""
    digest = digest_of(text)
    if idempotency_key:
        before = await Verification.get_or_none(**verifier.itself, idempotency_key=idempotency_key)
        if before:
            return await answered_before(before, digest)
    record = Verification(
        **verifier.columns, idempotency_key=idempotency_key, code_digest=digest, shown=[], at=clock.now()
    )
    digits = read_digits(text) if verifier.staff else None
    code = await read_code(signer, text) if digits is None else Digits(digits)
    try:
        async with transaction():
            return await _verify_and_record(verifier, code, record)
    except IntegrityError:
        if not idempotency_key:
            raise
        # Two requests with one key at once: the other one recorded it, and this one's spending was rolled back.
        before = await Verification.get(**verifier.itself, idempotency_key=idempotency_key)
        return await answered_before(before, digest)


async def answered_before(record: Verification, digest: str) -> Checked:
    """What a verification answered.

    Raises VerificationKeyReusedError where it was about something else, or is too long ago: a key must not open what
    the licence says by then, of which its holder would see nothing.
    """
    if record.code_digest != digest or record.at + ANSWERED_AGAIN < clock.now():
        raise VerificationKeyReusedError
    await record.fetch_related("licence")
    return await checked(record, record.licence)


async def read_code(signer: CodeSigner, text: str) -> SignedCode | Reason:
    """A code that is proven to be ours, or why it is not."""
    try:
        return await signer.read(text)
    except CodeMalformedError as error:
        return Reason.UNKNOWN_KEY if error.reason == "unknown_key" else Reason.MALFORMED


async def _verify_and_record(verifier: Verifier, code: SignedCode | Digits | Reason, record: Verification) -> Checked:
    if isinstance(code, Reason):
        return await keep(record, code, None)
    if isinstance(code, SignedCode) and code.claims.issued_at > record.at + verdicts.SKEW:
        return await keep(record, Reason.CLOCK_SKEW, await _behind(code))
    spent = await _spend(verifier, code, record.at)
    presentation = spent.presentation
    if presentation is None:
        return await keep(record, Reason.MALFORMED, None)
    if spent.unspent:
        return await keep(record, verdicts.OF_UNSPENT[spent.unspent], presentation)
    if not await is_consented(presentation):
        return await keep(record, Reason.CODE_ENDED, presentation)
    definition = await catalogue.get_licence_type(presentation.licence.type_code)
    reason = await judge_presented(verifier, presentation, definition, record.at, presentation.licence.state)
    if reason.verdict is not verdicts.Verdict.REFUSED:
        record.shown = may_show(verifier, presentation, definition)
    return await keep(record, reason, presentation)


async def _spend(verifier: Verifier, code: SignedCode | Digits, at: datetime) -> Spent:
    if isinstance(code, SignedCode):
        return await spend(code, at)
    if verifier.staff is None or not is_checked(code.text):
        # What was mistyped is no guess.
        return Spent(None, False)
    return await spend_digits(verifier.staff.id, code.text, at)


async def _behind(code: SignedCode) -> Presentation | None:
    found = Presentation.get_or_none(nonce=code.claims.nonce.hex(), digest=code.digest)
    return await found.select_related("licence")


async def keep(record: Verification, reason: Reason, presentation: Presentation | None) -> Checked:
    """Record a verification that ended with ``reason``, within the caller's transaction.

    The worker tells whose licence it is, of a genuine code that was refused too.
    """
    record.verdict, record.reason = reason.verdict, reason
    licence = presentation.licence if presentation else None
    if presentation:
        record.licence, record.nonce = licence, presentation.nonce
        record.kind, record.preset = presentation.kind, presentation.preset
    record.untold = licence is not None
    await record.save(force_create=True)
    return await checked(record, licence)


async def checked(record: Verification, licence: Licence | None) -> Checked:
    """What may be shown of a verification: nothing of a licence that the code did not prove."""
    if licence is None or not verdicts.shows_licence(Reason(record.reason)):
        return Checked(record, None, None)
    return Checked(record, licence, await catalogue.get_licence_type(licence.type_code))
