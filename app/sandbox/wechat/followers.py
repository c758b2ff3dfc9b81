"""Who follows the official account at WeChat's stand-in: people who followed, and any number that is made up.

Generated followers are numbers: their openids and all that WeChat says about them are derived, so that a million of
them take no memory. Only what happens to one of them is kept.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.sandbox.journal import Change
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import OFFICIAL_OPENID

CONVERSATION = 48 * 3600
_GENERATED = ("oa-gen-", "o-gen-")
_DIGITS = 7
MOST_GENERATED = 10**_DIGITS
_FIRST_FOLLOWED_AT = 1_500_000_000


@dataclass(slots=True)
class _Follower:
    subscribed_at: int
    scene: str
    qr_scene: str


def generated_openid(number: int) -> str:
    """The official account's openid of the generated follower with this number, from 0."""
    return f"{_GENERATED[0]}{number:0{_DIGITS}}"


class Followers:
    """Followers, in the order in which WeChat lists them: the generated ones first. ``record`` journals changes."""

    KINDS = frozenset({"followers_generated", "followed", "unfollowed", "seen", "conversations_expired"})

    def __init__(self, record: Callable[[Change], None]) -> None:
        self._record = record
        self._count = 0
        self._gone: set[int] = set()
        self._named: dict[str, _Follower] = {}
        self._seen: dict[str, float] = {}

    def apply(self, change: Change) -> None:
        """Take one journaled change."""
        match change["kind"]:
            case "followers_generated":
                self._count = change["count"]
                self._gone.clear()
            case "followed":
                self._follow(change)
            case "unfollowed":
                number = self.number_of(change["openid"])
                if number is not None:
                    self._gone.add(number)
                self._named.pop(change["openid"], None)
            case "seen":
                self._seen[change["openid"]] = change["at"]
            case "conversations_expired":
                self._seen.clear()

    def _follow(self, change: Change) -> None:
        openid, at = change["openid"], change["at"]
        number = self.number_of(openid)
        if number is None:
            self._named[openid] = _Follower(int(at), change["scene"], change["qr_scene"])
        else:
            self._gone.discard(number)
        self._seen[openid] = at

    def generate(self, count: int) -> None:
        """Let there be so many generated followers, all of them following, in place of those before."""
        self._record({"kind": "followers_generated", "count": count})

    def number_of(self, openid: str) -> int | None:
        """A generated follower's number, by the openid of either app; None for anybody else."""
        if not openid.startswith(_GENERATED):
            return None
        digits = openid.rpartition("-")[2]
        if len(digits) != _DIGITS or not digits.isdecimal() or (number := int(digits)) >= self._count:
            return None
        return number

    def follow(self, openid: str, *, scene: str = "ADD_SCENE_SEARCH", qr_scene: str = "") -> None:
        """Somebody follows; raises PlatformError 40003 for an openid that is not the official account's."""
        if not openid.startswith(OFFICIAL_OPENID):
            raise PlatformError(40003, "invalid openid")
        self._record({"kind": "followed", "openid": openid, "scene": scene, "qr_scene": qr_scene, "at": time.time()})

    def unfollow(self, openid: str) -> None:
        """Somebody follows no more."""
        self._record({"kind": "unfollowed", "openid": openid})

    def see(self, openid: str) -> None:
        """Somebody wrote or tapped: for 48 hours the account may write to them."""
        self._record({"kind": "seen", "openid": openid, "at": time.time()})

    def expire_conversations(self) -> None:
        """Let everybody's 48 hours be over."""
        self._record({"kind": "conversations_expired"})

    def is_following(self, openid: str) -> bool:
        """Whether this is a follower."""
        number = self.number_of(openid)
        return openid in self._named if number is None else number not in self._gone

    def check_following(self, openid: str) -> None:
        """Raises PlatformError 40003 for what is no openid of the official account, 43004 for who does not follow."""
        if not openid.startswith(OFFICIAL_OPENID):
            raise PlatformError(40003, "invalid openid")
        if not self.is_following(openid):
            raise PlatformError(43004, "require subscribe")

    def check_conversation(self, openid: str) -> None:
        """Raises PlatformError 45015 where somebody was not there within 48 hours."""
        if time.time() - self._seen.get(openid, 0.0) > CONVERSATION:
            raise PlatformError(45015, "response out of time limit or subscription is canceled")

    @property
    def total(self) -> int:
        """How many follow."""
        return self._count - len(self._gone) + len(self._named)

    def page(self, after: str, size: int) -> list[str]:
        """The openids that follow ``after``, from the start where it is empty; raises PlatformError 40003."""
        return list(itertools.islice(self._following(after), size))

    def _following(self, after: str) -> Iterator[str]:
        number = self.number_of(after)
        if number is not None or not after:
            start = 0 if number is None else number + 1
            yield from (generated_openid(n) for n in range(start, self._count) if n not in self._gone)
            yield from self._named
            return
        if after not in self._named:
            raise PlatformError(40003, "invalid openid")
        yield from itertools.islice(itertools.dropwhile(lambda openid: openid != after, self._named), 1, None)

    def info(self, openid: str) -> dict[str, Any]:
        """What WeChat says of a person; raises PlatformError 40003 for what is no openid of the official account."""
        if not openid.startswith(OFFICIAL_OPENID):
            raise PlatformError(40003, "invalid openid")
        union = {"unionid": f"u-{openid.removeprefix(OFFICIAL_OPENID)}"}
        if not self.is_following(openid):
            return {"subscribe": 0, "openid": openid, **union}
        number = self.number_of(openid)
        one = self._named.get(openid) or _Follower(_FIRST_FOLLOWED_AT + (number or 0), "ADD_SCENE_SEARCH", "")
        return {
            "subscribe": 1,
            "openid": openid,
            "language": "zh_CN",
            "subscribe_time": one.subscribed_at,
            **union,
            "remark": "",
            "groupid": 0,
            "subscribe_scene": one.scene,
            "qr_scene": int(one.qr_scene) if one.qr_scene.isdecimal() else 0,
            "qr_scene_str": "" if one.qr_scene.isdecimal() else one.qr_scene,
        }
