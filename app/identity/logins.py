"""Sign-ins that lead through another site's page and come back: each ends once, in the browser it began in."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from app.identity.errors import LoginStateInvalidError
from app.identity.models import LoginState
from app.kit import clock, db
from app.kit.db import transaction

LIFETIME = timedelta(minutes=10)
_TAKE = "DELETE FROM login_states WHERE digest = $1 AND kind = $2 AND browser = $3 AND expires_at > $4 RETURNING id"


class LoginKind(StrEnum):
    """Whose page a sign-in leads through."""

    WECHAT = "wechat"
    PROVINCE = "province"
    WORK = "work"


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way. ``state`` goes to the other site, ``browser`` into a cookie.

    ``nonce`` and ``verifier`` are those of OpenID Connect and PKCE (RFC 7636: 43 to 128 unreserved characters).
    """

    state: str
    browser: str
    nonce: str
    verifier: str


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


async def begin_login(kind: LoginKind, *, browser: str, return_to: str, session_id: UUID | None = None) -> Begun:
    """Begin a sign-in. ``browser`` is its cookie from a sign-in before, empty where there is none.

    ``return_to`` is the page to open afterwards, ``session_id`` the session that asks for it.
    """
    # WeChat's state is letters and digits.
    begun = Begun(secrets.token_hex(32), browser or secrets.token_hex(32), secrets.token_hex(16), secrets.token_hex(32))
    await LoginState.create(
        digest=_digest(begun.state),
        kind=kind,
        browser=_digest(begun.browser),
        nonce=begun.nonce,
        verifier=begun.verifier,
        return_to=return_to,
        session_id=session_id,
        expires_at=clock.now() + LIFETIME,
    )
    return begun


async def end_login(kind: LoginKind, *, state: str, browser: str) -> LoginState:
    """Take the sign-in that came back, once. Raises LoginStateInvalidError."""
    async with transaction():
        found = await LoginState.get_or_none(digest=_digest(state))
        taken = await db.row(_TAKE, _digest(state), kind, _digest(browser), clock.now())
        if found is None or taken is None:
            raise LoginStateInvalidError
        return found


async def forget_old_logins() -> int:
    """Delete sign-ins that nobody came back from."""
    return await db.execute("DELETE FROM login_states WHERE expires_at < $1", clock.now())
