"""Sends, channel after channel: at most once on each, grants spent by one statement, nothing silently dropped."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta

import asyncpg
import pytest

from app.bootstrap import House
from app.cli import main
from app.demo.plan import Plan
from app.followers.models import Follower
from app.identity.models import Citizen
from app.kit import clock, db
from app.kit.clock import CITY_TIME
from app.kit.db import transaction
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError
from app.notifications.claims import renew
from app.notifications.consents import grant_sends
from app.notifications.definitions import city_messages, templates
from app.notifications.errors import TemplateUnknownError
from app.notifications.models import Message, MessageState, Send, SendState, StaffTask, SubscriptionGrant
from app.notifications.preferences import set_preferences
from app.notifications.queries import ledger
from app.notifications.rules import Preferences, Quiet
from app.notifications.service import notify
from config.settings import Settings
from tests.contract.sandbox.stand_ins import until
from tests.service.cases import verified_citizen
from tests.service.channels import Ways, follow, give_phone, lapse, stands, tell, ways_tried
from wechat.client import SUBSCRIBE_SEND
from wechat.errors import (
    WeChatAmbiguousError,
    WeChatError,
    WeChatLimitedError,
    WeChatRefusedError,
    WeChatUnreachableError,
)
from wechat.limits import Limits
from wechat.quotas import Quota

_submitted = city_messages().messages["submitted"].mini_program
assert _submitted is not None
TEMPLATE = city_messages().templates[_submitted.template].id
LONG_TERM = city_messages().templates["important"].id
AWAKE = Preferences(quiet=None)
_WAITING = """
SELECT count(*) AS many FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def ways(quiet: House) -> AsyncIterator[Ways]:
    """Channels of a house in which nothing else waits to be sent; afterwards every message is accounted for."""
    await Message.all().delete()
    await StaffTask.all().delete()
    yield Ways(quiet)
    found = await ledger()
    assert found.balanced, found
    await Message.all().delete()
    await StaffTask.all().delete()


@pytest.fixture
async def citizen(ways: Ways) -> Citizen:
    """A citizen who granted nothing yet, is never to be left in quiet, and has no number."""
    citizen = await verified_citizen(ways.house)
    await set_preferences(citizen.id, AWAKE)
    return citizen


async def remaining(citizen: Citizen) -> int:
    """How many sends are still granted."""
    grant = await SubscriptionGrant.get_or_none(citizen=citizen, template_id=TEMPLATE)
    return grant.remaining if grant else 0


async def test_a_granted_send_is_sent_once(ways: Ways, citizen: Citizen) -> None:
    """And the inbox has the message before."""
    await grant_sends(citizen.id, [TEMPLATE, TEMPLATE])
    message = await tell(citizen, "submitted")
    assert await stands(message) == ("waiting", None, None)
    await ways.carry()
    await ways.carry()
    assert await stands(message) == ("delivered", "mini_program", None)
    assert (len(ways.mini.calls), await remaining(citizen)) == (1, 1)


async def test_many_couriers_spend_ten_grants_on_thirty_sends(ways: Ways, citizen: Citizen) -> None:
    """All come to the same grants at once: ten go out, once each; twenty are told that nothing was granted."""
    await asyncio.gather(*(grant_sends(citizen.id, [TEMPLATE]) for _ in range(10)))
    messages = [await tell(citizen, "submitted") for _ in range(30)]
    couriers = [ways.courier for _ in range(6)]
    for courier in couriers:
        courier._slice = 5  # each takes a part of them
    gate = await asyncpg.connect(ways.house.settings.database_url.get_secret_value())
    try:
        async with gate.transaction():
            await gate.execute("SELECT id FROM subscription_grants WHERE citizen_id = $1 FOR UPDATE", citizen.id)
            slices = [asyncio.create_task(courier.carry_slice()) for courier in couriers]
            await until(lambda: db.row(_WAITING), lambda row: row == {"many": len(couriers)}, within=30)
        await asyncio.gather(*slices)
    finally:
        await gate.close()
    found = [(await ways_tried(message.id))[0] for message in messages]
    assert found.count(("mini_program", "sent", None)) == 10
    assert found.count(("mini_program", "failed", "no_grant")) == 20
    assert (len(ways.mini.calls), await remaining(citizen)) == (10, 0)


FOR_GOOD: dict[str, tuple[WeChatError, str, str, int]] = {
    "no grant left at WeChat": (WeChatRefusedError(SUBSCRIBE_SEND, 43101, ""), "failed", "wechat_43101", 0),
    "a wrong field": (WeChatRefusedError(SUBSCRIBE_SEND, 47003, ""), "failed", "wechat_47003", 3),
    "no answer": (WeChatAmbiguousError(SUBSCRIBE_SEND, "ReadTimeout"), "uncertain", "no_answer", 2),
}


