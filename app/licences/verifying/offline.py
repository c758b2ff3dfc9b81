"""Scans that were made without network are handed in, judged again, and reach whose licence it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from app.catalogue import queries as catalogue
from app.identity.models import Session, Staff
from app.identity.rules import Duty
from app.kit import clock, db
from app.kit.db import transaction
from app.kit.errors import DomainError, NotFoundError
from app.licences.codes import CodeKind, CodeSigner, SignedCode
from app.licences.errors import VerificationKeyReusedError
from app.licences.models import Licence, Presentation
from app.licences.verifying.clocks import PHONE_SKEW, bounded
from app.licences.verifying.concerns import raise_concern
from app.licences.verifying.digests import digest_of
from app.licences.verifying.judging import judge_presented, state_at
from app.licences.verifying.models import Concern, ConcernKind, Verification, Way
from app.licences.verifying.service import keep, read_code
from app.licences.verifying.telling import tell_of
from app.licences.verifying.verdicts import Reason, Verdict
from app.licences.verifying.verifier import Verifier
from app.mandates.models import Mandate

_LOCK = "SELECT nonce FROM presentations WHERE nonce = $1 AND digest = $2 FOR UPDATE"


@dataclass(frozen=True, slots=True)
class OfflineScan:
    """A scan as the phone kept it under its own ``id``: what was shown, when by its clock, and what it ``said``.

    ``keys_age`` and ``status_age`` are the seconds since the phone fetched the keys and the status list it went by,
    None where it had none; ``said`` is None where it could not tell.
    """

    id: UUID
    text: str
    scanned_at: datetime
    keys_age: int | None
    status_age: int | None
    said: Reason | None


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What became of a scan; ``doubled`` where its code was scanned by somebody else too."""

    scan_id: UUID
    verification: Verification
    doubled: bool


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A scan that is refused, whenever it comes again."""

    scan_id: UUID
    error: DomainError


async def hand_in(
    signer: CodeSigner, staff: Staff, scans: Sequence[OfflineScan]
) -> tuple[list[HandedIn], list[NotTaken]]:
    """Take scans that a phone made without network, each by itself; one that was handed in before is known by its id.

    Those that are not taken hold up no other: an id that came with another code before (VerificationKeyReusedError), a
    licence of a type that is none any more (NotFoundError).
    """
    verifier = Verifier.of_staff(staff, Duty.VERIFY, Way.OFFLINE)
    taken: list[HandedIn] = []
    refused: list[NotTaken] = []
    for scan in scans:
        try:
            taken.append(await _hand_in(signer, verifier, scan))
        except (VerificationKeyReusedError, NotFoundError) as error:
            refused.append(NotTaken(scan.id, error))
    return taken, refused


async def _hand_in(signer: CodeSigner, verifier: Verifier, scan: OfflineScan) -> HandedIn:
    key, digest = f"offline:{scan.id}", digest_of(scan.text)
    record = await Verification.get_or_none(**verifier.itself, idempotency_key=key)
    if record is None:
        received = clock.now()
        record = Verification(
            **verifier.columns,
            idempotency_key=key,
            code_digest=digest,
            shown=[],
            handed_in_at=received,
            keys_age=scan.keys_age,
            status_age=scan.status_age,
            said=scan.said,
        )
        code = await read_code(signer, scan.text)
        issued_at = None if isinstance(code, Reason) else code.claims.issued_at
        counted = bounded(scan.scanned_at, received, issued_at)
        record.at, record.clock_wrong = counted.at, counted.wrong
        try:
            async with transaction():
                await _judge_and_record(verifier, code, record)
        except IntegrityError:
            # The phone handed it in twice at once.
            record = await Verification.get(**verifier.itself, idempotency_key=key)
    if record.code_digest != digest:
        raise VerificationKeyReusedError
    return HandedIn(scan.id, record, await Concern.exists(verification=record, kind=ConcernKind.DOUBLED))


async def _judge_and_record(verifier: Verifier, code: SignedCode | Reason, record: Verification) -> None:
    if isinstance(code, Reason):
        await keep(record, code, None)
        return
    presentation = await _locked(code)
    if presentation is None:
        await keep(record, Reason.MALFORMED, None)
        return
    reason = await _judge(verifier, presentation, record.at)
    await keep(record, reason, presentation)
    if presentation.kind == CodeKind.PAPER:
        return
    if presentation.spent_at:
        await _flag(record, presentation.licence)
    elif reason.verdict is not Verdict.REFUSED:
        presentation.spent_at = record.at
        await presentation.save(update_fields=["spent_at"])


async def _locked(code: SignedCode) -> Presentation | None:
    """The code's row, held for the caller's transaction, so that of two scans of one code the second sees the first."""
    nonce = code.claims.nonce.hex()
    if not await db.rows(_LOCK, nonce, code.digest):
        return None
    return await Presentation.get(nonce=nonce).select_related("licence")


async def _judge(verifier: Verifier, presentation: Presentation, at: datetime) -> Reason:
    """What the code was worth when it was scanned, by all that is known since; without network never plain valid."""
    if presentation.kind != CodeKind.PAPER and presentation.spent_at:
        return Reason.REPLAYED
    if presentation.ended_at and presentation.ended_at <= at:
        return Reason.CODE_ENDED
    if presentation.expires_at + PHONE_SKEW <= at:
        return Reason.EXPIRED
    if presentation.session_id and not await _session_held(presentation.session_id, at):
        return Reason.CODE_ENDED
    if presentation.mandate_id and not await _mandate_held(presentation.mandate_id, at):
        return Reason.MANDATE_ENDED
    definition = await catalogue.get_licence_type(presentation.licence.type_code)
    state = await state_at(presentation.licence, at)
    reason = await judge_presented(verifier, presentation, definition, at, state)
    return Reason.GENUINE_OFFLINE if reason is Reason.VALID else reason


async def _session_held(session_id: UUID, at: datetime) -> bool:
    session = await Session.get_or_none(id=session_id)
    return session is not None and (session.ended_at is None or at < session.ended_at)


async def _mandate_held(mandate_id: UUID, at: datetime) -> bool:
    mandate = await Mandate.get_or_none(id=mandate_id)
    return mandate is not None and at < mandate.ends_at and (mandate.ended_at is None or at < mandate.ended_at)


async def _flag(record: Verification, licence: Licence) -> None:
    """Two scans of one code, one of them without network: the supervision and whose licence it is hear of it.

    Not where the same officer's scan went through and only its reply was lost.
    """
    others = [
        other
        for other in await Verification.filter(nonce=record.nonce).exclude(id=record.id)
        if other.verdict != Verdict.REFUSED and not (other.staff_id == record.staff_id and other.way is Way.ONLINE)
    ]
    if not others:
        return
    for one in (record, *others):
        await raise_concern(one, ConcernKind.DOUBLED, licence)
    await tell_of(record, licence, "licence_scanned_twice", str(record.nonce))
