"""Staff sign in, and what they may do."""

import asyncio
import logging
from copy import copy
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from asyncpg import Record
from cachetools import TTLCache

from app.audit import service as audit
from app.identity import rules, second_factor, sessions
from app.identity.errors import (
    AccessTokenInvalidError,
    DutyMissingError,
    LoginCodeInvalidError,
    PasswordChangeNeededError,
    PasswordWeakError,
    PasswordWrongError,
    SecondFactorNeededError,
    SecondFactorUnsetError,
    SecondFactorWrongError,
    WorkAccountUnknownError,
    WorkUnavailableError,
)
from app.identity.models import Staff
from app.identity.ports import StaffPages
from app.identity.rules import Audience, Duty
from app.identity.service import CODE_REFUSED
from app.identity.sessions import NOTING_USE, Grant, LiveSessions, read_used
from app.identity.tokens import LIFETIME, AccessTokens
from app.kit import db, limits
from app.kit.db import transaction
from app.kit.errors import DomainError
from app.kit.lately import Lately
from app.kit.quick import Quick
from wechat.errors import NotAMemberError, WeChatError, WeChatRefusedError

_log = logging.getLogger(__name__)

_ACTIVE = "SELECT * FROM staff WHERE id = $1 AND active"
_SIGNED_IN = f"""
{NOTING_USE}
SELECT sessions.id AS session_id, citizen_id, staff_id, ended_at, staff.*
FROM sessions LEFT JOIN staff ON staff.id = staff_id WHERE sessions.id = ANY ($1::uuid[])
"""  # noqa: S608  # our own words
_seen: Lately[tuple[Quick, UUID], Staff] = Lately()
# For as long as an access token lives: what is opened of a sealed row is not kept of those who are gone.
_made: TTLCache[UUID, tuple[Record, Staff]] = TTLCache(maxsize=2_000, ttl=LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True)
class StaffGrant:
    """What a sign-in of staff gives."""

    grant: Grant
    member: Staff


@dataclass(frozen=True, slots=True)
class StaffDoor:
    """How staff get in: by what tokens, and whether an account without a second factor may at all.

    Only under the stand-ins is ``second_factor_for_all`` false.
    """

    tokens: AccessTokens
    second_factor_for_all: bool


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


async def hash_password(password: str) -> str:
    """The argon2id hash of a password (RFC 9106)."""
    return await asyncio.to_thread(_hasher().hash, password)


@cache
def _nobody() -> str:
    """A hash that no password has, so that an unknown name takes as long as a wrong password."""
    return _hasher().hash("nobody")


def _is_right(password_hash: str, password: str) -> bool:
    try:
        return _hasher().verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


async def sign_in_staff(
    door: StaffDoor, username: str, password: str, otp: str | None, *, address: str, device: str
) -> StaffGrant:
    """Sign a member of staff in by password and second factor.

    Wrong tries are counted per name, and per name and address. Raises PasswordWrongError, whatever of name and password
    was wrong, SecondFactorNeededError, SecondFactorWrongError, SecondFactorUnsetError or RateLimitedError.
    """
    tries = await _count(door, username, address)
    member = await Staff.get_or_none(username=username, active=True)
    password_hash = member.password_hash if member else _nobody()
    right = await asyncio.to_thread(_is_right, password_hash, password)
    if member is None or not right:
        raise _refused(member, PasswordWrongError())
    await _require_second_factor(door, member, otp)
    await tries.forgive()
    return await _open(door, member, device)


async def member_behind(work: StaffPages, code: str) -> Staff:
    """The member of staff who opened a page in 企业微信 and came back with a code.

    Raises WorkAccountUnknownError, LoginCodeInvalidError or WorkUnavailableError.
    """
    try:
        user_id = await work.user_id(code)
    except NotAMemberError as error:
        raise WorkAccountUnknownError from error
    except WeChatRefusedError as error:
        raise (LoginCodeInvalidError if error.code in CODE_REFUSED else WorkUnavailableError) from error
    except WeChatError as error:
        raise WorkUnavailableError from error
    member = await Staff.get_or_none(work_user_id=user_id, active=True)
    if member is None:
        raise WorkAccountUnknownError
    return member


async def sign_in_known_staff(
    door: StaffDoor, member: Staff, otp: str | None, *, address: str, device: str
) -> StaffGrant:
    """Sign in a member of staff whom another provider has proven, in place of the password.

    Raises SecondFactorNeededError, SecondFactorWrongError, SecondFactorUnsetError or RateLimitedError.
    """
    tries = await _count(door, member.username, address)
    await _require_second_factor(door, member, otp)
    await tries.forgive()
    return await _open(door, member, device)


