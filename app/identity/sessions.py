"""Sessions of citizens and staff: an access token for a quarter of an hour, a refresh token that is used once."""

import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from asyncpg import Record

from app.audit import service as audit
from app.identity.errors import RefreshTokenInvalidError, SessionEndedError, SessionNotFoundError
from app.identity.models import Citizen, RefreshToken, Session, Staff
from app.identity.queries import lock_present
from app.identity.rules import Audience
from app.identity.tokens import LIFETIME, AccessTokens
from app.kit import clock, db, jobs
from app.kit.db import transaction
from app.kit.lately import Lately
from app.kit.quick import Quick

_log = logging.getLogger(__name__)

REFRESH_LIFETIME = timedelta(days=30)
LONGEST_SESSION = timedelta(days=365)
"""How long a citizen's session lasts at most, however often it is refreshed: once a year they sign in anew."""
# A shift and its breaks: staff sign in with their second factor every day.
STAFF_REFRESH_LIFETIME = timedelta(hours=12)
RETRY_WINDOW = timedelta(seconds=60)
# The room that tells citizens stands above this one: it is reached by the name of its job.
TELL = "notifications.tell"
_DOT = "."
_USE_NOTED_EVERY = timedelta(minutes=1)

_SPEND = """
UPDATE refresh_tokens SET used_at = $2, idempotency_key = $3
WHERE digest = $1 AND used_at IS NULL AND expires_at > $2
RETURNING id, session_id
"""
_END = """
UPDATE sessions SET ended_at = $1, ended_because = $2
WHERE (citizen_id = $3 OR staff_id = $3) AND ended_at IS NULL AND ($4::uuid IS NULL OR id = $4)
"""
NOTING_USE = """
WITH used AS (
    UPDATE sessions SET last_used_at = $2 WHERE id = ANY (ARRAY(
        SELECT id FROM sessions
        WHERE id = ANY ($1::uuid[]) AND ended_at IS NULL AND (last_used_at IS NULL OR last_used_at < $3)
        FOR NO KEY UPDATE SKIP LOCKED
    ))
)
"""
"""What a statement begins with that reads sessions: their use at $2 is noted, unless it was since $3.

Nor is it where somebody has a session locked: nobody who looks at one waits.
"""
_LIVE = f"""
{NOTING_USE} SELECT id AS session_id, citizen_id, staff_id, ended_at FROM sessions WHERE id = ANY ($1::uuid[])
"""  # noqa: S608  # our own words


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in or a refresh gives. ``expires_in`` is the access token's time in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int

    @property
    def csrf_token(self) -> str:
        """What a page shows beside the access token in its cookie, to prove that it is ours."""
        return csrf_token_of(self.refresh_token)


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens, and the citizen or member of staff whom they speak for."""

    tokens: TokenPair
    owner_id: UUID


def csrf_token_of(refresh_token: str) -> str:
    """The token against forged requests that goes with a refresh token, and with all that follow it in its session.

    So a page that was opened before a renewal, in another tab too, still changes what it shows. It tells nothing about
    the refresh token.
    """
    return _digest(f"csrf {_line_of(refresh_token)}")


def _line_of(refresh_token: str) -> str:
    """What the refresh tokens of a session have in common: what stands before the last dot, else all of it."""
    return refresh_token.rpartition(_DOT)[0] or refresh_token


def _digest(token: str) -> str:
    # A cookie's bytes that are not UTF-8 come as surrogates.
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


async def open_session(
    tokens: AccessTokens, audience: Audience, owner_id: UUID, device: str, wechat_account_id: UUID | None = None
) -> Grant:
    """Begin a session on one surface for a citizen or a member of staff who has just signed in on ``device``.

    The device calls itself what it likes: only what can be shown is kept of it, 128 characters at most. Raises
    SessionEndedError where a citizen's account was deleted since.
    """
    device = "".join(filter(str.isprintable, device))[:128]
    of_staff = audience is Audience.STAFF
    async with transaction():
        if not of_staff:
            await lock_present(owner_id)
        moment = clock.now()
        session = await Session.create(
            audience=audience,
            citizen_id=None if of_staff else owner_id,
            staff_id=owner_id if of_staff else None,
            wechat_account_id=wechat_account_id,
            device=device,
            created_at=moment,
            last_used_at=moment,
        )
        grant = Grant(await _new_pair(tokens, session, secrets.token_urlsafe(16)), owner_id)
    _log.info("session_opened", extra={"session_id": str(session.id), "owner_id": str(owner_id), "surface": audience})
    return grant


async def refresh_session(
    tokens: AccessTokens, audience: Audience, refresh_token: str, idempotency_key: str | None
) -> Grant:
    """Spend a refresh token of this surface for a new pair.

    A token that was spent before ends its whole session and the citizen is told, since one of the two who hold it stole
    it. Only a retry with the same key within RETRY_WINDOW gets the same answer again: its reply was lost. Raises
    RefreshTokenInvalidError.
    """
    digest = _digest(refresh_token)
    async with transaction():
        known = await RefreshToken.get_or_none(digest=digest).prefetch_related("session")
        if known is None or known.session.surface is not audience:
            raise RefreshTokenInvalidError
        spent = await db.row(_SPEND, digest, clock.now(), idempotency_key)
        if spent:
            session = await Session.select_for_update().get(id=spent["session_id"])
            if session.ended_at is None:
                pair = await _new_pair(tokens, session, _line_of(refresh_token))
                await RefreshToken.filter(id=spent["id"]).update(answer=asdict(pair))
                return Grant(pair, session.owner_id)
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
    session = await Session.get(id=token.session_id)  # type: ignore[attr-defined]  # Tortoise adds it
    # The owner before the session, as whoever ends sessions does.
    await _lock_owner(session.surface, session.owner_id)
    await session.refresh_from_db(using_db=db.connection())
    if session.ended_at is not None:
        return None
    is_retry = idempotency_key is not None and idempotency_key == token.idempotency_key
    if is_retry and token.answer and clock.now() - token.used_at <= RETRY_WINDOW:
        return Grant(TokenPair(**token.answer), session.owner_id)
    await _end(session.surface, session.owner_id, session.id, "refresh_token_reused")
    if session.surface is not Audience.STAFF:
        await jobs.defer(TELL, citizen_id=str(session.owner_id), kind="session_reused", occasion=str(session.id))
    return None


async def _new_pair(tokens: AccessTokens, session: Session, line: str) -> TokenPair:
    refresh_token = f"{line}{_DOT}{secrets.token_urlsafe(32)}"
    ends_at = session_end(session.surface, session.created_at, clock.now())
    await RefreshToken.create(session_id=session.id, digest=_digest(refresh_token), expires_at=ends_at)
    # Citizens' apps keep no cookies.
    csrf_token = None if session.surface is Audience.CITIZEN else csrf_token_of(refresh_token)
    access_token = tokens.issue(session.surface, session.owner_id, session.id, csrf_token)
    return TokenPair(access_token, refresh_token, int(LIFETIME.total_seconds()))


def session_end(audience: Audience, opened_at: datetime, moment: datetime) -> datetime:
    """When a session ends that was opened at ``opened_at`` and is refreshed at ``moment`` for the last time.

    Staff show their second factor every day, however often a session is refreshed.
    """
    if audience is Audience.STAFF:
        return opened_at + STAFF_REFRESH_LIFETIME
    return min(moment + REFRESH_LIFETIME, opened_at + LONGEST_SESSION)


def _lifetime(audience: Audience) -> timedelta:
    return STAFF_REFRESH_LIFETIME if audience is Audience.STAFF else REFRESH_LIFETIME


async def live_sessions(owner: Audience, owner_id: UUID) -> list[Session]:
    """Somebody's sessions that did not end, the last used first. ``owner`` tells citizens from staff."""
    of_staff = owner is Audience.STAFF
    whose = {"staff_id": owner_id} if of_staff else {"citizen_id": owner_id}
    oldest = clock.now() - _lifetime(owner)
    return await Session.filter(ended_at=None, last_used_at__gt=oldest, **whose).order_by("-last_used_at")