@pytest.mark.parametrize("name", FOR_GOOD)
async def test_what_cannot_pass_is_not_repeated(ways: Ways, citizen: Citizen, name: str) -> None:
    """43101 tells that the grants were spent elsewhere; a refusal gives its grant back; no answer stays uncertain."""
    ways.mini.failure, state, reason, left = FOR_GOOD[name]
    await grant_sends(citizen.id, [TEMPLATE] * 3)
    message = await tell(citizen, "submitted")
    with clock.travel(timedelta(days=2)):
        await ways.carry()
        await ways.carry()
    assert (await ways_tried(message.id))[0] == ("mini_program", state, reason)
    assert (len(ways.mini.calls), await remaining(citizen)) == (1, left)


PASSING: dict[str, WeChatError] = {
    "unreachable": WeChatUnreachableError(SUBSCRIBE_SEND, "ConnectError"),
    "busy": WeChatRefusedError(SUBSCRIBE_SEND, -1, ""),
    "the day's quota": WeChatRefusedError(SUBSCRIBE_SEND, 45009, ""),
    "a token that is not the latest": WeChatRefusedError(SUBSCRIBE_SEND, 40001, ""),
    "our own count": WeChatLimitedError(SUBSCRIBE_SEND, 5.0),
    "no token to be had": WeChatAmbiguousError("/cgi-bin/stable_token", "ReadTimeout"),
}


@pytest.mark.parametrize("name", PASSING)
async def test_what_can_pass_is_tried_again_with_its_grant(ways: Ways, citizen: Citizen, name: str) -> None:
    """It certainly was not sent: the grant comes back, and after a rest the next try succeeds."""
    await grant_sends(citizen.id, [TEMPLATE])
    ways.mini.failure = PASSING[name]
    message = await tell(citizen, "submitted")
    await ways.carry()
    assert await stands(message) == ("waiting", None, None)
    assert (len(ways.mini.calls), await remaining(citizen)) == (1, 1)
    ways.mini.failure = None
    with clock.travel(timedelta(seconds=10)):
        await ways.carry()
    assert await stands(message) == ("delivered", "mini_program", None)
    assert (len(ways.mini.calls), await remaining(citizen)) == (2, 0)


async def test_a_quota_that_asks_for_a_rest_gets_it(ways: Ways, citizen: Citizen) -> None:
    """Not a second earlier."""
    await grant_sends(citizen.id, [TEMPLATE])
    ways.mini.failure = WeChatLimitedError(SUBSCRIBE_SEND, 3600.0)
    await tell(citizen, "submitted")
    await ways.carry()
    with clock.travel(timedelta(minutes=59)):
        await ways.courier.sweep()
        await ways.carry()
    assert len(ways.mini.calls) == 1
    with clock.travel(timedelta(minutes=61)):
        await ways.carry()
    assert len(ways.mini.calls) == 2


async def test_a_slice_larger_than_the_quota_of_a_day_is_counted_send_by_send(ways: Ways, citizen: Citizen) -> None:
    """A test account is given less than a slice; none of its messages may end as uncertain for that."""
    await grant_sends(citizen.id, [TEMPLATE] * 3)
    messages = [await tell(citizen, "submitted") for _ in range(3)]
    ways.mini.limits = Limits("wx-small", None, quotas={SUBSCRIBE_SEND: Quota(day=2)})
    await ways.carry()
    assert [await ways_tried(message.id) for message in messages] == [[("mini_program", "sent", None)]] * 3
    assert ways.mini.taken == [False] * 3


async def test_a_normal_message_tries_its_channels_in_order(ways: Ways, citizen: Citizen) -> None:
    """Where the mini-program has no grant, the official account brings it; no short message follows."""
    openid = await follow(ways.house, citizen)
    await give_phone(citizen)
    message = await tell(citizen, "submitted")
    await ways.carry()
    assert await ways_tried(message.id) == [
        ("mini_program", "failed", "no_grant"),
        ("official_account", "sent", None),
    ]
    assert await stands(message) == ("delivered", "official_account", None)
    assert ways.official.calls == [openid]


async def test_a_normal_message_that_nothing_brought_has_failed(ways: Ways, citizen: Citizen) -> None:
    """With the last reason; it stands in the inbox, and nobody is asked to call."""
    message = await tell(citizen, "submitted")
    await ways.carry()
    assert await ways_tried(message.id) == [
        ("mini_program", "failed", "no_grant"),
        ("official_account", "failed", "no_account"),
    ]
    assert await stands(message) == ("failed", None, "no_account")
    assert await StaffTask.all().count() == 0


