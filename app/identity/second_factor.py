"""The second factor of staff: time-based one-time passwords (RFC 6238), each used once."""

import hmac
from uuid import UUID

import pyotp

from app.identity.models import Staff
from app.kit import clock, db

_ISSUER = "佳办"
# A phone's clock may differ, and the code is typed: one step to either side (RFC 6238, section 5.2).
_DRIFT = (0, -1, 1)

_SPEND = "UPDATE staff SET otp_step = $2 WHERE id = $1 AND (otp_step IS NULL OR otp_step < $2)"


def new_secret() -> str:
    """A new secret of 160 bits in base32."""
    return pyotp.random_base32()


def provisioning_uri(username: str, secret: str) -> str:
    """The ``otpauth`` address that an authenticator app reads, as text or as a QR symbol."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=_ISSUER)


def matching_step(secret: str, code: str) -> int | None:
    """The time step whose code this is at present, None where there is none."""
    totp = pyotp.TOTP(secret)
    present = int(clock.now().timestamp()) // totp.interval
    given = code.strip().encode()
    return next(
        (
            present + drift
            for drift in _DRIFT
            if hmac.compare_digest(totp.generate_otp(present + drift).encode(), given)
        ),
        None,
    )


async def spend_code(member: Staff, code: str) -> bool:
    """Use a code of the member's second factor; False where it is wrong, or it or a later one was used before."""
    step = matching_step(member.otp_secret or "", code) if member.otp_secret else None
    return step is not None and await _spend(member.id, step)


async def _spend(staff_id: UUID, step: int) -> bool:
    return bool(await db.execute(_SPEND, staff_id, step))
