"""How often an app may call an API of WeChat's stand-in: a minute by the clock, a day in Beijing.

The numbers are those of WeChat's pages on each API; an API without a line has no limit. Not confirmed: 2000 calls of
the older token API a day.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.sandbox.wechat.answers import PlatformError

DAY_USED_UP = (45009, "reach max api daily quota limit")
MINUTE_USED_UP = (45011, "api minute-quota reach limit, must slower, retry next minute")
_BEIJING_AHEAD = 8 * 3600
_DAY = 86_400
_MINUTE = 60
# (a minute, a day)
_LIMITS: dict[str, tuple[int | None, int | None]] = {
    "/cgi-bin/stable_token": (10_000, 500_000),
    "/cgi-bin/token": (None, 2_000),
    "/cgi-bin/message/subscribe/send": (None, 10_000_000),
    "/cgi-bin/message/template/send": (None, 100_000),
    "/wxa/getwxacodeunlimit": (5_000, None),
    "/wxa/generate_urllink": (None, 500_000),
    "/wxa/msg_sec_check": (4_000, None),
}


def day_of(moment: float) -> int:
    """The number of a moment's day in Beijing."""
    return int(moment + _BEIJING_AHEAD) // _DAY


@dataclass(slots=True)
class _Used:
    minute: int = 0
    in_minute: int = 0
    day: int = 0
    in_day: int = 0


class Quotas:
    """The limits and what was used of them, in memory only: a stand-in that starts again has used nothing."""

    def __init__(self) -> None:
        self._limits = dict(_LIMITS)
        self._used: dict[tuple[str, str], _Used] = {}

    def set(self, api: str, minute: int | None, day: int | None) -> None:
        """Limit an API, None for no limit; what was used of it counts from nought."""
        self._limits[api] = minute, day
        for key in [key for key in self._used if key[1] == api]:
            del self._used[key]

    def spend(self, appid: str, api: str) -> None:
        """Count one call; raises PlatformError 45009 or 45011, which is not counted."""
        limits = self._limits.get(api)
        if limits is None:
            return
        now = time.time()
        used = self._used.setdefault((appid, api), _Used())
        if used.day != (day := day_of(now)):
            used.day, used.in_day = day, 0
        if used.minute != (minute := int(now) // _MINUTE):
            used.minute, used.in_minute = minute, 0
        in_minute, in_day = limits
        if in_day is not None and used.in_day >= in_day:
            raise PlatformError(*DAY_USED_UP)
        if in_minute is not None and used.in_minute >= in_minute:
            raise PlatformError(*MINUTE_USED_UP)
        used.in_day += 1
        used.in_minute += 1

    def listing(self) -> list[dict[str, Any]]:
        """Every limit and what each app used of it today and in the minute of its last call."""
        return [
            {"api": api, "minute": minute, "day": day, "used": list(self._used_of(api))}
            for api, (minute, day) in sorted(self._limits.items())
        ]

    def _used_of(self, api: str) -> Iterable[dict[str, Any]]:
        for (appid, name), used in self._used.items():
            if name == api:
                yield {"appid": appid, "minute": used.in_minute, "day": used.in_day}