async def test_a_legal_message_goes_on_to_a_short_message(ways: Ways, citizen: Citizen) -> None:
    """To the number that is bound."""
    phone = await give_phone(citizen)
    message = await tell(citizen, "not_accepted")
    await ways.carry()
    assert await stands(message) == ("delivered", "sms", None)
    assert ways.sms is not None
    assert ways.sms.calls == [phone]


async def test_a_legal_message_that_nothing_brought_becomes_one_task(ways: Ways, citizen: Citizen) -> None:
    """For whoever has the window, with the citizen it is about."""
    message = await tell(citizen, "not_accepted")
    await ways.carry()
    await ways.carry()
    assert await stands(message) == ("escalated", None, "no_phone")
    (task,) = await StaffTask.all()
    assert (task.citizen_id, task.duty, task.note) == (citizen.id, "window", message.title)


async def test_somebody_who_left_the_official_account_is_not_written_to(ways: Ways, citizen: Citizen) -> None:
    """WeChat would refuse it."""
    openid = await follow(ways.house, citizen)
    await Follower.filter(openid=openid).update(subscribed=False)
    message = await tell(citizen, "submitted")
    await ways.carry()
    assert (await ways_tried(message.id))[1] == ("official_account", "failed", "not_following")
    assert ways.official.calls == []


SMS: dict[str, tuple[Exception | None, tuple[str, str | None, str | None]]] = {
    "refused": (RefusedError("sms_X"), ("escalated", None, "sms_X")),
    "no answer": (AmbiguousError("no_answer"), ("escalated", None, "no_answer")),
    "later": (TryLaterError("sms_Y"), ("waiting", None, None)),
}


@pytest.mark.parametrize("name", SMS)
async def test_the_last_channel_of_a_legal_message_decides(ways: Ways, citizen: Citizen, name: str) -> None:
    """A refusal, or a send whose answer was lost, is a task; what can pass waits."""
    await give_phone(citizen)
    assert ways.sms is not None
    ways.sms.failure, expected = SMS[name]
    message = await tell(citizen, "not_accepted")
    await ways.carry()
    assert await stands(message) == expected
    assert len(ways.sms.calls) == 1


async def test_what_a_clock_that_is_ahead_wrote_goes_out_when_it_is_right(ways: Ways, citizen: Citizen) -> None:
    """Not a day later. Its channel has as long as any, from then on."""
    await grant_sends(citizen.id, list(templates()))
    with clock.travel(timedelta(days=1)):
        normal, legal = await tell(citizen, "submitted"), await tell(citizen, "not_accepted")
    await ways.carry()
    assert ways.mini.calls == []
    await ways.courier.sweep()
    for message, patience in ((normal, timedelta(days=1)), (legal, timedelta(minutes=30))):
        send = await Send.get(message_id=message.id)
        assert send.give_up_at is not None
        assert timedelta() <= clock.now() + patience - send.give_up_at < timedelta(minutes=1)
    await ways.carry()
    assert [await stands(one) for one in (normal, legal)] == [("delivered", "mini_program", None)] * 2


async def test_a_rest_that_a_clock_ahead_ordered_is_as_long_as_it_was_to_be(ways: Ways, citizen: Citizen) -> None:
    """No longer, and no shorter, however often it is looked at; the message keeps the time that it had."""
    await grant_sends(citizen.id, [TEMPLATE])
    ways.mini.failure = WeChatLimitedError(SUBSCRIBE_SEND, 60.0)
    message = await tell(citizen, "submitted")
    told = await Send.get(message_id=message.id)
    with clock.travel(timedelta(hours=1)):
        await ways.carry()
    ways.mini.failure = None
    for _ in range(2):
        await ways.courier.sweep()
        await ways.carry()
    send = await Send.get(message_id=message.id)
    assert (send.created_at, send.give_up_at, send.attempts) == (told.created_at, told.give_up_at, 1)
    with clock.travel(timedelta(seconds=59)):
        await ways.carry()
    assert await stands(message) == ("waiting", None, None)
    with clock.travel(timedelta(seconds=70)):
        await ways.carry()
    assert await stands(message) == ("delivered", "mini_program", None)


