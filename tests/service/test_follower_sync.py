"""Reading WeChat's list of followers: what pushes missed is put right, and a stopped reading goes on."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.followers import service
from app.followers.models import Follower, FollowerSync
from app.followers.sync import SyncIncompleteError, sync_followers
from app.kit import clock
from tests.service.test_wechat_commands import jiaban
from tests.unit.wechat.wechat_platform import APPID, SECRET, Platform
from wechat.account import Account
from wechat.errors import WeChatError, WeChatLimitedError, WeChatRefusedError
from wechat.errors import WeChatUnreachableError as Unreachable
from wechat.official import FollowerInfo, FollowerPage, OfficialAccountClient
from wechat.transport import open_http

API = "/cgi-bin/user/get"


class Listed:
    """WeChat's list, so many on a page; ``troubles`` come before the call of that number."""

    def __init__(self, openids: Sequence[str], page: int = 250) -> None:
        self.openids, self.page, self.total = list(openids), page, len(openids)
        self.troubles: dict[int, WeChatError] = {}
        self.asked: list[str | None] = []
        self.gone: set[str] = set()

    async def followers(self, next_openid: str | None = None) -> FollowerPage:
        """A page."""
        if trouble := self.troubles.pop(len(self.asked), None):
            raise trouble
        self.asked.append(next_openid)
        begin = self.openids.index(next_openid) + 1 if next_openid else 0
        found = self.openids[begin : begin + self.page]
        return FollowerPage(self.total, found, found[-1] if found else None)

    async def user_info(self, openids: Sequence[str]) -> list[FollowerInfo]:
        """What is told of at most a hundred."""
        assert 0 < len(openids) <= 100
        return [
            FollowerInfo(one, None, one not in self.gone, 1_700_000_000, "ADD_SCENE_QR_CODE", "hall:city", [2, 9])
            for one in openids
        ]


@pytest.fixture
def appid(quiet: House) -> str:
    """An app of this test's."""
    return f"wx-{uuid4().hex[:20]}"


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A WeChat of this test alone."""
    running = Platform()
    yield running
    running.close()


def _openids(many: int) -> list[str]:
    return sorted(f"oa-{uuid4().hex}" for _ in range(many))


def _quiet(done: int, total: int) -> None:
    del done, total


async def test_everybody_in_the_list_is_known_and_who_is_not_in_it_has_left(appid: str) -> None:
    """With WeChat's time, groups and the code that led them; once more changes nothing."""
    openids, told = _openids(612), [(0, 0)][:0]
    await service.follow(appid, "oa-unheard-leaving", None, clock.now() - timedelta(days=3))
    await service.unfollow(appid, openids[0], clock.now() - timedelta(days=3))
    wechat = Listed(openids)
    wechat.gone = {openids[1]}
    synced = await sync_followers(wechat, appid, lambda done, total: told.append((done, total)))
    assert (synced.read, synced.left, synced.resumed) == (612, 1, False)
    assert told == [(250, 612), (500, 612), (612, 612), (612, 612)]
    assert await Follower.filter(appid=appid, subscribed=True).count() == 611
    back = await Follower.get(appid=appid, openid=openids[0])
    assert (back.subscribed, back.unsubscribed_at, back.tag_ids, back.scene) == (True, None, [2, 9], "hall:city")
    assert not (await Follower.get(appid=appid, openid="oa-unheard-leaving")).subscribed
    assert not await Follower.exists(appid=appid, openid=openids[1])
    again = await sync_followers(wechat, appid, _quiet)
    assert (again.left, again.resumed) == (0, False)


async def test_what_a_push_said_meanwhile_is_newer(appid: str) -> None:
    """Somebody leaves and somebody comes while the list is read."""
    openids = _openids(3)

    class Meanwhile(Listed):
        async def user_info(self, openids: Sequence[str]) -> list[FollowerInfo]:
            moment = clock.now() + timedelta(seconds=1)
            await service.unfollow(appid, openids[0], moment)
            await service.follow(appid, "oa-new", None, moment)
            return await super().user_info(openids)

    await sync_followers(Meanwhile(openids), appid, _quiet)
    assert not (await Follower.get(appid=appid, openid=openids[0])).subscribed
    assert (await Follower.get(appid=appid, openid="oa-new")).subscribed


