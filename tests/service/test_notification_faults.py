"""The whole way to WeChat's stand-in, which answers wrongly for a while, and a worker that dies in the middle."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from redis import asyncio as aioredis

from app.bootstrap import House, open_house
from app.demo.plan import Plan
from app.identity.models import Citizen, WeChatAccount
from app.kit import clock
from app.kit.clock import CITY_TIME
from app.kit.tls import public_tls
from app.notifications.consents import grant_sends
from app.notifications.definitions import city_messages
from app.notifications.models import Message, Send, StaffTask
from app.notifications.preferences import set_preferences
from app.notifications.queries import ledger
from app.notifications.rules import Preferences
from app.worker import appids_of, courier_of
from config.settings import Settings
from tests.conftest import REPOSITORY
from tests.contract.sandbox.stand_ins import until
from tests.service.channels import give_phone, lapse, stands, tell, ways_tried
from wechat.client import SUBSCRIBE_SEND

TEMPLATE = city_messages().templates["case_submitted"].id


class StandIn:
    """The controls of WeChat's stand-in, and of the one for short messages."""

    def __init__(self, plan: Plan) -> None:
        self.http = httpx.AsyncClient(base_url=plan.sandbox_url, verify=public_tls(), trust_env=False)

    async def say(self, path: str, **body: object) -> None:
        """Tell it something."""
        (await self.http.post(f"/control/{path}", json=body)).raise_for_status()

    async def trouble(self, **order: object) -> None:
        """Let it answer sends wrongly."""
        await self.say("wechat/answers", api=SUBSCRIBE_SEND, **order)

    async def calm(self) -> None:
        """Let it answer rightly again."""
        await self.http.delete("/control/wechat/answers")
        await self.say("wechat/latency", api=SUBSCRIBE_SEND, milliseconds=0)

    async def received(self, openid: str) -> int:
        """How many messages an account has."""
        answer = await self.http.get("/control/messages", params={"openid": openid})
        return len(answer.json()["items"])

    async def calls(self) -> dict[str, int]:
        """How many sends there were, by their outcome."""
        found: dict[str, int] = (await self.http.get("/control/wechat/counts")).json()["counts"].get(SUBSCRIBE_SEND, {})
        return found


@pytest.fixture
async def stand_in(plan: Plan) -> AsyncIterator[StandIn]:
    """The stand-in, calm before and after."""
    stand_in = StandIn(plan)
    await stand_in.calm()
    await stand_in.http.delete("/control/wechat/counts")
    yield stand_in
    await stand_in.calm()
    await stand_in.http.aclose()


@pytest.fixture
async def apart(quiet_settings: Settings) -> AsyncIterator[Settings]:
    """Settings with counts of WeChat's quotas of their own: a test uses them up. WeChat has half a second to answer."""
    redis_url = quiet_settings.redis_url.get_secret_value().rpartition("/")[0] + "/7"
    wechat = quiet_settings.wechat.model_copy(update={"timeout_seconds": 0.5})
    redis = aioredis.Redis.from_url(redis_url)
    await redis.flushdb()
    yield quiet_settings.model_copy(update={"redis_url": SecretStr(redis_url), "wechat": wechat})
    await redis.flushdb()
    await redis.aclose()


@pytest.fixture
async def house(apart: Settings) -> AsyncIterator[House]:
    """A house in which nothing else waits to be sent; afterwards every message is accounted for."""
    async with open_house(apart) as house:
        await Message.all().delete()
        await StaffTask.all().delete()
        yield house
        found = await ledger()
        assert found.balanced, found
        await Message.all().delete()
        await StaffTask.all().delete()


async def told(house: House, stand_in: StandIn, many: int = 1, kind: str = "submitted") -> list[Message]:
    """Messages to as many people, each of whom granted one."""
    messages = []
    for _ in range(many):
        citizen, openid = await Citizen.create(created_at=clock.now()), f"o-{uuid4().hex}"
        appid, moment = appids_of(house)[0], clock.now()
        await WeChatAccount.create(citizen=citizen, appid=appid, openid=openid, created_at=moment)
        await set_preferences(citizen.id, Preferences(quiet=None))
        await grant_sends(citizen.id, [TEMPLATE])
        await stand_in.say("grants", openid=openid, template_ids=[TEMPLATE])
        messages.append(await tell(citizen, kind))
    return messages


async def openid_of(message: Message) -> str:
    """Whom a message is for."""
    return (await WeChatAccount.get(citizen_id=message.citizen_id)).openid  # type: ignore[attr-defined]  # Tortoise adds it


