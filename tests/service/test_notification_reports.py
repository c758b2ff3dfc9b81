"""What WeChat says later of messages it took: it comes early, late, twice, and moves a message that did not arrive."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from app.bootstrap import House
from app.identity.models import Citizen
from app.kit import clock
from app.notifications.consents import grant_sends
from app.notifications.definitions import templates
from app.notifications.models import Message, Send, SendReport, SendState, StaffTask, SubscriptionGrant
from app.notifications.preferences import set_preferences
from app.notifications.queries import ledger
from app.notifications.reports import keep_report
from app.notifications.rules import Preferences
from app.notifications.service import read_message
from app.notifications.tasks import hear_delivered
from app.worker import appids_of
from tests.service.cases import verified_citizen
from tests.service.channels import Ways, follow, stands, tell, ways_tried
from wechat.client import SUBSCRIBE_SEND
from wechat.errors import WeChatRefusedError


@pytest.fixture
async def ways(quiet: House) -> AsyncIterator[Ways]:
    """Channels of a house in which nothing else waits; afterwards every message is accounted for."""
    await Message.all().delete()
    await SendReport.all().delete()
    yield Ways(quiet)
    assert (await ledger()).balanced
    await Message.all().delete()
    await StaffTask.all().delete()


@pytest.fixture
async def citizen(ways: Ways) -> Citizen:
    """A citizen who follows the official account, granted everything and is never to be left in quiet."""
    citizen = await verified_citizen(ways.house)
    await set_preferences(citizen.id, Preferences(quiet=None))
    await grant_sends(citizen.id, list(templates()))
    await follow(ways.house, citizen)
    return citizen


async def report(ways: Ways, msg_id: str | None, outcome: str, *, official: bool = False) -> None:
    """Hear of a message, as the worker does."""
    appids = appids_of(ways.house)
    await hear_delivered(appids, appids[official], msg_id or "", outcome)


async def msg_id_of(message: Message) -> str | None:
    """WeChat's name for the last send of a message."""
    send = await Send.filter(message_id=message.id).order_by("-id").first()
    return send.msg_id if send else None


async def test_a_message_that_arrived_stays_delivered(ways: Ways, citizen: Citizen) -> None:
    """Its send says so; the word is not kept."""
    message = await tell(citizen, "submitted")
    await ways.carry()
    for _ in range(2):
        await report(ways, await msg_id_of(message), "success")
    assert await ways_tried(message.id) == [("mini_program", "delivered", None)]
    assert await stands(message) == ("delivered", "mini_program", None)
    assert not await SendReport.exists()


async def test_a_message_that_did_not_arrive_goes_to_the_next_channel(ways: Ways, citizen: Citizen) -> None:
    """Once, however often it is said; and on from there."""
    message = await tell(citizen, "submitted")
    await ways.carry()
    mini = await msg_id_of(message)
    await asyncio.gather(*(report(ways, mini, "user_block") for _ in range(5)))
    assert await stands(message) == ("waiting", None, None)
    await ways.carry()
    assert await stands(message) == ("delivered", "official_account", None)
    await report(ways, mini, "success")
    await report(ways, await msg_id_of(message), "failed:system failed", official=True)
    assert await ways_tried(message.id) == [
        ("mini_program", "failed", "user_block"),
        ("official_account", "failed", "failed:system failed"),
    ]
    assert await stands(message) == ("failed", None, "failed:system failed")


async def test_a_legal_message_that_did_not_arrive_ends_with_the_staff(ways: Ways, citizen: Citizen) -> None:
    """When no channel is left."""
    message = await tell(citizen, "not_accepted")
    for official in (False, True):
        await ways.carry()
        await report(ways, await msg_id_of(message), "user_block", official=official)
    await ways.carry()
    assert await stands(message) == ("escalated", None, "no_phone")


async def test_a_word_that_comes_before_our_own_record_is_kept(ways: Ways, citizen: Citizen) -> None:
    """The sweep finds it when the record is there."""
    message = await tell(citizen, "submitted")
    early = f"early-{uuid4().hex}"
    await report(ways, early, "user_block")
    await ways.courier.sweep()
    await ways.carry()
    await Send.filter(message_id=message.id).update(msg_id=early)
    assert await stands(message) == ("delivered", "mini_program", None)
    await ways.courier.sweep()
    assert await stands(message) == ("waiting", None, None)


async def test_a_name_of_another_app_says_nothing(ways: Ways, citizen: Citizen) -> None:
    """The apps number their messages each for itself."""
    message = await tell(citizen, "submitted")
    await ways.carry()
    await report(ways, await msg_id_of(message), "user_block", official=True)
    assert await stands(message) == ("delivered", "mini_program", None)


async def test_what_was_read_is_told_no_more(ways: Ways, citizen: Citizen) -> None:
    """A late word of failure opens nothing anew."""
    message = await tell(citizen, "submitted")
    await ways.carry()
    msg_id = await msg_id_of(message)
    await Message.filter(id=message.id).update(state="read", read_at=message.created_at)
    await report(ways, msg_id, "user_block")
    await ways.carry()
    assert (await stands(message))[0] == "read"
    assert await Send.filter(message_id=message.id, state=SendState.WAITING).count() == 0


async def test_what_is_read_while_it_is_being_sent_is_not_tried_again(ways: Ways, citizen: Citizen) -> None:
    """WeChat was busy; the grant comes back."""
    message = await tell(citizen, "submitted")

    async def read() -> None:
        await read_message(citizen.id, message.id)

    ways.mini.on_call, ways.mini.failure = read, WeChatRefusedError(SUBSCRIBE_SEND, -1, "")
    await ways.carry()
    assert (await stands(message))[0] == "read"
    assert await ways_tried(message.id) == [("mini_program", "dropped", "wechat_-1")]
    send = await Send.get(message_id=message.id)
    assert (await SubscriptionGrant.get(citizen=citizen, template_id=send.template_id)).remaining == 1
    with clock.travel(timedelta(hours=1)):
        await ways.carry()
    assert len(ways.mini.calls) == 1


async def test_the_first_word_counts(ways: Ways, citizen: Citizen) -> None:
    """Also where both come before the record."""
    message = await tell(citizen, "submitted")
    await ways.carry()
    appid, msg_id = appids_of(ways.house)[0], await msg_id_of(message)
    for outcome in ("success", "user_block"):
        await keep_report(appid, str(msg_id), outcome)
    await ways.courier.sweep()
    assert await stands(message) == ("delivered", "mini_program", None)
