"""WeChat's tokens in PostgreSQL, where all processes find them while Redis is away: see ``wechat.sharing.TokenStore``.

The lock is an advisory one of the session: it is held while WeChat is asked, without an open transaction, and it ends
with the process's connection.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

from app.kit import clock, db
from app.kit.crypto import SealBrokenError
from app.kit.models import WeChatToken
from wechat.sharing import Held, StoreAwayError

_SECONDS = 2.0
_TRY = "SELECT pg_try_advisory_lock(hashtextextended($1, 7201311427))"
_FREE = "SELECT pg_advisory_unlock(hashtextextended($1, 7201311427))"


class PostgresTokenStore:
    """One token of one app, sealed; ``name`` is its kind, such as "access_token"."""

    def __init__(self, appid: str, name: str) -> None:
        self._id = f"{appid}:{name}"
        self._locks: dict[str, AsyncExitStack] = {}

    async def read(self) -> Held | None:
        """See ``TokenStore``."""
        async with _bounded():
            try:
                row = await WeChatToken.get_or_none(id=self._id)
            except SealBrokenError:
                # Another one is fetched, which is sealed anew.
                return None
        seconds = (row.expires_at - clock.now()).total_seconds() if row else 0
        return Held(row.token, seconds) if row and seconds > 0 else None

    async def write(self, token: str, seconds: float) -> None:
        """See ``TokenStore``."""
        row = WeChatToken(id=self._id, token=token, expires_at=clock.now() + timedelta(seconds=seconds))
        async with _bounded():
            await WeChatToken.bulk_create([row], on_conflict=["id"], update_fields=["token", "expires_at"])

    async def try_lock(self, owner: str) -> bool:
        """See ``TokenStore``."""
        async with AsyncExitStack() as stack, _bounded():
            raw = await stack.enter_async_context(db.connection().acquire_connection())
            if not await _ask(raw, _TRY, self._id):
                return False
            stack.push_async_callback(_ask, raw, _FREE, self._id)
            self._locks[owner] = stack.pop_all()
            return True

    async def unlock(self, owner: str) -> None:
        """See ``TokenStore``."""
        if lock := self._locks.pop(owner, None):
            async with _bounded():
                await lock.aclose()


async def _ask(raw: Any, sql: str, value: str) -> Any:
    """Ask on a connection; where nobody knows what became of it, the connection ends, and what it holds with it."""
    try:
        return await raw.fetchval(sql, value)
    except BaseException:
        raw.terminate()
        raise


@asynccontextmanager
async def _bounded() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_SECONDS):
            yield
    except db.AWAY as error:
        raise StoreAwayError(f"PostgreSQL, {type(error).__name__}") from None