async def test_a_claim_by_a_clock_that_is_ahead_lapses_no_later(ways: Ways, citizen: Citizen) -> None:
    """A worker that dies with it leaves nothing on its way for a day."""
    await grant_sends(citizen.id, [TEMPLATE])
    await tell(citizen, "submitted")
    ends: list[datetime | None] = []

    async def look() -> None:
        (send,) = await Send.filter(state=SendState.SENDING)
        await renew([send.id], timedelta(minutes=1))
        ends.extend([send.claimed_until, (await Send.get(id=send.id)).claimed_until])

    ways.mini.on_call = look
    with clock.travel(timedelta(hours=1)):
        await ways.courier.carry_slice()
    claimed, renewed = ends
    assert claimed is not None
    assert renewed is not None
    assert clock.now() < claimed < renewed <= clock.now() + timedelta(minutes=1)


async def test_a_legal_message_waits_half_an_hour_for_a_channel(ways: Ways, citizen: Citizen) -> None:
    """Then the next one has it, and the one that was away is not asked again."""
    phone = await give_phone(citizen)
    ways.mini.failure = WeChatUnreachableError(SUBSCRIBE_SEND, "ConnectError")
    message = await tell(citizen, "session_reused")
    await ways.carry()
    assert await stands(message) == ("waiting", None, None)
    with clock.travel(timedelta(minutes=29, seconds=59)):
        await ways.carry()
    assert await stands(message) == ("delivered", "sms", None)
    assert ways.sms is not None
    assert ways.sms.calls == [phone]


async def test_a_lost_answer_is_left_at_that_or_followed_by_the_next_channel(ways: Ways, citizen: Citizen) -> None:
    """A normal message must not come twice; a legal one may rather come twice than not at all."""
    await grant_sends(citizen.id, list(templates()))
    await give_phone(citizen)
    ways.mini.failure = WeChatAmbiguousError(SUBSCRIBE_SEND, "ReadTimeout")
    normal, legal = await tell(citizen, "submitted"), await tell(citizen, "not_accepted")
    await ways.carry()
    assert await stands(normal) == ("uncertain", None, "no_answer")
    assert await ways_tried(normal.id) == [("mini_program", "uncertain", "no_answer")]
    assert await stands(legal) == ("delivered", "sms", None)
    assert len(ways.mini.calls) == 2


async def test_a_send_cut_off_before_its_record_is_uncertain(ways: Ways, citizen: Citizen) -> None:
    """What a killed worker left is not sent again, and not taken from one that is alive."""
    await grant_sends(citizen.id, [TEMPLATE])
    message = await tell(citizen, "submitted")
    until = clock.now() + timedelta(seconds=20)
    await Send.filter(message_id=message.id).update(state=SendState.SENDING, attempts=1, claimed_until=until)
    await ways.courier.sweep()
    assert await stands(message) == ("waiting", None, None)
    await lapse()
    await ways.courier.sweep()
    await ways.carry()
    assert await stands(message) == ("uncertain", None, "cut_off")
    assert ways.mini.calls == []


async def test_a_claim_that_lapsed_meanwhile_is_not_recorded_over(ways: Ways, citizen: Citizen) -> None:
    """Its worker comes back late: the send stays uncertain."""
    await grant_sends(citizen.id, [TEMPLATE])
    message = await tell(citizen, "submitted")

    async def come_late() -> None:
        await lapse()
        await ways.courier.sweep()

    ways.mini.on_call = come_late
    await ways.courier.carry_slice()
    assert len(ways.mini.calls) == 1
    assert await stands(message) == ("uncertain", None, "cut_off")


async def test_a_kind_is_told_once_for_each_occasion(ways: Ways, citizen: Citizen) -> None:
    """Also where two transactions tell it at once, and neither is broken by the other."""
    del ways

    async def say(occasion: str) -> None:
        async with transaction():
            await notify(citizen.id, "approved", occasion, item="食品经营许可", case_no="1")

    await asyncio.gather(*(say(f"{citizen.id}:{number % 2}") for number in range(10)))
    assert await Message.filter(citizen=citizen).count() == 2
    assert await Send.filter(citizen_id=citizen.id).count() == 2


async def test_a_message_without_a_channel_is_delivered_by_the_inbox(ways: Ways, citizen: Citizen) -> None:
    """So is one whose group the citizen turned off."""
    await grant_sends(citizen.id, list(templates()))
    await set_preferences(citizen.id, Preferences(frozenset({"cases"}), quiet=None))
    for message in (await tell(citizen, "licence_issued"), await tell(citizen, "submitted")):
        assert await stands(message) == ("delivered", "inbox", None)
    await ways.carry()
    assert ways.mini.calls == []