async def test_what_others_put_into_a_followers_record_holds_up_nobody(appid: str, platform: Platform) -> None:
    """Scenes of codes that another system made, and what no calendar, no list of tags and no database has."""
    openids = _openids(4)
    odd: list[dict[str, Any]] = [
        {"qr_scene_str": "s" * 65, "subscribe_scene": "S" * 65, "tagid_list": [2**31, -1, "x", None, True, 7]},
        {"qr_scene_str": "a\0b\ud83d\u202e<script>", "subscribe_scene": ["x"], "tagid_list": "1"},
        {"subscribe_time": 10**20, "qr_scene": 10**80},
    ]
    told: list[dict[str, Any]] = [{"subscribe": 1, "subscribe_time": 1, "openid": one} for one in openids]
    platform.answers["/cgi-bin/user/get"] = [
        {"total": 4, "count": 4, "data": {"openid": openids}, "next_openid": openids[-1]},
        {"total": 4, "count": 0, "next_openid": ""},
    ]
    platform.answers["/cgi-bin/user/info/batchget"] = [
        {"user_info_list": [one | more for one, more in zip(told, [*odd, {}], strict=True)]}
    ]
    async with open_http(platform.url, seconds=30) as http:
        client = OfficialAccountClient(Account(APPID, SECRET, http), "https://open.weixin.qq.com")
        assert (await sync_followers(client, appid, _quiet)).read == 4
    known = [await Follower.get(appid=appid, openid=one) for one in openids]
    assert [one.scene for one in known] == [None, "a\ufffdb\ufffd\u202e<script>", None, None]
    assert [one.tag_ids for one in known] == [[7], [], [], []]
    assert [one.subscribed_at is None for one in known] == [False, False, True, False]


@pytest.mark.parametrize(
    "trouble", [WeChatRefusedError(API, 45009, "quota"), WeChatLimitedError(API, 3600.0), RuntimeError("killed")]
)
async def test_a_stopped_reading_goes_on_where_it_was(appid: str, trouble: WeChatError) -> None:
    """No page is read twice, and nobody is taken for gone before the end."""
    wechat = Listed(_openids(700))
    await service.follow(appid, "oa-unheard-leaving", None, clock.now() - timedelta(days=3))
    wechat.troubles = {2: trouble}
    with pytest.raises(type(trouble)):
        await sync_followers(wechat, appid, _quiet)
    assert await Follower.filter(appid=appid, subscribed=True).count() == 501
    synced = await sync_followers(wechat, appid, _quiet)
    assert (synced.read, synced.left, synced.resumed) == (700, 1, True)
    assert len(wechat.asked) == len(set(wechat.asked)) == 4


async def test_a_reading_of_yesterday_begins_anew(appid: str) -> None:
    """Its beginning is no longer true."""
    wechat = Listed(_openids(300))
    wechat.troubles = {1: WeChatRefusedError(API, 45009, "quota")}
    with pytest.raises(WeChatRefusedError):
        await sync_followers(wechat, appid, _quiet)
    await FollowerSync.filter(appid=appid).update(started_at=clock.now() - timedelta(hours=25))
    assert not (await sync_followers(wechat, appid, _quiet)).resumed


async def test_what_passes_is_waited_for(appid: str) -> None:
    """A quota of a minute, a connection that is not had."""
    wechat = Listed(_openids(300))
    wechat.troubles = {0: WeChatLimitedError(API, 0.01), 1: Unreachable(API, "ConnectError")}
    assert (await sync_followers(wechat, appid, _quiet)).read == 300


@pytest.mark.parametrize(("listed", "total"), [(10, 1_000), (0, 0)])
async def test_a_list_that_ends_too_early_takes_nobody_for_gone(appid: str, listed: int, total: int) -> None:
    """WeChat counts more than it lists, or knows of nobody at all though somebody follows."""
    await service.follow(appid, "oa-listed-no-more", None, clock.now() - timedelta(days=3))
    wechat = Listed(_openids(listed))
    wechat.total = total
    with pytest.raises(SyncIncompleteError):
        await sync_followers(wechat, appid, _quiet)
    assert (await Follower.get(appid=appid, openid="oa-listed-no-more")).subscribed


@pytest.fixture
def two_pages(plan: Plan) -> Iterator[int]:
    """So many followers at WeChat's stand-in."""
    control, many = f"{plan.sandbox_url}/control/wechat/followers", 10_100
    httpx.post(control, json={"count": many}, trust_env=False).raise_for_status()
    yield many
    httpx.post(control, json={"count": 0}, trust_env=False).raise_for_status()


async def test_the_command_reads_the_list_of_the_stand_in(house: House, plan: Plan, two_pages: int) -> None:
    """Over two pages; the second run finds the same."""
    ran = jiaban(plan, "followers", "sync")
    assert (ran.returncode, ran.stderr) == (0, "")
    appid = house.settings.wechat.official_account_appid
    assert await Follower.filter(appid=appid, subscribed=True).count() >= two_pages
    assert "0 had left" in jiaban(plan, "followers", "sync").stdout
    await Follower.filter(synced_at__not_isnull=True).delete()
