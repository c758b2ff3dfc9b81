"""Proving who a citizen is: by name and number with the authority, by face with WeChat."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.audit import service as audit
from app.identity import joining, rules
from app.identity.errors import (
    AlreadyVerifiedError,
    FaceNeedsMiniProgramError,
    FaceNotPassedError,
    FaceVerificationNotFoundError,
    MinorNeedsGuardianError,
    RealNameMismatchError,
    RealNameUnavailableError,
    WeChatUnavailableError,
)
from app.identity.models import Citizen, FaceVerification, Session, WeChatAccount
from app.identity.ports import FaceComparison, RealNameAuthority
from app.identity.rules import Level
from app.identity.service import get_citizen, lock_citizen
from app.kit import clock, db, jobs, limits
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.ports import PortError
from wechat.errors import WeChatError

TELL_OTHERS = "identity.tell_others_with_number"
_PASSED = "UPDATE face_verifications SET passed_at = $2 WHERE id = $1 AND passed_at IS NULL"


async def verify_real_name(
    authority: RealNameAuthority, citizen_id: UUID, name: str, id_number: str, *, device: str
) -> Citizen:
    """Verify a name and an identity number with the authority and raise the citizen to REAL_NAME.

    Tries that ask the authority are counted per citizen, wrong ones also per number and per device. Other accounts
    with the number are told, and nothing of theirs is seen. Raises IdNumberInvalidError, MinorNeedsGuardianError,
    AlreadyVerifiedError, RealNameMismatchError, RealNameUnavailableError or RateLimitedError.
    """
    number, name = rules.parse_id_number(id_number, today=clock.today()), name.strip()
    if clock.today() < rules.fourteenth_birthday(number):
        raise MinorNeedsGuardianError(age=rules.AGE_OF_OWN_CONSENT)
    citizen = await get_citizen(citizen_id)
    if _is_already(citizen, name, number):
        return citizen
    await _ask(authority, citizen_id, name, number, device)
    async with transaction():
        citizen = await lock_citizen(citizen_id)
        if _is_already(citizen, name, number):
            return citizen
        await confirm_identity(citizen, name, number, "real_name_verified")
    return citizen


async def correct_name(authority: RealNameAuthority, citizen_id: UUID, name: str, *, device: str) -> Citizen:
    """Take over the name that a verified citizen bears now, as the authority confirms it for their number.

    Licences keep the name they were issued in. Raises LevelTooLowError, RealNameMismatchError,
    RealNameUnavailableError or RateLimitedError.
    """
    name, citizen = name.strip(), await get_citizen(citizen_id)
    rules.require_level(citizen.level, Level.REAL_NAME)
    await _ask(authority, citizen_id, name, citizen.id_number or "", device)
    async with transaction():
        locked = await lock_citizen(citizen_id)
        if locked.id_number != citizen.id_number:
            raise RealNameMismatchError
        if locked.name != name:
            await confirm_identity(locked, name, locked.id_number or "", "name_corrected")
            await jobs.defer(joining.PERSON_PROVEN, citizen_id=str(locked.id))
    return locked


async def _ask(authority: RealNameAuthority, citizen_id: UUID, name: str, number: str, device: str) -> None:
    if not name:
        # Nobody is called nothing, and the authority takes no such question.
        raise RealNameMismatchError
    await limits.hold(limits.rules()["real_name"], str(citizen_id))
    tries = limits.Tries({"real_name_device": device, "real_name_person": keyring().lookup(number, "limit")})
    await tries.count()
    try:
        matches = await authority.matches(name, number)
    except PortError as error:
        await tries.forgive()
        raise RealNameUnavailableError from error
    if not matches:
        raise RealNameMismatchError
    await tries.forgive()


async def confirm_identity(citizen: Citizen, name: str, number: str, action: str) -> None:
    """Give a locked citizen the identity that an authority has confirmed, within the caller's transaction."""
    first = citizen.id_number is None
    citizen.name, citizen.id_number = name, number
    citizen.id_number_hash = keyring().lookup(number, "id_number")
    citizen.level = max(citizen.level, Level.REAL_NAME)
    citizen.verified_at = clock.now()
    await citizen.save(update_fields=["name", "id_number", "id_number_hash", "level", "verified_at"])
    await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", action, level=citizen.level)
    if first:
        await jobs.defer(TELL_OTHERS, citizen_id=str(citizen.id))


