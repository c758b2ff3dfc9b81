"""The access token that all processes share in Redis, and the lock under which one of them renews it.

Redis may vanish at any moment: nothing here raises for that, the caller is told that it is on its own.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

# Redis on the same network answers in a millisecond; beyond this, asking WeChat ourselves is the better use of time.
_REDIS_SECONDS = 1.0
_POLL_SECONDS = 0.05
# Outlives an ordinary fetch. A holder that died keeps the others waiting no longer than this.
_LOCK_MILLISECONDS = 10_000
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True)
class Held:
    """A token found in the store and the seconds it stays there."""

    token: str = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class Lock:
    """The right to renew the token and to share it, under a random owner's name."""

    owner: str


class TokenStore:
    """The shared token of one app. ``patience`` is how many seconds to wait for another process's fetch."""

    def __init__(self, redis: Redis, appid: str, *, patience: float) -> None:
        self._redis = redis
        self._patience = patience
        self._key = f"wechat:{appid}:access_token"
        self._lock_key = f"{self._key}:lock"

    async def read_or_lock(self, stale: str | None) -> Held | Lock | None:
        """A shared token other than ``stale``; or the lock, for the caller to fetch, ``write`` and then ``unlock``.

        Where another process took too long the lock is given without being held: fetching twice does no harm, and
        giving it back leaves the other's alone. None where Redis is away: the caller fetches for itself.
        """
        deadline = time.monotonic() + self._patience
        lock = Lock(secrets.token_hex(16))
        try:
            while True:
                if held := await self._read(stale):
                    return held
                if await self._try_lock(lock):
                    # Another process may have stored a token between our look and our lock.
                    if held := await self._read(stale):
                        await self.unlock(lock)
                        return held
                    return lock
                if time.monotonic() >= deadline:
                    return lock
                await asyncio.sleep(_POLL_SECONDS)
        except (RedisError, OSError) as error:
            _say_away(error)
            return None

    async def write(self, token: str, seconds: float) -> bool:
        """Share a token for so many seconds; False where Redis is away."""
        try:
            await _soon(self._redis.set(self._key, token, px=max(1, int(seconds * 1000))))
        except (RedisError, OSError) as error:
            _say_away(error)
            return False
        return True

    async def unlock(self, lock: Lock) -> None:
        """Give the lock back if it is still ours; where Redis is away it runs out by itself."""
        try:
            await _soon(self._redis.eval(_RELEASE, 1, self._lock_key, lock.owner))
        except (RedisError, OSError) as error:
            _say_away(error)

    async def _read(self, stale: str | None) -> Held | None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.get(self._key)
            pipe.pttl(self._key)
            value, milliseconds = await _soon(pipe.execute())
        if not value or milliseconds <= 0:
            return None
        token = value.decode() if isinstance(value, bytes) else str(value)
        return None if token == stale else Held(token, milliseconds / 1000)

    async def _try_lock(self, lock: Lock) -> bool:
        return bool(await _soon(self._redis.set(self._lock_key, lock.owner, nx=True, px=_LOCK_MILLISECONDS)))


async def _soon(answer: Awaitable[_T]) -> _T:
    async with asyncio.timeout(_REDIS_SECONDS):
        return await answer


def _say_away(error: Exception) -> None:
    _log.warning("the shared WeChat token store is away: %s", type(error).__name__)
