"""One token for all processes, fetched by one of them, and still a token without Redis."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import redis as blocking_redis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tests.unit.wechat.wechat_platform import APPID, SECRET, TOKEN_PATH, Platform
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError
from wechat.redis_store import RedisTokenStore
from wechat.tokens import AccessTokens

KEY = f"wechat:{APPID}:access_token"
LOCK = f"{KEY}:lock"


class Clock:
    """Seconds that move when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def shared(redis: Redis | None) -> list[RedisTokenStore]:
    """Where a process looks for the token that others fetched."""
    return [RedisTokenStore(redis, APPID, "access_token")] if redis is not None else []


@pytest.fixture
async def gone(dead_port: int) -> AsyncIterator[Redis]:
    """A Redis client whose server is away."""
    async with Redis(port=dead_port, retry=Retry(NoBackoff(), 0)) as client:
        yield client


async def test_two_hundred_callers_in_several_processes_cause_one_fetch(
    http: httpx.AsyncClient, redis: Redis, redis_port: int, platform: Platform
) -> None:
    clients = [Redis(port=redis_port) for _ in range(5)]
    holders = [AccessTokens(APPID, SECRET, http, shared(client)) for client in clients]
    answers = await asyncio.gather(*(holders[i % 5].get() for i in range(200)))
    for client in clients:
        await client.aclose()
    assert set(answers) == {"token-1"}
    assert platform.calls[TOKEN_PATH] == 1
    assert not await redis.exists(LOCK)