async def carry(house: House) -> None:
    """Carry until nothing is due."""
    courier = courier_of(house)
    while await courier.carry_slice():
        pass


async def test_a_busy_platform_is_asked_again_until_it_takes_all(house: House, stand_in: StandIn) -> None:
    """It says -1 at every second call: each message arrives, once."""
    messages = await told(house, stand_in, 6)
    await stand_in.trouble(errcode=-1, every=2, seconds=60)
    for minutes in range(8):
        with clock.travel(timedelta(minutes=minutes)):
            await carry(house)
    assert Counter([(await stands(one))[0] for one in messages]) == {"delivered": 6}
    assert [await stand_in.received(await openid_of(one)) for one in messages] == [1] * 6
    assert (await stand_in.calls())["-1"] > 0


async def test_after_the_days_quota_nothing_is_asked_until_the_next_day(house: House, stand_in: StandIn) -> None:
    """Normal messages wait for WeChat's midnight; the platform is asked no second time today."""
    (first,) = await told(house, stand_in)
    await stand_in.trouble(errcode=45009)
    await carry(house)
    later = await told(house, stand_in, 3)
    with clock.travel(timedelta(seconds=2)):
        await carry(house)
    assert await stand_in.calls() == {"45009": 1}
    midnight = datetime.combine(clock.today() + timedelta(days=1), datetime.min.time(), CITY_TIME)
    for message in (first, *later):
        send = await Send.get(message_id=message.id)
        assert (send.state, send.reason) == ("waiting", "limited")
        assert send.due_at is not None
        assert abs((send.due_at - midnight).total_seconds()) < 10


async def test_a_legal_message_does_not_wait_for_the_next_day(house: House, stand_in: StandIn) -> None:
    """The quota is used up for longer than it may wait: it goes on to a short message, over the real protocol."""
    (message,) = await told(house, stand_in, kind="not_accepted")
    phone = await give_phone(await Citizen.get(id=message.citizen_id))  # type: ignore[attr-defined]  # Tortoise adds it
    await grant_sends(message.citizen_id, [city_messages().templates["case_result"].id])  # type: ignore[attr-defined]  # likewise
    await Send.filter(message_id=message.id).update(give_up_at=clock.now() + timedelta(seconds=5))
    await stand_in.trouble(errcode=45009)
    await carry(house)
    with clock.travel(timedelta(seconds=2)):
        await carry(house)
    assert await stands(message) == ("delivered", "sms", None)
    sent = await stand_in.http.get("/control/sms/messages", params={"number": f"+86{phone}"})
    assert [one["values"] for one in sent.json()["messages"]] == [[message.title]]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_an_answer_that_never_comes_is_not_asked_for_again(house: House, stand_in: StandIn, moment: str) -> None:
    """Whether it was done or not: nobody gets it twice."""
    (message,) = await told(house, stand_in)
    await stand_in.trouble(timeout=True, moment=moment, times=1)
    await carry(house)
    with clock.travel(timedelta(days=2)):
        await carry(house)
    assert await stands(message) == ("uncertain", None, "no_answer")
    assert await ways_tried(message.id) == [("mini_program", "uncertain", "no_answer")]
    await stand_in.calm()
    assert await stand_in.received(await openid_of(message)) == (moment == "after")


async def _worker(plan: Plan, apart: Settings) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "JIABAN_CONFIG_FILE": str(plan.config_file),
        "JIABAN_DATABASE_URL": apart.database_url.get_secret_value(),
        "JIABAN_REDIS_URL": apart.redis_url.get_secret_value(),
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "worker", cwd=REPOSITORY, env=environment
    )


async def test_a_worker_killed_in_the_middle_of_a_slice_sends_nothing_twice(
    plan: Plan, apart: Settings, house: House, stand_in: StandIn
) -> None:
    """What was on its way is uncertain, whether it arrived or not; what comes after goes its way."""
    messages = await told(house, stand_in, 8)
    await stand_in.say("wechat/latency", api=SUBSCRIBE_SEND, milliseconds=3000)
    worker = await _worker(plan, apart)
    try:
        await until(Send.filter(state="sending").count, lambda count: count == len(messages), within=60)
    finally:
        worker.kill()
        await worker.wait()
    await stand_in.calm()
    messages += await told(house, stand_in, 2)
    await courier_of(house).sweep()
    assert await Send.filter(state="sending").count() == 8
    await lapse()
    await courier_of(house).sweep()
    await carry(house)
    assert Counter([(await stands(one))[0] for one in messages]) == {"uncertain": 8, "delivered": 2}
    assert all([await stand_in.received(await openid_of(one)) <= 1 for one in messages])
