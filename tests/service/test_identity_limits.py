"""Rate limits: those that guard people hold whatever happens to Redis, the others give way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from app.bootstrap import House
from app.identity.errors import RealNameMismatchError
from app.identity.sign_in import sign_in
from app.identity.verification import verify_real_name
from app.kit import clock, db, limits
from app.kit.errors import RateLimitedError
from tests.people import Person

HOUR = 3600
REAL_NAME = limits.rules()["real_name"]
PLAIN = limits.LimitRule("test", 1, HOUR, "account", guards=False)


@pytest.fixture
async def nowhere() -> AsyncIterator[Redis]:
    """Redis, away."""
    redis = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2)
    yield redis
    await redis.aclose()


def until(second: int) -> timedelta:
    """How long it is until this second of an hour: a test that counts must not meet the turn of one."""
    return timedelta(seconds=(second - clock.now().timestamp()) % HOUR)


async def seconds_to_wait(rule: limits.LimitRule, subject: str, redis: Redis) -> int:
    """What the next try is told, as the header Retry-After will say it."""
    with pytest.raises(RateLimitedError) as refused:
        await limits.hold(rule, subject, redis)
    return int(refused.value.context["retry_after"])


class Denies:
    """A real-name authority that knows nobody: the one of the stand-ins believes no signature of a moved clock."""

    def __init__(self) -> None:
        self.asked = 0

    async def matches(self, name: str, id_number: str) -> bool:
        """Never."""
        del name, id_number
        self.asked += 1
        return False


async def test_the_eleventh_try_of_a_real_name_in_an_hour_is_refused(
    house: House, person: Person, nowhere: Redis
) -> None:
    """Counted in PostgreSQL, so also with Redis away; the window over, the citizen may try again."""
    citizen = (await sign_in(house.wechat, house.settings.wechat.mini_program_appid, person.login_code)).citizen
    authority = Denies()

    async def attempt() -> None:
        await verify_real_name(authority, nowhere, citizen.id, person.name, person.id_number, device="测试")

    with clock.travel(until(600)):
        for _ in range(10):
            with pytest.raises(RealNameMismatchError):
                await attempt()
        with pytest.raises(RateLimitedError):
            await attempt()
        assert authority.asked == 10
        with clock.travel(timedelta(seconds=HOUR)), pytest.raises(RealNameMismatchError):
            await attempt()


@pytest.mark.parametrize("rule", [REAL_NAME, PLAIN], ids=["guards", "plain"])
async def test_the_time_to_wait_ends_with_the_window(house: House, rule: limits.LimitRule) -> None:
    """To the second: who waits so long is let in, who waits less is not."""
    rule, subject = replace(rule, count=1), uuid4().hex
    with clock.travel(until(600)):
        await limits.hold(rule, subject, house.redis)
        before = int(clock.now().timestamp())
        wait = await seconds_to_wait(rule, subject, house.redis)
        assert HOUR - int(clock.now().timestamp()) % HOUR <= wait <= HOUR - before % HOUR
        with clock.travel(timedelta(seconds=wait - 60)):
            assert await seconds_to_wait(rule, subject, house.redis) <= 60
        with clock.travel(timedelta(seconds=wait)):
            await limits.hold(rule, subject, house.redis)


@pytest.mark.parametrize("rule", [REAL_NAME, PLAIN], ids=["guards", "plain"])
async def test_tries_at_once_are_all_counted(house: House, rule: limits.LimitRule) -> None:
    """Nobody slips through by being quick, and another subject is not held up."""
    rule, subject = replace(rule, count=5), uuid4().hex
    with clock.travel(until(600)):
        outcomes = await asyncio.gather(
            *(limits.hold(rule, subject, house.redis) for _ in range(20)), return_exceptions=True
        )
        assert len([outcome for outcome in outcomes if outcome is None]) == 5
        assert len([outcome for outcome in outcomes if isinstance(outcome, RateLimitedError)]) == 15
        await limits.hold(rule, uuid4().hex, house.redis)


async def test_other_limits_give_way_with_redis_away(house: House, nowhere: Redis) -> None:
    """They only keep the house quick."""
    subject = uuid4().hex
    with clock.travel(until(600)):
        await limits.hold(PLAIN, subject, house.redis)
        await seconds_to_wait(PLAIN, subject, house.redis)
        for _ in range(3):
            await limits.hold(PLAIN, subject, nowhere)


async def test_who_was_counted_is_not_written_down(house: House) -> None:
    """The table knows a hash of an address or an account."""
    subject = uuid4().hex
    await limits.hold(REAL_NAME, subject, house.redis)
    found = await db.rows("SELECT 1 AS found FROM counted_tries AS entry WHERE strpos(entry::text, $1) > 0", subject)
    assert found == []