async def test_two_hundred_refreshes_of_a_refused_token_cause_one_forced_fetch(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    holders = [AccessTokens(APPID, SECRET, http, shared(redis)) for _ in range(5)]
    stale = await holders[0].get()
    platform.requests.clear()
    answers = await asyncio.gather(*(holders[i % 5].refresh(stale) for i in range(200)))
    assert set(answers) == {"token-2"}
    assert [body["force_refresh"] for _, _, body in platform.requests] == [False, True]


async def test_a_refresh_does_not_force_where_the_normal_mode_has_a_new_token(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    tokens = AccessTokens(APPID, SECRET, http, shared(redis))
    stale = await tokens.get()
    platform.serial = 7
    assert await tokens.refresh(stale) == "token-7"
    assert not any(body["force_refresh"] for _, _, body in platform.requests)


async def test_a_refresh_takes_what_another_process_has_already_fetched(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    tokens = AccessTokens(APPID, SECRET, http, shared(redis))
    stale = await tokens.get()
    await redis.set(KEY, "fetched-elsewhere", px=60_000)
    assert await tokens.refresh(stale) == "fetched-elsewhere"
    assert await tokens.get() == "fetched-elsewhere"
    assert platform.calls[TOKEN_PATH] == 1


@pytest.mark.parametrize(("expires_in", "lifetime"), [(7200, 6900), (100, 90)])
async def test_the_shared_token_ends_before_the_platforms_does(
    http: httpx.AsyncClient, redis: Redis, platform: Platform, expires_in: int, lifetime: int
) -> None:
    platform.expires_in = expires_in
    await AccessTokens(APPID, SECRET, http, shared(redis)).get()
    assert lifetime - 5 < await redis.ttl(KEY) <= lifetime


async def test_the_hot_path_asks_redis_only_now_and_then(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    clock = Clock()
    tokens = AccessTokens(APPID, SECRET, http, shared(redis), clock=clock)
    await tokens.get()
    await redis.set(KEY, "replaced", px=60_000)
    clock.now = 9.9
    assert await tokens.get() == "token-1"
    clock.now = 10.1
    assert await tokens.get() == "replaced"
    assert platform.calls[TOKEN_PATH] == 1


async def test_the_local_copy_never_outlives_the_shared_token(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    clock = Clock()
    await redis.set(KEY, "about-to-end", px=2000)
    tokens = AccessTokens(APPID, SECRET, http, shared(redis), clock=clock)
    assert await tokens.get() == "about-to-end"
    await redis.delete(KEY)
    clock.now = 2.1
    assert await tokens.get() == "token-1"
    assert platform.calls[TOKEN_PATH] == 1


async def test_a_waiter_takes_the_token_of_the_process_that_is_fetching(
    http: httpx.AsyncClient, redis: Redis, redis_port: int, platform: Platform
) -> None:
    await redis.set(LOCK, "another process", px=60_000)
    waiting = asyncio.create_task(AccessTokens(APPID, SECRET, http, shared(redis)).get())
    with blocking_redis.Redis(port=redis_port) as other:
        other.set(KEY, "fetched-elsewhere", px=60_000)
    assert await waiting == "fetched-elsewhere"
    assert platform.calls[TOKEN_PATH] == 0


async def test_a_dead_process_holds_the_others_up_only_until_its_lock_ends(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    await redis.set(LOCK, "died", px=200)
    assert await AccessTokens(APPID, SECRET, http, shared(redis)).get() == "token-1"
    assert await redis.get(KEY) == b"token-1"


async def test_waiting_for_another_process_is_bounded(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    await redis.set(LOCK, "slow", px=60_000)
    assert await AccessTokens(APPID, SECRET, http, shared(redis), patience=0.1).get() == "token-1"
    assert await redis.get(LOCK) == b"slow"


async def test_the_lock_of_a_process_that_is_fetching_ends_by_itself(
    http: httpx.AsyncClient, redis: Redis, redis_port: int, platform: Platform
) -> None:
    lifetimes: list[object] = []
    with blocking_redis.Redis(port=redis_port) as other:
        platform.before_token = lambda: lifetimes.append(other.pttl(LOCK))
        await AccessTokens(APPID, SECRET, http, shared(redis)).get()
    (lifetime,) = lifetimes
    assert isinstance(lifetime, int)
    assert 0 < lifetime <= 10_000


class Overtaken(Redis):
    """A connection on which another process stores its token just before each attempt at the lock."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command on the real server."""
        execute: Any = super().execute_command
        if args[:2] == ("SET", LOCK):
            await execute("SET", KEY, "fetched-elsewhere", "PX", 60_000)
        return await execute(*args, **options)


async def test_a_token_stored_between_the_look_and_the_lock_is_taken(
    http: httpx.AsyncClient, redis: Redis, redis_port: int, platform: Platform
) -> None:
    async with Overtaken(port=redis_port) as overtaken:
        assert await AccessTokens(APPID, SECRET, http, shared(overtaken)).get() == "fetched-elsewhere"
    assert platform.calls[TOKEN_PATH] == 0
    assert not await redis.exists(LOCK)


async def test_a_lock_that_passed_to_another_is_not_released(
    http: httpx.AsyncClient, redis: Redis, redis_port: int, platform: Platform
) -> None:
    with blocking_redis.Redis(port=redis_port) as other:
        platform.before_token = lambda: other.set(LOCK, "the next owner", px=60_000)
        await AccessTokens(APPID, SECRET, http, shared(redis)).get()
    assert await redis.get(LOCK) == b"the next owner"


async def test_without_redis_a_process_fetches_once_and_keeps_the_token_until_it_ends(
    http: httpx.AsyncClient, gone: Redis, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    tokens = AccessTokens(APPID, SECRET, http, shared(gone), clock=clock)
    assert set(await asyncio.gather(*(tokens.get() for _ in range(50)))) == {"token-1"}
    clock.now = 6899
    await tokens.get()
    assert platform.calls[TOKEN_PATH] == 1
    clock.now = 6901
    await tokens.get()
    assert platform.calls[TOKEN_PATH] == 2
    assert "store of WeChat's tokens is away" in caplog.text


@pytest.mark.parametrize("configured", [True, False])
async def test_a_refresh_works_without_redis(
    http: httpx.AsyncClient, gone: Redis, platform: Platform, configured: bool
) -> None:
    tokens = AccessTokens(APPID, SECRET, http, shared(gone if configured else None))
    assert await tokens.refresh(await tokens.get()) == "token-2"
    assert await tokens.get() == "token-2"


async def test_a_redis_that_does_not_answer_is_as_good_as_away(http: httpx.AsyncClient, platform: Platform) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Redis(port=silent.getsockname()[1], socket_timeout=None, socket_connect_timeout=None)
        async with asyncio.timeout(8):
            assert await AccessTokens(APPID, SECRET, http, shared(client)).get() == "token-1"
        await client.aclose()


async def test_a_client_that_hangs_up_does_not_stop_the_fetch_of_the_others(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    platform.before_token = lambda: (loop.call_soon_threadsafe(started.set), platform.hold.wait(10))
    tokens = AccessTokens(APPID, SECRET, http, shared(redis))
    first, second = asyncio.create_task(tokens.get()), asyncio.create_task(tokens.get())
    await started.wait()
    first.cancel()
    platform.hold.set()
    assert await second == "token-1"
    assert first.cancelled()
    assert platform.calls[TOKEN_PATH] == 1


async def test_a_refusal_reaches_all_callers_after_one_fetch_and_the_next_call_asks_again(
    http: httpx.AsyncClient, redis: Redis, platform: Platform
) -> None:
    platform.answers[TOKEN_PATH] = [{"errcode": 40125, "errmsg": f"invalid appsecret {SECRET}"}]
    tokens = AccessTokens(APPID, SECRET, http, shared(redis))
    answers = await asyncio.gather(*(tokens.get() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(answer, WeChatRefusedError) and answer.code == 40125 for answer in answers)
    assert not any(SECRET in str(answer) for answer in answers)
    assert platform.calls[TOKEN_PATH] == 1
    assert not await redis.exists(LOCK)
    platform.answers.clear()
    assert await tokens.get() == "token-1"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": "", "expires_in": 7200},
        {"access_token": "x"},
        {"access_token": "x", "expires_in": 0},
        {"access_token": "x", "expires_in": "7200"},
    ],
)
async def test_an_answer_without_a_token_and_its_lifetime_is_no_answer(
    http: httpx.AsyncClient, redis: Redis, platform: Platform, answer: dict[str, object]
) -> None:
    platform.answers[TOKEN_PATH] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await AccessTokens(APPID, SECRET, http, shared(redis)).get()
    assert not await redis.exists(KEY)


async def test_neither_token_nor_secret_is_logged(
    http: httpx.AsyncClient, redis: Redis, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = AccessTokens(APPID, SECRET, http, shared(redis))
    await tokens.refresh(await tokens.get())
    assert TOKEN_PATH in caplog.text
    assert SECRET not in caplog.text
    assert "token-2" not in caplog.text
