"""Staff: their accounts, their sign-in, their duties."""

import asyncio
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from app.identity.errors import AccessTokenInvalidError, DutyMissingError, PasswordWrongError
from app.identity.models import Staff
from app.identity.rules import Duty
from app.identity.tokens import LIFETIME, AccessTokens, Audience
from app.kit import clock

_DEMONSTRATION = ("verifier", "verifier-demo", "佳木斯市市场监督管理局执法一科", "scjg", [Duty.VERIFY])


@dataclass(frozen=True, slots=True)
class StaffGrant:
    """What a sign-in of staff gives."""

    access_token: str
    expires_in: int


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash that no password has, so that an unknown name takes as long as a wrong password."""
    return _hasher().hash("nobody")


def _is_right(password_hash: str, password: str) -> bool:
    try:
        return _hasher().verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


async def sign_in_staff(tokens: AccessTokens, username: str, password: str) -> StaffGrant:
    """Sign a member of staff in. Raises PasswordWrongError, whatever of the two was wrong."""
    member = await Staff.get_or_none(username=username, active=True)
    password_hash = member.password_hash if member else _nobody()
    right = await asyncio.to_thread(_is_right, password_hash, password)
    if member is None or not right:
        raise PasswordWrongError
    return StaffGrant(tokens.issue(Audience.STAFF, member.id), int(LIFETIME.total_seconds()))


async def active_staff(staff_id: UUID) -> Staff:
    """The member of staff with this id, while their account is active. Raises AccessTokenInvalidError."""
    member = await Staff.get_or_none(id=staff_id, active=True)
    if member is None:
        raise AccessTokenInvalidError
    return member


def require_duty(member: Staff, duty: str) -> None:
    """Raise DutyMissingError unless the member of staff has the duty."""
    if duty not in member.duties:
        raise DutyMissingError(duty=duty)


async def ensure_demonstration_staff() -> None:
    """Make the demonstration account, under the stand-ins only."""
    username, password, office, department, duties = _DEMONSTRATION
    if await Staff.exists(username=username):
        return
    password_hash = await asyncio.to_thread(_hasher().hash, password)
    await Staff.create(
        username=username,
        password_hash=password_hash,
        office=office,
        department=department,
        duties=duties,
        demonstration=True,
        created_at=clock.now(),
    )