async def test_a_channel_that_is_turned_off_is_left_out_but_of_legal_messages(ways: Ways, citizen: Citizen) -> None:
    """The official account brings what the mini-program may not."""
    await grant_sends(citizen.id, list(templates()))
    await follow(ways.house, citizen)
    await set_preferences(citizen.id, Preferences(muted_channels=frozenset({"mini_program"}), quiet=None))
    normal, legal = await tell(citizen, "submitted"), await tell(citizen, "not_accepted")
    await ways.carry()
    assert await stands(normal) == ("delivered", "official_account", None)
    assert await stands(legal) == ("delivered", "mini_program", None)


def time_to(hour: int) -> timedelta:
    """How long it is until an hour of the city's next day."""
    there = datetime.combine(clock.today() + timedelta(days=1), time(hour), CITY_TIME)
    return there - clock.now()


async def test_quiet_hours_hold_up_what_is_normal(ways: Ways, citizen: Citizen) -> None:
    """Also where they were chosen after the message was told; what is legal goes at once."""
    await grant_sends(citizen.id, list(templates()))
    with clock.travel(time_to(12)):
        normal, legal = await tell(citizen, "submitted"), await tell(citizen, "not_accepted")
        await set_preferences(citizen.id, Preferences(quiet=Quiet(time(11), time(13))))
        later = await tell(citizen, "approved")
        await ways.carry()
        assert [await stands(one) for one in (normal, later)] == [("waiting", None, None)] * 2
        assert await stands(legal) == ("delivered", "mini_program", None)
    with clock.travel(time_to(13) - timedelta(seconds=1)):
        await ways.carry()
        assert await stands(later) == ("waiting", None, None)
    with clock.travel(time_to(13) + timedelta(seconds=1)):
        await ways.carry()
    assert [(await stands(one))[0] for one in (normal, later)] == ["delivered"] * 2
    assert await remaining(citizen) == 0


async def test_a_long_term_template_needs_no_count(ways: Ways, citizen: Citizen) -> None:
    """It is sent as often as there is something to tell, unless the citizen is known to have declined."""
    for _ in range(3):
        await tell(citizen, "session_reused")
    await ways.carry()
    assert len(ways.mini.calls) == 3
    await SubscriptionGrant.create(citizen=citizen, template_id=LONG_TERM, remaining=0, updated_at=clock.now())
    message = await tell(citizen, "session_reused")
    await ways.carry()
    assert (await ways_tried(message.id))[0] == ("mini_program", "failed", "declined")


async def test_a_value_that_fits_no_field_harms_nobody(ways: Ways, citizen: Citizen) -> None:
    """What happened stands, and so does the message."""
    async with transaction():
        await notify(citizen.id, "submitted", "unfit", item="", case_no="中文")
    message = await Message.get(key=f"submitted:unfit:{citizen.id}")
    await ways.carry()
    assert await stands(message) == ("delivered", "inbox", None)


async def test_only_templates_in_use_can_be_granted(ways: Ways, citizen: Citizen) -> None:
    """And none of a list that holds a stranger."""
    del ways
    with pytest.raises(TemplateUnknownError):
        await grant_sends(citizen.id, [TEMPLATE, "unknown"])
    assert await remaining(citizen) == 0


async def test_the_ledger_accounts_for_every_message(ways: Ways, citizen: Citizen) -> None:
    """By its state; a state that nothing bears out is found."""
    await grant_sends(citizen.id, [TEMPLATE])
    messages = [await tell(citizen, kind) for kind in ("submitted", "approved", "not_accepted", "licence_issued")]
    waiting = await ledger()
    assert (waiting.created, waiting.by_state[MessageState.WAITING], waiting.balanced) == (4, 3, True)
    await ways.carry()
    found = await ledger()
    assert found.by_state == {
        "waiting": 0,
        "delivered": 2,
        "read": 0,
        "failed": 1,
        "escalated": 1,
        "uncertain": 0,
    }
    assert found.balanced
    await Message.filter(id=messages[0].id).update(state="waiting")
    lost = await ledger()
    assert (lost.unfounded["waiting"], lost.balanced) == (1, False)
    await Message.filter(id=messages[0].id).update(state="delivered")
    await StaffTask.all().delete()
    assert (await ledger()).unfounded["escalated"] == 1
    await Message.filter(id=messages[2].id).delete()


def test_the_command_prints_the_ledger(
    quiet_settings: Settings, plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And ends with 0 where it is balanced."""
    monkeypatch.setenv("JIABAN_CONFIG_FILE", str(plan.config_file))
    monkeypatch.setenv("JIABAN_DATABASE_URL", quiet_settings.database_url.get_secret_value())
    assert main(["messages", "ledger"]) == 0
    printed = capsys.readouterr().out
    assert all(state in printed for state in ("created", "delivered", "escalated", "uncertain", "balanced"))