async def _count(door: StaffDoor, username: str, address: str) -> limits.Tries:
    tries = limits.Tries({"staff_try_here": f"{username} {address}", "staff_try": username})
    await tries.count()
    return tries


async def _require_second_factor(door: StaffDoor, member: Staff, otp: str | None) -> None:
    if member.otp_secret is None:
        if door.second_factor_for_all:
            raise _refused(member, SecondFactorUnsetError())
        return
    if not otp:
        raise SecondFactorNeededError
    if not await second_factor.spend_code(member, otp):
        raise _refused(member, SecondFactorWrongError())


def _refused(member: Staff | None, error: DomainError) -> DomainError:
    """The error, once it was logged whose account was tried; a name that nobody has is no account's and is not told."""
    _log.warning("staff_sign_in_refused", extra={"staff_id": str(member.id) if member else None, "code": error.code})
    return error


async def _open(door: StaffDoor, member: Staff, device: str) -> StaffGrant:
    async with transaction():
        await lock_unchanged(member)
        return StaffGrant(await sessions.open_session(door.tokens, Audience.STAFF, member.id, device), member)


async def lock_unchanged(member: Staff) -> Staff:
    """The account that a password or a code was checked against, locked. Raises PasswordWrongError where its
    credentials were changed since, or it was barred.
    """
    locked = await Staff.select_for_update(no_key=True).get(id=member.id)
    if not locked.active or (locked.password_hash, locked.otp_secret) != (member.password_hash, member.otp_secret):
        raise PasswordWrongError
    return locked


async def change_own_password(member: Staff, old: str, new: str) -> int:
    """Change a password; every session of the account ends, and their number is returned.

    Raises PasswordWrongError for the old one, PasswordWeakError for the new one.
    """
    if not await asyncio.to_thread(_is_right, member.password_hash, old):
        raise PasswordWrongError
    rules.require_strong_password(new, member.username)
    if new == old:
        raise PasswordWeakError
    hashed = await hash_password(new)
    async with transaction():
        locked = await lock_unchanged(member)
        locked.password_hash, locked.password_given = hashed, False
        await locked.save(update_fields=["password_hash", "password_given"])
        await audit.record(f"staff:{member.id}", f"staff:{member.id}", "password_changed")
        return await sessions.end_all_sessions(Audience.STAFF, member.id, "password_changed")


async def signed_in(live: LiveSessions, session_id: UUID) -> Staff:
    """The member of staff whose session this is: one statement asks for both, where neither was asked for of late.

    Raises SessionEndedError, and AccessTokenInvalidError as ``_active`` does.
    """
    return await _active(await live.owner(session_id, _look_up_both))


async def _read_both(quick: Quick, session_ids: list[UUID]) -> dict[UUID, Record]:
    return await read_used(quick, session_ids, _SIGNED_IN)


async def _look_up_both(session_id: UUID) -> Record | None:
    quick = db.quick()
    found = await quick.found(_read_both, session_id)
    if found and found["active"]:
        _keep(quick, _made_of(found))
    return found


def _made_of(row: Record) -> Staff:
    """The member of staff in a row. Most rows are what they were the last time, and so is who was made of them."""
    before = _made.get(row["session_id"])
    if before is None or before[0] != row:
        before = _made[row["session_id"]] = row, db.instance(Staff, row)
    return before[1]


def _keep(quick: Quick, member: Staff) -> None:
    if not member.password_given:
        _seen[quick, member.id] = member


async def _active(staff_id: UUID) -> Staff:
    """The member of staff with this id, while their account is active. Raises AccessTokenInvalidError.

    As with sessions, each process believes itself for a second at most; who must change their password is asked about
    each time, since they may have done so elsewhere.
    """
    quick = db.quick()
    member = _seen.get((quick, staff_id))
    if member is None:
        found = await quick.row(_ACTIVE, staff_id)
        if found is None:
            raise AccessTokenInvalidError
        member = db.instance(Staff, found)
        _keep(quick, member)
    # Each request has one of its own, in case it changes it.
    own = copy(member)
    own.duties = [*member.duties]
    return own


def forget_active(staff_id: UUID) -> None:
    """Have this process ask about a member of staff anew, since something about them changes."""
    _seen.forget((db.quick(), staff_id))


def require_duty(member: Staff, duty: Duty) -> None:
    """Raise DutyMissingError unless the member of staff has the duty.

    Whoever must change their password first has none: PasswordChangeNeededError.
    """
    if duty is Duty.ANY:
        return
    if member.password_given:
        raise PasswordChangeNeededError
    if duty not in member.duties:
        raise DutyMissingError(duty=duty)
