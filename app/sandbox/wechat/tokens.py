"""The access tokens of WeChat's stand-in: the stable ones, those of the older API, and WeCom's.

Not confirmed: with which codes WeChat refuses a forced renewal that comes too early or too often.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, Field

from app.sandbox.journal import Change
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.quotas import DAY_USED_UP, MINUTE_USED_UP, day_of

TOKEN_LIFETIME = 7200
_RENEWED_BEFORE_END = 300
_NOT_LATEST = (40001, "invalid credential, access_token is invalid or not latest")


class TokenRules(BaseModel):
    """What tokens go by: how long the older API's last but one token lives on, and how a new stable one is forced."""

    overlap_seconds: float = Field(default=300, ge=0)
    force_apart_seconds: float = Field(default=30, ge=0)
    force_per_day: int = Field(default=20, ge=0)


@dataclass(slots=True)
class _Token:
    appid: str
    expires_at: float
    replaced_at: float | None = None


class Tokens:
    """All tokens given. ``record`` journals changes, which come back through ``apply``. ``rules`` live in memory."""

    KINDS = frozenset({"stable_token", "older_token", "work_token", "tokens_expired"})

    def __init__(self, record: Callable[[Change], None]) -> None:
        self.rules = TokenRules()
        self._record = record
        self._tokens: dict[str, _Token] = {}
        self._stable: dict[str, str] = {}
        self._older: dict[str, str] = {}
        self._forced: dict[str, list[float]] = {}
        self._work: tuple[str, float] = ("", 0.0)

    def apply(self, change: Change) -> None:
        """Take one journaled change."""
        match change["kind"]:
            case "work_token":
                self._work = change["token"], change["expires_at"]
            case "stable_token":
                self._take_stable(change)
            case "older_token":
                before = self._tokens.get(self._older.get(change["appid"], ""))
                if before is not None:
                    before.replaced_at = change["replaces_at"]
                self._older[change["appid"]] = change["token"]
                self._tokens[change["token"]] = _Token(change["appid"], change["expires_at"])
            case "tokens_expired":
                at = change.get("at", 0.0)
                for token in self._tokens.values():
                    token.expires_at = min(token.expires_at, at)
                self._work = self._work[0], min(self._work[1], at)

    def _take_stable(self, change: Change) -> None:
        appid = change["appid"]
        if change["forced_at"] is not None:
            self._forced.setdefault(appid, []).append(change["forced_at"])
            self._tokens.pop(self._stable.get(appid, ""), None)
        self._stable[appid] = change["token"]
        self._tokens[change["token"]] = _Token(appid, change["expires_at"])

    def stable(self, appid: str, *, force: bool) -> tuple[str, int]:
        """The token and its remaining seconds, a new one in its last five minutes.

        ``force`` makes a new one; the one before is unknown from then on. Raises PlatformError 45009 or 45011 where
        that was done too often in a day (Beijing's) or just before.
        """
        now = time.time()
        current = self._tokens.get(self._stable.get(appid, ""))
        if force:
            self._check_force(appid, now)
        if force or current is None or current.expires_at - now <= _RENEWED_BEFORE_END:
            self._record(
                {
                    "kind": "stable_token",
                    "appid": appid,
                    "token": _new_token(),
                    "expires_at": now + TOKEN_LIFETIME,
                    "forced_at": now if force else None,
                }
            )
        token = self._stable[appid]
        return token, round(self._tokens[token].expires_at - now)

    def _check_force(self, appid: str, now: float) -> None:
        forced = self._forced.get(appid, [])
        if forced and now - forced[-1] < self.rules.force_apart_seconds:
            raise PlatformError(*MINUTE_USED_UP)
        if sum(day_of(at) == day_of(now) for at in forced) >= self.rules.force_per_day:
            raise PlatformError(*DAY_USED_UP)

    def older(self, appid: str) -> tuple[str, int]:
        """A new token of the older API and its seconds; the one before lives on for the overlap only."""
        now = time.time()
        times = {"expires_at": now + TOKEN_LIFETIME, "replaces_at": now + self.rules.overlap_seconds}
        self._record({"kind": "older_token", "appid": appid, "token": _new_token(), **times})
        return self._older[appid], TOKEN_LIFETIME

    def check(self, token: str | None) -> str:
        """The appid; raises PlatformError for a token that is missing (41001), not known (40001), expired (42001)."""
        if not token:
            raise PlatformError(41001, "access_token missing")
        known = self._tokens.get(token)
        if known is None:
            raise PlatformError(*_NOT_LATEST)
        now = time.time()
        if known.replaced_at is not None and known.replaced_at <= now:
            raise PlatformError(*_NOT_LATEST)
        if known.expires_at <= now:
            raise PlatformError(42001, "access_token expired")
        return known.appid

    def work(self) -> tuple[str, int]:
        """WeCom's token and its remaining seconds; the same one until it expires."""
        now = time.time()
        if self._work[1] <= now:
            self._record({"kind": "work_token", "token": _new_token(), "expires_at": now + TOKEN_LIFETIME})
        token, expires_at = self._work
        return token, round(expires_at - now)

    def check_work(self, token: str | None) -> None:
        """Raises PlatformError for a token of WeCom's that is missing (41001), unknown (40014) or expired (42001)."""
        if not token:
            raise PlatformError(41001, "access_token missing")
        known, expires_at = self._work
        if token != known:
            raise PlatformError(40014, "invalid access_token")
        if expires_at <= time.time():
            raise PlatformError(42001, "access_token expired")

    def expire(self, in_seconds: float) -> None:
        """Let every token given so far, WeCom's too, expire in so many seconds at the latest."""
        self._record({"kind": "tokens_expired", "at": time.time() + in_seconds})


def _new_token() -> str:
    return secrets.token_urlsafe(96)