async def end_session(owner: Audience, owner_id: UUID, session_id: UUID) -> None:
    """End one of somebody's sessions. Raises SessionNotFoundError."""
    async with transaction():
        if not await _end(owner, owner_id, session_id, "ended_by_owner"):
            raise SessionNotFoundError


async def end_all_sessions(owner: Audience, owner_id: UUID, because: str = "ended_by_owner") -> int:
    """End all of somebody's sessions, the present one included; returns how many."""
    async with transaction():
        return await _end(owner, owner_id, None, because)


async def _lock_owner(owner: Audience, owner_id: UUID) -> None:
    kind: Any = Staff if owner is Audience.STAFF else Citizen
    await kind.select_for_update(no_key=True).get(id=owner_id)


async def _end(owner: Audience, owner_id: UUID, session_id: UUID | None, because: str) -> int:
    await _lock_owner(owner, owner_id)
    ended = await db.execute(_END, clock.now(), because, owner_id, session_id)
    if ended:
        details = {"session": str(session_id)} if session_id else {"sessions": ended}
        name = "staff" if owner is Audience.STAFF else "citizen"
        await audit.record(f"{name}:{owner_id}", f"{name}:{owner_id}", because, **details)
    return ended


Look = Callable[[UUID], Awaitable[Record | None]]
"""Reads a session's row, with the columns that ``look_up`` reads of it or more, and notes that it was used."""


async def read_used(quick: Quick, session_ids: list[UUID], statement: str = _LIVE) -> dict[UUID, Record]:
    """Whose sessions are, and when they ended; that they were used is noted once a minute.

    ``statement`` begins with NOTING_USE and reads the same columns, and others, of the sessions $1.
    """
    moment = clock.now()
    found = await quick.rows(statement, session_ids, moment, moment - _USE_NOTED_EVERY)
    return {row["session_id"]: row for row in found}


async def look_up(session_id: UUID) -> Record | None:
    """Whose a session is, and when it ended; None where there is none. That it was used is noted once a minute."""
    return await db.quick().found(read_used, session_id)


class LiveSessions:
    """Which sessions are alive and whose, as PostgreSQL says; each process believes itself for a second at most."""

    def __init__(self) -> None:
        self._seen: Lately[UUID, UUID | Literal["ended"]] = Lately()

    async def owner(self, session_id: UUID, look: Look = look_up) -> UUID:
        """Whose session this is, which is used now. Raises SessionEndedError unless it is alive.

        A session outlives the joining of two accounts, so that its row and not the token says whose it is. ``look``
        asks for the row where it was not seen of late.
        """
        owner = self._seen.get(session_id)
        if owner is None:
            owner = self._seen[session_id] = _owner(await look(session_id))
        if not isinstance(owner, UUID):
            raise SessionEndedError
        return owner


def _owner(found: Record | None) -> UUID | Literal["ended"]:
    if found is None or found["ended_at"] is not None:
        return "ended"
    owner: UUID = found["citizen_id"] or found["staff_id"]
    return owner
