"""Rate limits: those that guard people are counted in the database, the others by each process, who tell each other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
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


Try = Callable[[limits.LimitRule, str], Awaitable[None]]


@pytest.fixture(params=[REAL_NAME, PLAIN], ids=["guards", "plain"])
def rule(request: pytest.FixtureRequest) -> limits.LimitRule:
    """A rule of either kind."""
    found: limits.LimitRule = request.param
    return found


@pytest.fixture
def attempt(house: House, rule: limits.LimitRule) -> Try:
    """How one request is counted against a rule."""
    counts = limits.SharedCounts(house.redis)

    async def attempt(rule: limits.LimitRule, subject: str) -> None:
        if rule.guards:
            await limits.hold(rule, subject)
        else:
            counts.hold(rule, subject)

    return attempt


async def seconds_to_wait(attempt: Try, rule: limits.LimitRule, subject: str) -> int:
    """What the next try is told, as the header Retry-After will say it."""
    with pytest.raises(RateLimitedError) as refused:
        await attempt(rule, subject)
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


async def test_the_eleventh_try_of_a_real_name_in_an_hour_is_refused(house: House, person: Person) -> None:
    """The window over, the citizen may try again."""
    citizen = (await sign_in(house.wechat, house.settings.wechat.mini_program_appid, person.login_code)).citizen
    authority = Denies()

    async def attempt() -> None:
        await verify_real_name(authority, citizen.id, person.name, person.id_number, device="测试")

    with clock.travel(until(600)):
        for _ in range(10):
            with pytest.raises(RealNameMismatchError):
                await attempt()
        with pytest.raises(RateLimitedError):
            await attempt()
        assert authority.asked == 10
        with clock.travel(timedelta(seconds=HOUR)), pytest.raises(RealNameMismatchError):
            await attempt()


async def test_the_time_to_wait_ends_with_the_window(rule: limits.LimitRule, attempt: Try) -> None:
    """To the second: who waits so long is let in, who waits less is not."""
    rule, subject = replace(rule, count=1), uuid4().hex
    with clock.travel(until(600)):
        await attempt(rule, subject)
        before = int(clock.now().timestamp())
        wait = await seconds_to_wait(attempt, rule, subject)
        assert HOUR - int(clock.now().timestamp()) % HOUR <= wait <= HOUR - before % HOUR
        with clock.travel(timedelta(seconds=wait - 60)):
            assert await seconds_to_wait(attempt, rule, subject) <= 60
        with clock.travel(timedelta(seconds=wait)):
            await attempt(rule, subject)


async def test_tries_at_once_are_all_counted(rule: limits.LimitRule, attempt: Try) -> None:
    """Nobody slips through by being quick, and another subject is not held up."""
    rule, subject = replace(rule, count=5), uuid4().hex
    with clock.travel(until(600)):
        outcomes = await asyncio.gather(*(attempt(rule, subject) for _ in range(20)), return_exceptions=True)
        assert len([outcome for outcome in outcomes if outcome is None]) == 5
        assert len([outcome for outcome in outcomes if isinstance(outcome, RateLimitedError)]) == 15
        await attempt(rule, uuid4().hex)


async def test_processes_learn_what_the_others_counted(house: House) -> None:
    """Four requests here and two there are six, as soon as both have told theirs; in the next window none."""
    rule, subject = replace(PLAIN, count=6, name=f"test-{uuid4().hex}"), uuid4().hex
    here, there = limits.SharedCounts(house.redis), limits.SharedCounts(house.redis)
    with clock.travel(until(600)):
        for _ in range(3):
            here.hold(rule, subject)
        for _ in range(2):
            there.hold(rule, subject)
        for one in (here, there):
            await one.share()
        here.hold(rule, subject)
        await here.share()
        with pytest.raises(RateLimitedError):
            here.hold(rule, subject)
        here.hold(rule, uuid4().hex)
        with clock.travel(timedelta(seconds=HOUR)):
            for one in (here, there):
                await one.share()
                one.hold(rule, subject)
                assert len(one._windows) == 1


async def test_who_asks_seldom_is_told_to_no_other_process(house: House) -> None:
    """Up to a twentieth of the count; beyond it the others learn of all."""
    rule, subject = replace(PLAIN, count=40, name=f"test-{uuid4().hex}"), uuid4().hex
    here, there = limits.SharedCounts(house.redis), limits.SharedCounts(house.redis)
    with clock.travel(until(600)):
        for told in (0, 0, 3, 4):
            here.hold(rule, subject)
            await here.share()
            found = [await house.redis.get(key) async for key in house.redis.scan_iter(f"limit:{rule.name}:*")]
            assert sum(int(count or 0) for count in found) == told
        for _ in range(36):
            there.hold(rule, subject)
        await there.share()
        with pytest.raises(RateLimitedError):
            there.hold(rule, subject)


async def test_each_process_counts_for_itself_with_redis_away(nowhere: Redis) -> None:
    """What was counted before goes on to count, and nobody is told an error."""
    counts, subject = limits.SharedCounts(nowhere), uuid4().hex
    with clock.travel(until(600)):
        counts.hold(PLAIN, subject)
        await counts.share()
        with pytest.raises(RateLimitedError):
            counts.hold(PLAIN, subject)


async def test_who_was_counted_is_not_written_down(house: House) -> None:
    """The table knows a hash of an address or an account."""
    del house
    subject = uuid4().hex
    await limits.hold(REAL_NAME, subject)
    found = await db.rows("SELECT 1 AS found FROM counted_tries AS entry WHERE strpos(entry::text, $1) > 0", subject)
    assert found == []
