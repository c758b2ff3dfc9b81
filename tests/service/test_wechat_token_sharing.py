"""WeChat's token is fetched once for all processes, with Redis and without it."""

import asyncio
import json
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import House
from app.demo.plan import Plan
from app.kit import clock, db
from app.kit.models import WeChatToken
from app.kit.wechat_tokens import PostgresTokenStore
from tests.conftest import free_ports
from tests.unit.wechat.wechat_platform import TOKEN_PATH, Platform
from wechat.sharing import StoreAwayError

CHECK = "/wxa/msg_sec_check"
PROCESSES, CALLS_EACH = 4, 50
APPID = "wxshared"


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A WeChat of this test alone, whose tokens take a moment."""
    running = Platform()
    running.answers[CHECK] = [{"errcode": 0, "result": {"suggest": "pass", "label": 100}}]
    running.before_token = lambda: time.sleep(0.3)
    yield running
    running.close()


@pytest.fixture
async def store(house: House) -> AsyncIterator[PostgresTokenStore]:
    """The store of one token, in a process with a database."""
    del house
    yield PostgresTokenStore(APPID, "access_token")
    await WeChatToken.filter(id__startswith="wxshared").delete()


def settings_of(plan: Plan, platform: Platform, appid: str, redis_url: str | None) -> dict[str, Any]:
    """The running house's settings, with another WeChat and perhaps another Redis."""
    given = tomllib.loads(plan.config_file.read_text(encoding="utf-8"))
    given["wechat"] |= {"base_url": platform.url, "mini_program_appid": appid, "timeout_seconds": 60}
    if redis_url is not None:
        given["redis_url"] = redis_url
    return given


async def call_from_processes(file: Path) -> list[int | None]:
    """Have several processes make their calls at the same moment; their exit codes."""
    command = [sys.executable, "-m", "tests.service.wechat_callers", str(file), str(CALLS_EACH)]
    pipe = asyncio.subprocess.PIPE
    callers = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(PROCESSES)]
    for caller in callers:
        assert caller.stdout is not None
        assert await caller.stdout.readline() == b"ready\n"
    await asyncio.gather(*(caller.communicate(b"\n") for caller in callers))
    return [caller.returncode for caller in callers]


@pytest.mark.parametrize("with_redis", [True, False])
async def test_two_hundred_callers_in_several_processes_cause_one_fetch(
    plan: Plan, store: PostgresTokenStore, platform: Platform, tmp_path: Path, with_redis: bool
) -> None:
    del store
    away = None if with_redis else f"redis://127.0.0.1:{free_ports()}/0"
    appid = f"{APPID}-{'with' if with_redis else 'without'}"
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(settings_of(plan, platform, appid, away), default=str), encoding="utf-8")
    assert await call_from_processes(file) == [0] * PROCESSES
    assert platform.calls[CHECK] == PROCESSES * CALLS_EACH
    assert {query["access_token"] for path, query, _ in platform.requests if path == CHECK} == {"token-1"}
    assert platform.calls[TOKEN_PATH] == 1
    assert (await WeChatToken.get(id=f"{appid}:access_token")).token == "token-1"


async def test_a_token_is_found_until_it_ends_and_nobody_reads_it_in_the_database(store: PostgresTokenStore) -> None:
    assert await store.read() is None
    await store.write("the-first", 60)
    await store.write("the-second", 60)
    held = await store.read()
    assert held is not None
    assert (held.token, 55 < held.seconds <= 60) == ("the-second", True)
    row = await db.row("SELECT token FROM wechat_tokens WHERE id = $1", f"{APPID}:access_token")
    assert row is not None
    assert b"the-second" not in bytes(row["token"])
    with clock.travel(timedelta(seconds=61)):
        assert await store.read() is None


async def test_a_token_that_no_key_opens_is_no_token(store: PostgresTokenStore) -> None:
    await store.write("sealed", 60)
    await db.execute("UPDATE wechat_tokens SET token = $1 WHERE id = $2", b"broken", f"{APPID}:access_token")
    assert await store.read() is None


async def test_one_at_a_time_has_the_lock_and_only_its_owner_gives_it_back(store: PostgresTokenStore) -> None:
    other, elsewhere = PostgresTokenStore(APPID, "access_token"), PostgresTokenStore(APPID, "jsapi_ticket")
    assert await store.try_lock("first")
    assert not await other.try_lock("second")
    assert await elsewhere.try_lock("third")
    await other.unlock("second")
    assert not await other.try_lock("second")
    await store.unlock("first")
    assert await other.try_lock("second")
    await other.unlock("second")
    await elsewhere.unlock("third")


async def test_the_lock_of_a_connection_that_is_lost_comes_free(store: PostgresTokenStore) -> None:
    assert await store.try_lock("first")
    await db.rows(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND pid IN "
        "(SELECT pid FROM pg_stat_activity WHERE query LIKE '%7201311427%' AND pid <> pg_backend_pid())"
    )
    other = PostgresTokenStore(APPID, "access_token")
    assert await other.try_lock("second")
    with pytest.raises(StoreAwayError):
        await store.unlock("first")
    await other.unlock("second")
