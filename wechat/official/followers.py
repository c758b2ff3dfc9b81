"""Who follows the official account, and the tags they are given.

Source: WeChat's documentation of the follower list, of user information and of tags. Names and pictures of followers
are not told any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wechat.official.materials import LONGEST_SCENE
from wechat.official.subject import Subject
from wechat.reading import objects, part, text, texts, whole

_LIST = "/cgi-bin/user/get"
_INFO = "/cgi-bin/user/info/batchget"
_TAGS = "/cgi-bin/tags/get"
_CREATE_TAG = "/cgi-bin/tags/create"
_DELETE_TAG = "/cgi-bin/tags/delete"
_TAG_USERS = "/cgi-bin/tags/members/batchtagging"
_UNTAG_USERS = "/cgi-bin/tags/members/batchuntagging"

MOST_INFOS = 100
MOST_TAGGED = 50
LONGEST_TAG = 30
# Beyond any number of a tag and any second of WeChat's.
_TAGS_END, _SECONDS_END = 2**31, 2**32


@dataclass(frozen=True, slots=True)
class FollowerPage:
    """Up to 10,000 openids, and where the next page begins: None after the last one. ``total`` counts all followers."""

    total: int
    openids: list[str] = field(repr=False)
    next_openid: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class FollowerInfo:
    """What WeChat tells of somebody; of one who does not follow only ``openid`` and perhaps ``unionid``.

    ``subscribed_at`` is in seconds since 1970; ``scene`` is WeChat's word for how they came, such as
    ADD_SCENE_QR_CODE, and ``qr_scene`` what the code said that they scanned.
    """

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)
    subscribed: bool
    subscribed_at: int | None = None
    scene: str | None = None
    qr_scene: str | None = None
    tag_ids: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the account and how many followers carry it."""

    id: int
    name: str
    count: int = 0


class Followers(Subject):
    """The followers of one official account."""

    async def followers(self, next_openid: str | None = None) -> FollowerPage:
        """One page of all followers, from ``next_openid`` of the page before."""
        answer = await self._account.get(_LIST, {"next_openid": next_openid} if next_openid else None)
        openids = texts(part(answer, "data", api=_LIST), "openid", api=_LIST) if answer.get("count") else []
        # WeChat repeats the last openid of the last page: only an empty page tells the end.
        return FollowerPage(
            whole(answer, "total", api=_LIST), openids, (answer.get("next_openid") or None) if openids else None
        )

    async def user_info(self, openids: Sequence[str]) -> list[FollowerInfo]:
        """What WeChat tells of at most 100. Raises ValueError for more or none."""
        _check(openids, MOST_INFOS)
        answer = await self._account.post(_INFO, {"user_list": [{"openid": one, "lang": "zh_CN"} for one in openids]})
        return [_follower(one) for one in objects(answer, "user_info_list", api=_INFO)]

    async def tags(self) -> list[Tag]:
        """All tags of the account."""
        answer = await self._account.get(_TAGS)
        return [
            Tag(whole(one, "id", api=_TAGS), text(one, "name", api=_TAGS), whole(one, "count", api=_TAGS))
            for one in objects(answer, "tags", api=_TAGS)
        ]

    async def create_tag(self, name: str) -> Tag:
        """Make a tag of at most 30 characters; 45157 where there is one of that name. An account has at most 100."""
        if not 0 < len(name) <= LONGEST_TAG:
            raise ValueError(f"a tag has 1 to {LONGEST_TAG} characters")
        tag = part(await self._account.post(_CREATE_TAG, {"tag": {"name": name}}), "tag", api=_CREATE_TAG)
        return Tag(whole(tag, "id", api=_CREATE_TAG), text(tag, "name", api=_CREATE_TAG))

    async def delete_tag(self, tag_id: int) -> None:
        """Take a tag away from the account; 45057 where more than 100,000 followers carry it."""
        await self._account.post(_DELETE_TAG, {"tag": {"id": tag_id}})

    async def tag_users(self, tag_id: int, openids: Sequence[str]) -> None:
        """Give at most 50 followers a tag; 45059 where one of them has 20 already.

        Raises ValueError for more followers or none.
        """
        _check(openids, MOST_TAGGED)
        await self._account.post(_TAG_USERS, {"openid_list": list(openids), "tagid": tag_id})

    async def untag_users(self, tag_id: int, openids: Sequence[str]) -> None:
        """Take a tag from at most 50 followers. Raises ValueError for more or none."""
        _check(openids, MOST_TAGGED)
        await self._account.post(_UNTAG_USERS, {"openid_list": list(openids), "tagid": tag_id})


def _check(openids: Sequence[str], most: int) -> None:
    if not 0 < len(openids) <= most:
        raise ValueError(f"1 to {most} openids at once")


def _follower(one: Mapping[str, Any]) -> FollowerInfo:
    """What is told of one; what WeChat never tells counts as not said, so that one holds up none of the others."""
    subscribed = one.get("subscribe") == 1
    seconds = whole(one, "subscribe_time", api=_INFO) if subscribed else -1
    tag_ids = one.get("tagid_list")
    return FollowerInfo(
        openid=text(one, "openid", api=_INFO),
        unionid=one.get("unionid") or None,
        subscribed=subscribed,
        subscribed_at=seconds if 0 <= seconds < _SECONDS_END else None,
        scene=_scene(one.get("subscribe_scene")),
        # A scene is a number or a text, in two fields of which one is empty.
        qr_scene=_scene(one.get("qr_scene_str") or one.get("qr_scene")),
        tag_ids=[tag for tag in tag_ids if _is_tag(tag)] if isinstance(tag_ids, list) else [],
    )


def _scene(told: object) -> str | None:
    scene = str(told or "")
    return scene if 0 < len(scene) <= LONGEST_SCENE else None


def _is_tag(told: object) -> bool:
    return isinstance(told, int) and not isinstance(told, bool) and 0 <= told < _TAGS_END
