"""A token shared in Redis, which may vanish at any moment and with it the token."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from wechat.sharing import Held, StoreAwayError

_T = TypeVar("_T")

# Redis on the same network answers in a millisecond; beyond this, another store is the better use of time.
_REDIS_SECONDS = 1.0
# Outlives an ordinary fetch. A holder that died keeps the others waiting no longer than this.
_LOCK_MILLISECONDS = 10_000
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisTokenStore:
    """See ``wechat.sharing.TokenStore``. ``name`` is the token's kind, such as "access_token"."""

    def __init__(self, redis: Redis, appid: str, name: str) -> None:
        self._redis = redis
        self._key = f"wechat:{appid}:{name}"
        self._lock_key = f"{self._key}:lock"

    async def read(self) -> Held | None:
        """See ``TokenStore``."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.get(self._key)
            pipe.pttl(self._key)
            value, milliseconds = await _soon(pipe.execute())
        if not value or milliseconds <= 0:
            return None
        return Held(value.decode() if isinstance(value, bytes) else str(value), milliseconds / 1000)

    async def write(self, token: str, seconds: float) -> None:
        """See ``TokenStore``."""
        await _soon(self._redis.set(self._key, token, px=max(1, int(seconds * 1000))))

    async def try_lock(self, owner: str) -> bool:
        """See ``TokenStore``. It ends by itself after ten seconds."""
        return bool(await _soon(self._redis.set(self._lock_key, owner, nx=True, px=_LOCK_MILLISECONDS)))

    async def unlock(self, owner: str) -> None:
        """See ``TokenStore``."""
        await _soon(self._redis.eval(_RELEASE, 1, self._lock_key, owner))


async def _soon(answer: Awaitable[_T]) -> _T:
    try:
        async with asyncio.timeout(_REDIS_SECONDS):
            return await answer
    except (RedisError, OSError) as error:
        raise StoreAwayError(f"Redis, {type(error).__name__}") from None
