"""Quotas are kept to by all processes of an app together, and what WeChat closed stays closed."""

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tests.unit.wechat.wechat_platform import APPID, SECRET, TOKEN_PATH, Platform
from wechat.account import Account
from wechat.client import SUBSCRIBE_SEND, MiniProgramClient
from wechat.content import ContentClient, Scene
from wechat.errors import WeChatLimitedError, WeChatRefusedError
from wechat.limits import Limits
from wechat.official import OfficialAccountClient
from wechat.quotas import FORCED_TOKEN, OWN, QUOTAS, Quota, with_own
from wechat.redis_store import RedisTokenStore
from wechat.tokens import AccessTokens

API = "/cgi-bin/some/api"
MIDNIGHT = 1_767_196_800.0
"""2026-01-01 00:00 in Beijing."""


class Clock:
    """Seconds since 1970 that move when told: a quarter past noon in Beijing at first, ten seconds into the minute."""

    def __init__(self) -> None:
        self.now = MIDNIGHT + 12 * 3600 + 15 * 60 + 10

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time of this test."""
    return Clock()


@pytest.fixture
async def gone(dead_port: int) -> AsyncIterator[Redis]:
    """A Redis client whose server is away."""
    async with Redis(port=dead_port, retry=Retry(NoBackoff(), 0)) as client:
        yield client


def limits_of(redis: Redis | None, clock: Clock, *, shares: int = 10, **quota: float) -> Limits:
    """Limits under which ``API`` has this quota."""
    return Limits(APPID, redis, quotas={API: Quota(**quota)}, shares=shares, clock=clock)  # type: ignore[arg-type]


async def wait_of(limits: Limits, many: int = 1) -> float:
    """How many seconds a refused take says to wait, 0 where it was taken."""
    try:
        await limits.take(API, many)
    except WeChatLimitedError as limited:
        return limited.retry_after
    return 0


async def test_processes_share_a_minute_and_get_the_next_one(redis: Redis, redis_port: int, clock: Clock) -> None:
    async with Redis(port=redis_port) as second:
        one, other = (limits_of(client, clock, minute=5) for client in (redis, second))
        waits = await asyncio.gather(*(wait_of(limits) for limits in (one, other) * 5))
        assert sorted(waits) == [0] * 5 + [50] * 5
        clock.now += 49.5
        assert await wait_of(other) == 0.5
        clock.now += 0.5
        assert [await wait_of(one) for _ in range(6)] == [0] * 5 + [60]


async def test_the_day_is_beijings(redis: Redis, clock: Clock) -> None:
    limits = limits_of(redis, clock, day=2)
    assert [await wait_of(limits) for _ in range(3)] == [0, 0, 42_290]
    clock.now = MIDNIGHT + 86_400 - 1
    assert await wait_of(limits) == 1
    clock.now += 1
    assert await wait_of(limits) == 0


async def test_many_are_taken_all_or_none(redis: Redis, clock: Clock) -> None:
    limits = limits_of(redis, clock, minute=10)
    assert await wait_of(limits, 8) == 0
    assert await wait_of(limits, 3) == 50
    assert await wait_of(limits, 2) == 0


async def test_more_than_the_quota_ever_gives_is_a_mistake(redis: Redis, clock: Clock) -> None:
    with pytest.raises(ValueError, match="11 calls"):
        await limits_of(redis, clock, day=10).take(API, 11)


async def test_calls_may_have_to_lie_apart(redis: Redis, clock: Clock) -> None:
    limits = limits_of(redis, clock, apart=30)
    assert await wait_of(limits) == 0
    clock.now += 29
    assert await wait_of(limits) == pytest.approx(1)
    clock.now += 1
    assert await wait_of(limits) == 0


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("code", [None, 45009])
async def test_a_clock_that_went_wrong_closes_nothing_once_it_is_put_right(
    redis: Redis, redis_port: int, clock: Clock, shared: bool, code: int | None
) -> None:
    async with Redis(port=redis_port) as second:
        wrong = limits_of(redis if shared else None, clock, apart=30, day=1000)
        other = limits_of(second, clock, apart=30, day=1000) if shared else wrong
        clock.now += 400 * 86_400
        if code is None:
            assert await wait_of(wrong) == 0
        else:
            await wrong.heed(WeChatRefusedError(API, code, ""))
            assert await wait_of(other) == 42_290
        clock.now -= 400 * 86_400
        assert [await wait_of(wrong if code else other), await wait_of(other)] == [0, pytest.approx(30)]


@pytest.mark.parametrize("configured", [True, False])
async def test_without_redis_a_process_keeps_to_its_share(gone: Redis, clock: Clock, configured: bool) -> None:
    limits = limits_of(gone if configured else None, clock, shares=5, minute=10, day=15)
    assert [await wait_of(limits) for _ in range(3)] == [0, 0, 50]
    clock.now += 50
    assert [await wait_of(limits) for _ in range(2)] == [0, 42_240]
    clock.now = MIDNIGHT + 86_400
    assert await wait_of(limits) == 0
    apart = limits_of(None, clock, apart=30, day=3)
    assert [await wait_of(apart), await wait_of(apart)] == [0, 86_400]


async def test_after_redis_is_back_it_counts_for_all_again(
    redis: Redis, redis_port: int, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("wechat.limits._PAUSE_SECONDS", 0)
    async with Redis(port=redis_port, socket_timeout=5) as client:
        limits = limits_of(client, clock, shares=100, minute=50)
        await redis.client_pause(1500)
        assert await wait_of(limits) == 0
        assert "count of calls to WeChat is away" in caplog.text
        await redis.ping()
        assert await wait_of(limits, 50) == 0


async def test_an_api_without_a_known_quota_is_not_counted(gone: Redis, clock: Clock) -> None:
    limits = Limits(APPID, gone, quotas={API: Quota()}, clock=clock)
    await limits.take(API, 1000)
    await limits.take("/another", 1000)


@pytest.mark.parametrize(
    ("code", "quota", "seconds"),
    [
        (45009, Quota(day=100), 42_290),
        (45009, Quota(), 42_290),
        (45011, Quota(day=100), 50),
        (45011, Quota(minute=100, per_person=True), 0),
        (45009, Quota(minute=100, day_code_means_minute=True), 50),
        (45033, Quota(day=100), 0),
        (-1, Quota(day=100), 0),
    ],
)
async def test_what_wechat_closes_stays_closed_for_its_day_or_minute(
    clock: Clock, code: int, quota: Quota, seconds: int
) -> None:
    limits = Limits(APPID, None, quotas={API: quota}, clock=clock)
    await limits.heed(WeChatRefusedError(API, code, ""))
    assert await wait_of(limits) == seconds
    clock.now += seconds
    assert await wait_of(limits) == 0


async def test_the_other_processes_learn_what_wechat_closed(redis: Redis, redis_port: int, clock: Clock) -> None:
    async with Redis(port=redis_port) as second:
        one, other = (limits_of(client, clock, day=1000) for client in (redis, second))
        assert await wait_of(other) == 0
        await one.heed(WeChatRefusedError(API, 45011, ""))
        assert await wait_of(other) == 50
        clock.now += 50
        assert await wait_of(other) == 0


async def test_a_closing_is_kept_by_its_own_process_while_redis_is_away(gone: Redis, clock: Clock) -> None:
    limits = limits_of(gone, clock, day=1000)
    await limits.heed(WeChatRefusedError(API, 45009, ""))
    assert await wait_of(limits) == 42_290


async def test_a_call_beyond_the_quota_is_never_made(http: httpx.AsyncClient, redis: Redis, platform: Platform) -> None:
    platform.answers[SUBSCRIBE_SEND] = [{"errcode": 0, "msgid": 7}]
    limits = Limits(APPID, redis, quotas={SUBSCRIBE_SEND: Quota(day=2)})
    client = MiniProgramClient(Account(APPID, SECRET, http, limits=limits))
    for _ in range(2):
        await client.send_subscribe_message("o-1", "T" * 43, {"thing1": "x"})
    with pytest.raises(WeChatLimitedError) as limited:
        await client.send_subscribe_message("o-1", "T" * 43, {"thing1": "x"})
    assert limited.value.api == SUBSCRIBE_SEND
    assert platform.calls[SUBSCRIBE_SEND] == 2


async def test_a_slice_that_was_counted_before_is_not_counted_again_but_stops_when_wechat_closes(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    api = "/cgi-bin/message/template/send"
    platform.answers[api] = [{"errcode": 0, "msgid": 7}, {"errcode": 45009, "errmsg": "no"}]
    limits = Limits(APPID, redis, quotas={api: Quota(day=3)})
    client = OfficialAccountClient(Account(APPID, SECRET, http, limits=limits), "")
    await limits.take(api, 3)
    await client.send_template("o-1", "T", {"thing1": "x"}, taken=True)
    with pytest.raises(WeChatRefusedError):
        await client.send_template("o-1", "T", {"thing1": "x"}, taken=True)
    with pytest.raises(WeChatLimitedError):
        await client.send_template("o-1", "T", {"thing1": "x"}, taken=True)
    assert platform.calls[api] == 2


async def test_a_call_repeated_for_its_token_counts_twice(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    api = "/wxa/msg_sec_check"
    platform.answers[api] = [{"errcode": 42001, "errmsg": "no"}]
    limits = Limits(APPID, redis, quotas={api: Quota(day=2)})
    client = ContentClient(Account(APPID, SECRET, http, limits=limits))
    with pytest.raises(WeChatRefusedError):
        await client.check("x", openid="o-1", scene=Scene.COMMENT)
    with pytest.raises(WeChatLimitedError):
        await client.check("x", openid="o-1", scene=Scene.COMMENT)
    assert platform.calls[api] == 2


async def test_a_token_is_forced_at_most_every_half_minute_by_all_together(
    http: httpx.AsyncClient, redis: Redis, platform: Platform, clock: Clock
) -> None:
    limits = Limits(APPID, redis, clock=clock)
    stores = [RedisTokenStore(redis, APPID, "access_token")]
    one, other = (AccessTokens(APPID, SECRET, http, stores, limits) for _ in range(2))
    stale = await one.refresh(await one.get())
    with pytest.raises(WeChatLimitedError) as limited:
        await other.refresh(stale)
    assert limited.value.api == FORCED_TOKEN
    assert limited.value.retry_after == pytest.approx(30)
    assert [body["force_refresh"] for path, _, body in platform.requests if path == TOKEN_PATH].count(True) == 1


def test_every_quota_says_where_it_is_from() -> None:
    assert all(quota.source for quota in QUOTAS.values())
    assert QUOTAS["/cgi-bin/message/template/send"].day == 100_000
    assert QUOTAS[FORCED_TOKEN] == Quota(day=20, apart=30)


async def test_a_closing_is_logged_without_values(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    await Limits(APPID, None, clock=clock).heed(WeChatRefusedError(API, 45009, "no"))
    assert f"{API} is closed for 42290 seconds: errcode 45009" in caplog.text


async def test_an_account_may_have_quotas_of_its_own(clock: Clock) -> None:
    template, code = "/cgi-bin/message/template/send", "/wxa/getwxacodeunlimit"
    own = with_own({template: (None, 1_000_000), code: (100, None), API: (1, None)})
    assert own[template] == Quota(day=1_000_000, source=OWN)
    assert own[code] == Quota(minute=100, day_code_means_minute=True, source=OWN)
    assert {path for path in own if own[path] != QUOTAS.get(path)} == {template, code, API}
    limits = Limits(APPID, None, quotas=own, shares=1, clock=clock)
    assert [await wait_of(limits) for _ in range(2)] == [0, 50]
