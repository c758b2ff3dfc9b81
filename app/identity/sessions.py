"""Sessions of citizens: an access token for a quarter of an hour, a refresh token that is used once."""

import hashlib
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from cachetools import TTLCache

from app.audit import service as audit
from app.identity.errors import RefreshTokenInvalidError, SessionEndedError, SessionNotFoundError
from app.identity.models import Citizen, RefreshToken, Session
from app.identity.tokens import LIFETIME, AccessTokens, Audience
from app.kit import clock, db, jobs
from app.kit.db import transaction

REFRESH_LIFETIME = timedelta(days=30)
RETRY_WINDOW = timedelta(seconds=60)
# The room that tells citizens stands above this one: it is reached by the name of its job.
TELL = "notifications.tell"
_SEEN_SECONDS = 1.0
_USE_NOTED_EVERY = timedelta(minutes=1)

_SPEND = """
UPDATE refresh_tokens SET used_at = $2, idempotency_key = $3
WHERE digest = $1 AND used_at IS NULL AND expires_at > $2
RETURNING id, session_id
"""
_END = """
UPDATE sessions SET ended_at = $1, ended_because = $2
WHERE citizen_id = $3 AND ended_at IS NULL AND ($4::uuid IS NULL OR id = $4)
"""
_NOTE_USE = "UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in or a refresh gives. ``expires_in`` is the access token's time in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens, and whom they speak for."""

    tokens: TokenPair
    citizen: Citizen


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def open_session(tokens: AccessTokens, citizen: Citizen, device: str) -> Grant:
    """Begin a session for a citizen who has just signed in on ``device``.

    The phone calls itself what it likes: only what can be shown is kept of it, 128 characters at most.
    """
    device = "".join(filter(str.isprintable, device))[:128]
    async with transaction():
        moment = clock.now()
        session = await Session.create(citizen=citizen, device=device, created_at=moment, last_used_at=moment)
        return Grant(await _new_pair(tokens, session.id, citizen.id), citizen)


async def refresh_session(tokens: AccessTokens, refresh_token: str, idempotency_key: str | None) -> Grant:
    """Spend a refresh token for a new pair.

    A token that was spent before ends its whole session and the citizen is told, since one of the two who hold it stole
    it. Only a retry with the same key within RETRY_WINDOW gets the same answer again: its reply was lost. Raises
    RefreshTokenInvalidError.
    """
    digest = _digest(refresh_token)
    async with transaction():
        spent = await db.row(_SPEND, digest, clock.now(), idempotency_key)
        if spent:
            session = await Session.select_for_update().get(id=spent["session_id"]).prefetch_related("citizen")
            if session.ended_at is None:
                pair = await _new_pair(tokens, session.id, session.citizen.id)
                await RefreshToken.filter(id=spent["id"]).update(answer=asdict(pair))
                return Grant(pair, session.citizen)
        else:
            again = await _used_before(digest, idempotency_key)
            if again:
                return again
    raise RefreshTokenInvalidError


async def _used_before(digest: str, idempotency_key: str | None) -> Grant | None:
    """The answer that a retry gets again; any other second use ends the session."""
    token = await RefreshToken.filter(digest=digest, used_at__not_isnull=True).first()
    if token is None or token.used_at is None:
        return None
    session = await Session.select_for_update().get(id=token.session_id).prefetch_related("citizen")  # type: ignore[attr-defined]  # Tortoise adds it
    if session.ended_at is not None:
        return None
    is_retry = idempotency_key is not None and idempotency_key == token.idempotency_key
    if is_retry and token.answer and clock.now() - token.used_at <= RETRY_WINDOW:
        return Grant(TokenPair(**token.answer), session.citizen)
    await _end(session.citizen.id, session.id, "refresh_token_reused")
    await jobs.defer(TELL, citizen_id=str(session.citizen.id), kind="session_reused", occasion=str(session.id))
    return None


async def _new_pair(tokens: AccessTokens, session_id: UUID, citizen_id: UUID) -> TokenPair:
    refresh_token = secrets.token_urlsafe(32)
    await RefreshToken.create(
        session_id=session_id, digest=_digest(refresh_token), expires_at=clock.now() + REFRESH_LIFETIME
    )
    access_token = tokens.issue(Audience.CITIZEN, citizen_id, session_id)
    return TokenPair(access_token, refresh_token, int(LIFETIME.total_seconds()))


async def live_sessions(citizen_id: UUID) -> list[Session]:
    """A citizen's sessions that did not end, the last used first."""
    oldest = clock.now() - REFRESH_LIFETIME
    return await Session.filter(citizen_id=citizen_id, ended_at=None, last_used_at__gt=oldest).order_by("-last_used_at")


async def end_session(citizen_id: UUID, session_id: UUID) -> None:
    """End one of the citizen's sessions. Raises SessionNotFoundError."""
    async with transaction():
        if not await _end(citizen_id, session_id, "ended_by_citizen"):
            raise SessionNotFoundError


async def end_all_sessions(citizen_id: UUID) -> int:
    """End all of the citizen's sessions, the present one included; returns how many."""
    async with transaction():
        return await _end(citizen_id, None, "ended_by_citizen")


async def _end(citizen_id: UUID, session_id: UUID | None, because: str) -> int:
    await Citizen.select_for_update().get(id=citizen_id)
    ended = await db.execute(_END, clock.now(), because, citizen_id, session_id)
    if ended:
        details = {"session": str(session_id)} if session_id else {"sessions": ended}
        await audit.record(f"citizen:{citizen_id}", f"citizen:{citizen_id}", because, **details)
    return ended


class LiveSessions:
    """Which sessions are alive, as PostgreSQL says; each process believes itself for a second at most."""

    def __init__(self) -> None:
        self._seen: TTLCache[UUID, bool] = TTLCache(maxsize=100_000, ttl=_SEEN_SECONDS)

    async def require(self, session_id: UUID) -> None:
        """Raise SessionEndedError unless the session is alive; note that it was used, once a minute."""
        alive = self._seen.get(session_id)
        if alive is None:
            moment = clock.now()
            found = await db.row("SELECT ended_at, last_used_at FROM sessions WHERE id = $1", session_id)
            alive = found is not None and found["ended_at"] is None
            self._seen[session_id] = alive
            if alive and found and (found["last_used_at"] is None or found["last_used_at"] < moment - _USE_NOTED_EVERY):
                await db.execute(_NOTE_USE, session_id, moment, moment - _USE_NOTED_EVERY)
        if not alive:
            raise SessionEndedError