def _is_already(citizen: Citizen, name: str, number: str) -> bool:
    if citizen.level < Level.REAL_NAME:
        return False
    if (citizen.name, citizen.id_number) != (name, number):
        raise AlreadyVerifiedError
    return True


@dataclass(frozen=True, slots=True)
class FaceTask:
    """What the phone hands to ``wx.requestFacialVerify``, within ``expires_in`` seconds."""

    id: UUID
    verify_id: str
    expires_in: int


async def begin_face_verification(
    faces: FaceComparison, appid: str, citizen_id: UUID, session_id: UUID, *, device: str
) -> FaceTask:
    """Begin a comparison of the citizen's face with the identity card whose name and number were verified.

    Counted per citizen, per person and per device. Raises LevelTooLowError before the name is verified,
    FaceNeedsMiniProgramError, WeChatUnavailableError or RateLimitedError.
    """
    citizen = await get_citizen(citizen_id)
    rules.require_level(citizen.level, Level.REAL_NAME)
    openid = await _openid_of_session(session_id, appid)
    number = citizen.id_number or ""
    tries = {"face": str(citizen_id), "face_device": device, "face_person": keyring().lookup(number, "limit")}
    await limits.Tries(tries).count()
    out_seq_no = secrets.token_hex(16)
    try:
        ticket = await faces.get_verify_id(
            out_seq_no=out_seq_no, name=citizen.name or "", id_number=number, openid=openid
        )
    except WeChatError as error:
        raise WeChatUnavailableError from error
    moment = clock.now()
    begun = await FaceVerification.create(
        citizen_id=citizen_id,
        out_seq_no=out_seq_no,
        verify_id=ticket.verify_id,
        name_verified_at=citizen.verified_at,
        created_at=moment,
        expires_at=moment + timedelta(seconds=ticket.expires_in),
    )
    return FaceTask(begun.id, ticket.verify_id, ticket.expires_in)


async def _openid_of_session(session_id: UUID, appid: str) -> str:
    """The openid of the phone that asks: WeChat compares the face of whoever holds it."""
    session = await Session.get(id=session_id)
    account = await WeChatAccount.get_or_none(id=session.wechat_account_id, appid=appid)
    if account is None:
        raise FaceNeedsMiniProgramError
    return account.openid


async def finish_face_verification(
    faces: FaceComparison, appid: str, citizen_id: UUID, session_id: UUID, verification_id: UUID
) -> Citizen:
    """Ask WeChat whether a comparison has passed, and raise the citizen to FACE.

    Other accounts with the number are joined with this one; the citizen who remains is returned. What the phone itself
    says of the comparison proves nothing. Raises FaceVerificationNotFoundError, FaceNotPassedError,
    FaceNeedsMiniProgramError or WeChatUnavailableError.
    """
    begun = await FaceVerification.get_or_none(
        id=verification_id, citizen_id=citizen_id, expires_at__gt=clock.now()
    ).prefetch_related("citizen")
    if begun is None or begun.citizen.id_number is None:
        raise FaceVerificationNotFoundError
    if begun.passed_at:
        return begun.citizen
    openid = await _openid_of_session(session_id, appid)
    try:
        passed = await faces.query_verify_info(
            verify_id=begun.verify_id,
            out_seq_no=begun.out_seq_no,
            name=begun.citizen.name or "",
            id_number=begun.citizen.id_number,
            openid=openid,
        )
    except WeChatError as error:
        raise WeChatUnavailableError from error
    if not passed:
        raise FaceNotPassedError
    async with transaction():
        citizen, others = await joining.lock_person(citizen_id)
        if citizen.verified_at != begun.name_verified_at:
            raise FaceVerificationNotFoundError
        if not await db.execute(_PASSED, begun.id, clock.now()):
            return citizen
        citizen.level = Level.FACE
        await citizen.save(update_fields=["level"])
        await audit.record(f"citizen:{citizen.id}", f"citizen:{citizen.id}", "face_verified", level=citizen.level)
        return await joining.join_by_face(citizen, others)
