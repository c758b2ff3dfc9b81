"""The ledger of subscription messages: what the phone and WeChat both tell counts once."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.bootstrap import House
from app.identity.models import Citizen, WeChatAccount
from app.kit import clock
from app.kit.db import transaction
from app.notifications import queries
from app.notifications.consents import grant_sends, hear_decisions, lock_decider
from app.notifications.definitions import city_messages
from app.notifications.errors import TapUnknownError
from app.notifications.models import SubscriptionGrant
from app.worker import appids_of
from tests.service.cases import verified_citizen

ONE_TIME = city_messages().templates["case_submitted"].id
LONG_TERM = city_messages().templates["important"].id


@pytest.fixture
async def citizen(quiet: House) -> Citizen:
    """A citizen who granted nothing yet."""
    return await verified_citizen(quiet)


class Tellers:
    """The two who tell of a citizen's taps."""

    def __init__(self, house: House, citizen: Citizen) -> None:
        self.appid, self.citizen = appids_of(house)[0], citizen

    async def phone(self, template_id: str = ONE_TIME) -> None:
        """The phone reports an accept."""
        await grant_sends(self.citizen.id, [template_id])

    async def wechat(self, decision: str = "accept", template_id: str = ONE_TIME) -> None:
        """WeChat's event."""
        account = await WeChatAccount.get(citizen=self.citizen, appid=self.appid)
        async with transaction():
            decider = await lock_decider(self.appid, account.openid)
            assert decider == self.citizen.id
            await hear_decisions(decider, {template_id: decision})  # type: ignore[dict-item]  # as WeChat writes

    async def remaining(self, template_id: str = ONE_TIME) -> int | None:
        """What the ledger says."""
        grant = await SubscriptionGrant.get_or_none(citizen=self.citizen, template_id=template_id)
        return grant.remaining if grant else None


@pytest.fixture
def tellers(quiet: House, citizen: Citizen) -> Tellers:
    """Both of them."""
    return Tellers(quiet, citizen)


@pytest.mark.parametrize(
    ("order", "count"),
    [
        ("p", 1),
        ("w", 1),
        ("pw", 1),
        ("wp", 1),
        ("ppww", 2),
        ("wwpp", 2),
        ("pwpw", 2),
        ("pwwp", 2),
        ("pppw", 3),
        ("wwwp", 3),
        ("pwpww", 3),
    ],
)
async def test_a_tap_counts_once_whoever_tells_first(tellers: Tellers, order: str, count: int) -> None:
    """As many as the one that told more of them."""
    for who in order:
        await (tellers.phone() if who == "p" else tellers.wechat())
    assert await tellers.remaining() == count


async def test_both_at_once_count_once(tellers: Tellers) -> None:
    """Ten taps, told twice each, all at the same time."""
    await asyncio.gather(*(tell() for _ in range(10) for tell in (tellers.phone, tellers.wechat)))
    assert await tellers.remaining() == 10


async def test_a_word_that_never_came_is_forgotten_after_a_day(tellers: Tellers) -> None:
    """The next day's tap is told by WeChat alone, and counts."""
    await tellers.phone()
    with clock.travel(timedelta(days=1, minutes=1)):
        await tellers.wechat()
    assert await tellers.remaining() == 2


async def test_a_refusal_leaves_nothing(tellers: Tellers) -> None:
    """And what is granted after it counts from there."""
    for _ in range(3):
        await tellers.phone()
    await tellers.wechat("reject")
    assert await tellers.remaining() == 0
    await tellers.wechat()
    await tellers.phone()
    assert await tellers.remaining() == 1


async def test_a_long_term_template_is_yes_or_no(tellers: Tellers) -> None:
    """However often it is said."""
    for _ in range(2):
        await tellers.phone(LONG_TERM)
        await tellers.wechat("accept", LONG_TERM)
    assert await tellers.remaining(LONG_TERM) == 1
    await tellers.wechat("reject", LONG_TERM)
    assert await tellers.remaining(LONG_TERM) == 0


async def test_strangers_say_nothing(tellers: Tellers) -> None:
    """An account that is nobody's here, and a template that is not ours."""
    async with transaction():
        assert await lock_decider(tellers.appid, f"o-{uuid4().hex}") is None
    await tellers.wechat("accept", "unknown")
    assert await SubscriptionGrant.filter(citizen=tellers.citizen).count() == 0


async def test_a_tap_asks_for_its_templates(tellers: Tellers) -> None:
    """In their order, with what is granted; all of them without a tap."""
    await tellers.phone()
    asked = await queries.grants(tellers.citizen.id, "submit")
    assert (asked[0].template_id, asked[0].remaining) == (ONE_TIME, 1)
    assert len(asked) == 4
    assert {one.kind for one in asked} == {"one_time"}
    assert len(await queries.grants(tellers.citizen.id)) == 8
    with pytest.raises(TapUnknownError):
        await queries.grants(tellers.citizen.id, "nowhere")
