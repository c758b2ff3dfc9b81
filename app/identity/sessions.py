"""Sessions of citizens: an access token for a quarter of an hour, a refresh token that is used once."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.identity.errors import RefreshTokenInvalidError
from app.identity.models import Citizen, RefreshToken, Session
from app.identity.tokens import LIFETIME, AccessTokens, Audience
from app.kit import clock, db
from app.kit.db import transaction

REFRESH_LIFETIME = timedelta(days=30)

_SPEND = """
UPDATE refresh_tokens SET used_at = $2
WHERE digest = $1 AND used_at IS NULL AND expires_at > $2
RETURNING session_id
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a sign-in or a refresh gives. ``expires_in`` is the access token's time in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    citizen: Citizen


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def open_session(tokens: AccessTokens, citizen: Citizen) -> Grant:
    """Begin a session for a citizen who has just signed in."""
    async with transaction():
        session = await Session.create(citizen=citizen, created_at=clock.now())
        return await _grant(tokens, session.id, citizen)


async def refresh_session(tokens: AccessTokens, refresh_token: str) -> Grant:
    """Spend a refresh token for a new pair.

    A token that was spent before ends its whole session, since one of the two who hold it stole it. Raises
    RefreshTokenInvalidError.
    """
    digest = _digest(refresh_token)
    async with transaction():
        spent = await db.row(_SPEND, digest, clock.now())
        if spent:
            session = await Session.select_for_update().get(id=spent["session_id"])
            if session.ended_at is None:
                citizen = await Citizen.get(id=session.citizen_id)  # type: ignore[attr-defined]  # Tortoise adds it
                return await _grant(tokens, session.id, citizen)
        else:
            await _end_family(digest)
    raise RefreshTokenInvalidError


async def _end_family(digest: str) -> None:
    sql = """
    UPDATE sessions SET ended_at = $2, ended_because = 'refresh_token_reused'
    WHERE ended_at IS NULL
      AND id IN (SELECT session_id FROM refresh_tokens WHERE digest = $1 AND used_at IS NOT NULL)
    """
    await db.execute(sql, digest, clock.now())


async def _grant(tokens: AccessTokens, session_id: UUID, citizen: Citizen) -> Grant:
    refresh_token = secrets.token_urlsafe(32)
    await RefreshToken.create(
        session_id=session_id, digest=_digest(refresh_token), expires_at=clock.now() + REFRESH_LIFETIME
    )
    access_token = tokens.issue(Audience.CITIZEN, citizen.id, session_id)
    return Grant(access_token, refresh_token, int(LIFETIME.total_seconds()), citizen)
