"""Keeping to WeChat's quotas before WeChat has to say so.

Calls are counted in Redis, by all processes of an app together. While Redis is away each process keeps to a share of
its own; it comes back by itself. What WeChat's own word closed (errcodes 45009 and 45011) stays closed until its day or
minute is over, whatever our counts say.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from wechat.errors import WeChatLimitedError, WeChatRefusedError
from wechat.quotas import QUOTAS, Quota

_log = logging.getLogger(__name__)

_DAY_QUOTA_USED, _MINUTE_QUOTA_USED = 45009, 45011
_MINUTE, _DAY = 60, 86_400
# WeChat's day is Beijing's, which knows no summer time.
_BEIJING = 8 * 3600
_REDIS_SECONDS = 1.0
# How long a process does without Redis before it tries again.
_PAUSE_SECONDS = 2.0

# One hash for each API: the numbers of its minute and day, what was taken in them, the last call, until when it is
# closed. An answer of 0 means taken; otherwise it is how many seconds to wait. A time further ahead than can be
# was told by a clock that went wrong, and closes nothing.
_TAKE = """
local now, many = tonumber(ARGV[1]), tonumber(ARGV[2])
local most_minute, most_day, apart = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local found = redis.call('HMGET', KEYS[1], 'minute_no', 'minute', 'day_no', 'day', 'last', 'closed')
local minute = found[1] == ARGV[6] and tonumber(found[2]) or 0
local day = found[3] == ARGV[7] and tonumber(found[4]) or 0
local wait = tonumber(found[6] or 0) - now
if wait > 86400 then wait = 0 end
if most_minute >= 0 and minute + many > most_minute then wait = math.max(wait, tonumber(ARGV[8])) end
if most_day >= 0 and day + many > most_day then wait = math.max(wait, tonumber(ARGV[9])) end
local rest = apart > 0 and found[5] and tonumber(found[5]) + apart - now or 0
if rest <= 2 * apart then wait = math.max(wait, rest) end
if wait > 0 then return tostring(wait) end
redis.call('HSET', KEYS[1], 'minute_no', ARGV[6], 'minute', minute + many, 'day_no', ARGV[7], 'day', day + many,
    'last', ARGV[1])
redis.call('EXPIRE', KEYS[1], 172800)
return '0'
"""


@dataclass(slots=True)
class _Taken:
    """What this process took by itself, while Redis was away."""

    minute_no: int = 0
    minute: int = 0
    day_no: int = 0
    day: int = 0
    last: float = float("-inf")


class Limits:
    """The quotas of one app.

    ``redis`` is where processes count together; without it, or while it is away, this process keeps to one part in
    ``shares`` of each quota, for itself. ``clock`` gives seconds since 1970, on which all machines agree.
    """

    def __init__(
        self,
        appid: str,
        redis: Redis | None,
        *,
        quotas: Mapping[str, Quota] = QUOTAS,
        shares: int = 10,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._appid = appid
        self._redis = redis
        self._script = redis.register_script(_TAKE) if redis is not None else None
        self._quotas = quotas
        self._shares = shares
        self._clock = clock
        self._away_until = float("-inf")
        self._taken: dict[str, _Taken] = {}
        self._closed: dict[str, float] = {}

    async def take(self, api: str, many: int = 1) -> None:
        """Take ``many`` calls to ``api`` at once.

        Raises WeChatLimitedError where they are not to be had (none is taken then), and ValueError for more than the
        quota ever gives.
        """
        self.check(api)
        quota = self._quotas.get(api)
        if quota is None or not quota.counts:
            return
        if any(most is not None and many > most for most in (quota.minute, quota.day)):
            raise ValueError(f"{api}: {many} calls at once are more than its quota")
        wait = await self._shared_wait(api, many, quota)
        if wait is None:
            wait = self._own_wait(api, many, quota)
        if wait > 0:
            raise WeChatLimitedError(api, wait)

    def check(self, api: str) -> None:
        """Raise WeChatLimitedError where this process has seen ``api`` being closed; nothing is taken."""
        wait = self._closed.get(api, 0.0) - self._clock()
        if 0 < wait <= _DAY:
            raise WeChatLimitedError(api, wait)

    async def heed(self, refused: WeChatRefusedError, api: str = "") -> None:
        """Close the API where WeChat refused it for a quota: for the rest of the day or of the minute.

        ``api`` is the quota's name where it is not the refused path.
        """
        api = api or refused.api
        seconds = self._closing(refused.code, self._quotas.get(api, Quota()))
        if seconds is None:
            return
        until = self._closed[api] = self._clock() + seconds
        _log.warning("%s is closed for %d seconds: errcode %d", api, seconds, refused.code)
        if self._redis is None:
            return
        try:
            async with asyncio.timeout(_REDIS_SECONDS), self._redis.pipeline(transaction=False) as pipe:
                pipe.hset(self._key(api), "closed", repr(until))
                pipe.expire(self._key(api), 2 * _DAY)
                await pipe.execute()
        except (RedisError, OSError) as error:
            self._lose(error)

    def _closing(self, code: int, quota: Quota) -> float | None:
        now = self._clock()
        if code == _DAY_QUOTA_USED and not quota.day_code_means_minute:
            return _left_of_day(now)
        if code == _DAY_QUOTA_USED or (code == _MINUTE_QUOTA_USED and not quota.per_person):
            return _MINUTE - now % _MINUTE
        return None

    def _key(self, api: str) -> str:
        return f"wechat:{self._appid}:limit:{api}"

    async def _shared_wait(self, api: str, many: int, quota: Quota) -> float | None:
        """Take from the shared count: how many seconds to wait, 0 where it was taken, None where Redis is away."""
        now = self._clock()
        if self._script is None or time.monotonic() < self._away_until:
            return None
        most = [-1 if one is None else one for one in (quota.minute, quota.day)]
        windows = [int(now // _MINUTE), int((now + _BEIJING) // _DAY), _MINUTE - now % _MINUTE, _left_of_day(now)]
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                answer = await self._script(keys=[self._key(api)], args=[repr(now), many, *most, quota.apart, *windows])
        except (RedisError, OSError) as error:
            self._lose(error)
            return None
        return float(answer)

    def _lose(self, error: Exception) -> None:
        self._away_until = time.monotonic() + _PAUSE_SECONDS
        _log.warning("the shared count of calls to WeChat is away: %s", type(error).__name__)

    def _own_wait(self, api: str, many: int, quota: Quota) -> float:
        """Take from this process's own share: how many seconds to wait, 0 where it was taken."""
        now, taken = self._clock(), self._taken.setdefault(api, _Taken())
        minute_no, day_no = int(now // _MINUTE), int((now + _BEIJING) // _DAY)
        if taken.minute_no != minute_no:
            taken.minute_no, taken.minute = minute_no, 0
        if taken.day_no != day_no:
            taken.day_no, taken.day = day_no, 0
        rest = taken.last + quota.apart - now
        wait = rest if rest <= 2 * quota.apart else 0.0
        if quota.minute is not None and taken.minute + many > max(1, quota.minute // self._shares):
            wait = max(wait, _MINUTE - now % _MINUTE)
        if quota.day is not None and taken.day + many > max(1, quota.day // self._shares):
            wait = max(wait, _left_of_day(now))
        if wait > 0:
            return wait
        taken.minute, taken.day, taken.last = taken.minute + many, taken.day + many, now
        return 0.0


def _left_of_day(now: float) -> float:
    return _DAY - (now + _BEIJING) % _DAY
