"""``jiaban broadcasts`` as whoever holds the server types it."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from app.bootstrap import House
from app.broadcasts import service
from app.broadcasts.models import Broadcast, BroadcastState
from app.demo.plan import Plan
from app.followers.models import Follower
from app.kit import clock
from app.kit.tls import public_tls
from app.sandbox.wechat.followers import generated_openid
from tests.nursery import command
from tests.service.broadcasting import approved, forget_broadcasts, prepared, states

MANY = 60
# Others than those of the tests that count doubles.
FIRST = 9_000


@pytest.fixture
async def followed(quiet: House, plan: Plan) -> AsyncIterator[House]:
    """A house whose official account has followers at WeChat's stand-in too, and no broadcasts before and after."""
    await forget_broadcasts()
    async with httpx.AsyncClient(verify=public_tls(), trust_env=False) as http:
        (
            await http.post(f"{plan.sandbox_url}/control/wechat/followers", json={"count": FIRST + MANY})
        ).raise_for_status()
    appid, moment = quiet.settings.wechat.official_account_appid, clock.now()
    await Follower.filter(appid=appid).delete()  # those of others' tests
    openids = [generated_openid(FIRST + number) for number in range(MANY)]
    await Follower.bulk_create(
        [Follower(appid=appid, openid=openid, subscribed=True, changed_at=moment) for openid in openids]
    )
    yield quiet
    await forget_broadcasts()
    await Follower.filter(appid=appid).delete()


async def _type(house: House, plan: Plan, *words: str) -> tuple[int, str]:
    told = {
        "JIABAN_CONFIG_FILE": str(plan.config_file),
        "JIABAN_DATABASE_URL": house.settings.database_url.get_secret_value(),
    }
    done = await asyncio.to_thread(command, "broadcasts", *words, **told)
    return done.returncode, done.stdout


async def test_an_approved_broadcast_is_sent_watched_and_listed(followed: House, plan: Plan) -> None:
    """``run`` sends it without a worker, goes on with a paused one, and ends with it."""
    broadcast = await approved()
    await service.pause(broadcast.id, "wechat_40037")
    code, told = await _type(followed, plan, "run", str(broadcast.id))
    expected = f"{broadcast.id} done: recipients {MANY}, delivered {MANY}, failed 0, uncertain 0, skipped 0"
    assert (code, told.strip().startswith(expected)) == (0, True), told
    assert await states(broadcast.id) == {"delivered": MANY}
    assert (await _type(followed, plan, "watch", str(broadcast.id)))[0] == 0
    code, told = await _type(followed, plan, "list")
    assert code == 0
    assert str(broadcast.id) in told


async def test_a_broadcast_is_stopped_by_hand(followed: House, plan: Plan) -> None:
    """With its reason; what nobody approved cannot be run, and what is unknown is told in a sentence."""
    broadcast = await prepared()
    code, told = await _type(followed, plan, "run", str(broadcast.id))
    assert (code, "broadcast_state_forbids" in told) == (1, True)
    code, told = await _type(followed, plan, "stop", str(broadcast.id), "--reason", "写错")
    assert (code, "stopped" in told) == (0, True)
    found = await Broadcast.get(id=broadcast.id)
    assert (found.state, found.reason) == (BroadcastState.STOPPED, "写错")
    code, told = await _type(followed, plan, "stop", str(uuid4()), "--reason", "x")
    assert (code, "broadcast_not_found" in told) == (1, True)
