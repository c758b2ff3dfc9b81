"""Broadcasts on a real database: who gets them, who decides, what becomes of each recipient."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from tortoise.exceptions import IntegrityError

from app.audit.models import AuditRecord
from app.bootstrap import House
from app.broadcasts import definitions, selecting, sender, service, slices
from app.broadcasts.errors import BroadcastNotFoundError, BroadcastStateError, OwnBroadcastError
from app.broadcasts.models import Broadcast, BroadcastRecipient, BroadcastSlice, BroadcastState, RecipientState
from app.broadcasts.queries import count_reasons, get_broadcast, ledger, list_broadcasts, preview
from app.broadcasts.selecting import SLICE
from app.broadcasts.service import Notice
from app.broadcasts.slices import GROUP, Result, claim, end_lapsed, renew, take_turn
from app.finding.errors import RegionUnknownError
from app.followers.models import Follower
from app.identity.errors import OutsideOwnScopeError
from app.identity.rules import Duty
from app.identity.staff_accounts import COMMAND_LINE
from app.kit import clock, db
from app.kit.clock import CITY_TIME
from app.notifications.models import SendReport, StaffTask
from app.notifications.reports import keep_report
from tests.service.broadcasting import (
    WORKS,
    Account,
    approved,
    forget_broadcasts,
    prepared,
    send_all,
    somebody,
    states,
)
from wechat.errors import WeChatAmbiguousError, WeChatLimitedError, WeChatRefusedError, WeChatUnreachableError
from wechat.official import TEMPLATE_SEND, MiniProgramPage


@pytest.fixture
async def account(quiet: House) -> AsyncIterator[Account]:
    """An official account of whose broadcasts there are none, before and after."""
    del quiet
    await forget_broadcasts()
    yield Account()
    await forget_broadcasts()


async def state_of(broadcast: Broadcast) -> tuple[BroadcastState, str | None]:
    """Where a broadcast stands, and why."""
    found = await Broadcast.get(id=broadcast.id)
    return found.state, found.reason


async def test_everybody_gets_it_once_and_the_books_balance(account: Account) -> None:
    """Three slices; who left before is no recipient; the record says who prepared and who approved."""
    await account.follow(2 * SLICE + 50)
    await Follower.filter(appid=account.appid, openid__in=["o1", "o2"]).update(subscribed=False)
    broadcast = await approved(link="pages/notice/detail?id=7")
    await send_all(account.sender())
    assert set(account.sent) == {f"o{number}" for number in range(3, 2 * SLICE + 51)}
    assert set(account.sent.values()) == {1}
    assert set(account.links) == {(None, MiniProgramPage("wxmini", "pages/notice/detail?id=7"))}
    assert await states(broadcast.id) == {"delivered": 2 * SLICE + 48}
    assert (await Broadcast.get(id=broadcast.id)).state is BroadcastState.DONE
    records = await AuditRecord.filter(chain=f"broadcast:{broadcast.id}").order_by("position")
    assert [record.action for record in records] == [
        "broadcast_prepared",
        "broadcast_approved",
        "broadcast_selected",
        "broadcast_done",
    ]
    assert records[0].actor == f"staff:{broadcast.author_id}" != records[1].actor == f"staff:{broadcast.reviewer_id}"
    assert records[3].details == {"delivered": 2 * SLICE + 48, "failed": 0, "uncertain": 0, "skipped": 0}


async def test_a_region_takes_all_below_it_and_a_group_its_members(account: Account) -> None:
    """By region, by group, by both, and what is previewed."""
    await account.follow(3, "street", "230803007", (5,))
    await account.follow(4, "district", "230803")
    await account.follow(5, "elsewhere", "230804", (5,))
    await account.follow(6, "nowhere")
    for region, tag, expected in (("230803", None, 7), ("230803", 5, 3), (None, 5, 8), (None, None, 18)):
        broadcast = await approved(region, tag)
        assert (await preview(account.appid, broadcast)).recipients == expected
        await send_all(account.sender())
        assert await states(broadcast.id) == {"delivered": expected}
    sample = (await preview(account.appid, await prepared("230803007"))).sample
    assert sample == [("230803007", None)] * 3


async def test_nothing_is_sent_before_another_person_approved(account: Account) -> None:
    """Neither the author nor an unknown person approves or rejects; the table itself refuses it."""
    await account.follow(3)
    author = somebody()
    assert author.staff_id
    broadcast = await service.prepare(author, author.staff_id, "slj", Notice("works", WORKS))
    for nobody in (author, COMMAND_LINE):
        with pytest.raises(OwnBroadcastError):
            await service.approve(nobody, broadcast.id, urgent=True)
        with pytest.raises(OwnBroadcastError):
            await service.reject(nobody, broadcast.id, "x")
    for reviewer_id in (author.staff_id, None):
        with pytest.raises(IntegrityError):
            await Broadcast.filter(id=broadcast.id).update(state=BroadcastState.SENDING, reviewer_id=reviewer_id)
    await send_all(account.sender())
    assert not account.sent
    await service.reject(somebody(), broadcast.id, "时间写错")
    assert await state_of(broadcast) == (BroadcastState.REJECTED, "时间写错")
    with pytest.raises(BroadcastStateError):
        await service.approve(somebody(), broadcast.id, urgent=True)


async def test_two_who_approve_at_once(account: Account) -> None:
    """One does; the other learns that it is done."""
    broadcast = await prepared()
    answers = await asyncio.gather(
        *(service.approve(somebody(), broadcast.id, urgent=False) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Broadcast", "BroadcastStateError"]
    del account


async def test_each_stays_within_their_region_and_department(account: Account) -> None:
    """A county's staff broadcast within it and see only that; the whole city takes a scope of the whole city."""
    county, other = somebody("230803", "slj"), somebody("230804", "slj")
    assert county.staff_id
    for region in (None, "230804"):
        with pytest.raises(OutsideOwnScopeError):
            await service.prepare(county, county.staff_id, "slj", Notice("works", WORKS, region=region))
    with pytest.raises(RegionUnknownError):
        await service.prepare(somebody(), uuid4(), "slj", Notice("works", WORKS, region="999999"))
    own = await service.prepare(county, county.staff_id, "slj", Notice("works", WORKS, region="230803007"))
    citywide = await prepared()
    for stranger in (other, somebody("230803", "scjg")):
        with pytest.raises(BroadcastNotFoundError):
            await service.approve(stranger, own.id, urgent=False)
        with pytest.raises(BroadcastNotFoundError):
            await get_broadcast(stranger, own.id)
        assert not (await list_broadcasts(stranger, None, None)).items
    assert [one.id for one in (await list_broadcasts(county, None, None)).items] == [own.id]
    with pytest.raises(BroadcastNotFoundError):
        await get_broadcast(county, citywide.id)
    await service.approve(somebody("2308", "slj"), own.id, urgent=False)
    del account


async def test_a_stop_is_heeded_within_a_small_group(account: Account) -> None:
    """Those of the group under way get it, nobody after them; who was not reached counts as skipped."""
    await account.follow(2 * SLICE)
    broadcast = await approved()
    stopped = asyncio.Event()
    account.on_send = lambda openid: stopped.set()
    account.latency = 0.05

    async def stop() -> None:
        await stopped.wait()
        await service.stop(somebody(), broadcast.id, "不再需要")

    await asyncio.gather(send_all(account.sender()), stop())
    assert 0 < account.sent.total() <= GROUP
    assert await states(broadcast.id) == {
        "delivered": account.sent.total(),
        "waiting": 2 * SLICE - account.sent.total(),
    }
    assert (await ledger())["skipped"] == 2 * SLICE - account.sent.total()
    with pytest.raises(BroadcastStateError):
        await service.resume(somebody(), broadcast.id)


async def test_who_left_meanwhile_is_skipped(account: Account) -> None:
    """Chosen, then gone before their turn, or unknown since; a whole group of them holds nothing up."""
    await account.follow(GROUP + 10)
    broadcast = await approved()
    await selecting.select_more(account.appid, broadcast.id)
    gone = [f"o{number}" for number in range(1, GROUP + 6)]
    await Follower.filter(appid=account.appid, openid__in=gone).update(subscribed=False)
    await Follower.filter(appid=account.appid, openid=f"o{GROUP + 6}").delete()
    await send_all(account.sender())
    assert await states(broadcast.id) == {"delivered": 4, "skipped": GROUP + 6}
    assert (await Broadcast.get(id=broadcast.id)).state is BroadcastState.DONE


async def test_what_wechat_says_of_one_recipient(account: Account) -> None:
    """Failed with its reason, uncertain and never again, or sent again when WeChat is less busy."""
    await account.follow(GROUP)
    account.errors.extend(
        [
            WeChatRefusedError(TEMPLATE_SEND, 43004, ""),
            WeChatRefusedError(TEMPLATE_SEND, 40003, ""),
            WeChatRefusedError(TEMPLATE_SEND, -1, ""),
            WeChatUnreachableError(TEMPLATE_SEND, "ConnectTimeout"),
            WeChatAmbiguousError(TEMPLATE_SEND, "ReadTimeout"),
        ]
    )
    broadcast = await approved()
    await send_all(account.sender())
    assert await states(broadcast.id) == {"delivered": GROUP - 3, "failed": 2, "uncertain": 1}
    assert sorted(account.sent.values()) == [1] * (GROUP - 2) + [2, 2]
    reasons = {one.reason async for one in BroadcastRecipient.filter(reason__isnull=False)}
    assert reasons == {"wechat_43004", "wechat_40003", "no_answer"}
    counted = await count_reasons(broadcast.id)
    assert counted == [("failed", "wechat_40003", 1), ("failed", "wechat_43004", 1), ("uncertain", "no_answer", 1)]


async def test_somebody_whom_wechat_never_takes_ends_as_failed(account: Account) -> None:
    """After five tries, while it took those of others."""
    await account.follow(SLICE)
    account.busy = {"o1"}
    broadcast = await approved()
    await send_all(account.sender())
    assert await states(broadcast.id) == {"delivered": SLICE - 1, "failed": 1}
    assert account.sent["o1"] == 5
    assert (await BroadcastRecipient.get(state=RecipientState.FAILED)).reason == "wechat_-1"


async def test_an_outage_costs_a_group_and_then_one_at_a_time(account: Account) -> None:
    """While no answer comes the broadcast rests ever longer, and goes on by itself when WeChat is back."""
    await account.follow(3 * SLICE)
    account.always = WeChatAmbiguousError(TEMPLATE_SEND, "ReadTimeout")
    broadcast = await approved()
    await send_all(account.sender())
    assert account.sent.total() == GROUP
    for hours in (1, 2, 3):
        with clock.travel(timedelta(hours=hours)):
            await send_all(account.sender())
        assert account.sent.total() == GROUP + hours
    found = await Broadcast.get(id=broadcast.id)
    assert (found.state, found.failures) == (BroadcastState.SENDING, 4)
    account.always = None
    with clock.travel(timedelta(hours=4)):
        await send_all(account.sender())
    assert await states(broadcast.id) == {"delivered": 3 * SLICE - GROUP - 3, "uncertain": GROUP + 3}
    assert (await Broadcast.get(id=broadcast.id)).failures == 0
    assert set(account.sent.values()) == {1}


async def test_a_day_quota_that_is_used_up_lets_it_wait_until_tomorrow(account: Account) -> None:
    """45009: who got nothing waits, whatever is asked for before; the next day it goes on."""
    await account.follow(SLICE)
    account.errors.extend([WeChatRefusedError(TEMPLATE_SEND, 45009, "")] * 3)
    broadcast = await approved()
    await send_all(account.sender())
    assert await states(broadcast.id) == {"delivered": GROUP - 3, "waiting": SLICE - GROUP + 3}
    found = await Broadcast.get(id=broadcast.id)
    local = clock.now().astimezone(CITY_TIME)
    tomorrow = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert found.waits_until
    assert abs(found.waits_until - tomorrow) < timedelta(seconds=5)
    with clock.travel(tomorrow - local + timedelta(seconds=10)):
        await send_all(account.sender())
    assert await states(broadcast.id) == {"delivered": SLICE}


async def test_our_own_count_of_the_quota_is_heeded_before_anything_is_sent(account: Account) -> None:
    """It waits for as long as the limits say; nobody is sent to, nobody is lost."""
    await account.follow(SLICE)
    account.quota = WeChatLimitedError(TEMPLATE_SEND, 90.0)
    broadcast = await approved()
    await send_all(account.sender())
    assert not account.sent
    assert await states(broadcast.id) == {"waiting": SLICE}
    account.quota = None
    with clock.travel(timedelta(seconds=80)):
        await send_all(account.sender())
        assert not account.sent
    with clock.travel(timedelta(seconds=100)):
        await send_all(account.sender())
    assert (account.sent.total(), account.taken) == (SLICE, SLICE)


async def test_broadcasts_leave_a_rest_of_the_days_quota(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """What broadcasts may use of a day is counted over all of them, and anew each day."""
    plain = definitions.broadcasting()
    few = plain.model_copy(update={"most_a_day": GROUP + 20})
    monkeypatch.setattr(slices, "broadcasting", lambda: few)
    await account.follow(2 * GROUP)
    first = await approved()
    await send_all(account.sender())
    assert await states(first.id) == {"delivered": GROUP, "waiting": GROUP}
    with clock.travel(timedelta(days=1)):
        await send_all(account.sender())
    assert await states(first.id) == {"delivered": 2 * GROUP}


@pytest.mark.parametrize("code", [40037, 47003, 48001])
async def test_what_the_next_million_would_be_refused_for_too_pauses_it(account: Account, code: int) -> None:
    """One group asked, nobody is lost; a person resumes it once the template is right, or stops it."""
    await account.follow(SLICE)
    account.always = WeChatRefusedError(TEMPLATE_SEND, code, "")
    broadcast = await approved()
    await send_all(account.sender())
    assert account.sent.total() == GROUP
    assert await state_of(broadcast) == (BroadcastState.PAUSED, f"wechat_{code}")
    assert await states(broadcast.id) == {"waiting": SLICE}
    task = await StaffTask.get(key__startswith=f"broadcast_paused:{broadcast.id}")
    assert (task.duty, task.region, task.closed_at) == (Duty.BROADCAST, None, None)
    await send_all(account.sender())
    assert account.sent.total() == GROUP
    account.always = None
    await service.resume(somebody(), broadcast.id)
    assert (await StaffTask.get(id=task.id)).closed_at
    await send_all(account.sender())
    assert await states(broadcast.id) == {"delivered": SLICE}


async def test_a_fault_of_ours_pauses_it_too(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything was sent all wait; amid it one group is uncertain; of a kind that is gone nothing is sent."""
    await account.follow(SLICE)
    account.fault = "take"
    broadcast = await approved()
    await send_all(account.sender())
    assert await state_of(broadcast) == (BroadcastState.PAUSED, "fault")
    assert await states(broadcast.id) == {"waiting": SLICE}
    account.fault = "send"
    await service.resume(somebody(), broadcast.id)
    await send_all(account.sender())
    assert await state_of(broadcast) == (BroadcastState.PAUSED, "fault")
    assert await states(broadcast.id) == {"uncertain": GROUP, "waiting": SLICE - GROUP}
    account.fault = ""
    await service.resume(somebody(), broadcast.id)
    gone = definitions.broadcasting().model_copy(update={"kinds": {}})
    monkeypatch.setattr(sender, "broadcasting", lambda: gone)
    await send_all(account.sender())
    assert await state_of(broadcast) == (BroadcastState.PAUSED, "kind_unknown")
    assert await states(broadcast.id) == {"uncertain": GROUP, "waiting": SLICE - GROUP}


async def test_nobody_is_woken_at_night_unless_it_is_urgent(account: Account) -> None:
    """A night that begins in the middle of a broadcast too; in the morning it goes on."""
    await account.follow(2 * GROUP)
    local = clock.now().astimezone(CITY_TIME)
    night = local.replace(hour=23, minute=0) + timedelta(days=1)
    plain = await approved(urgent=False)
    with clock.travel(night - local):
        await send_all(account.sender())
        assert not account.sent
        urgent = await approved(urgent=True)
        await send_all(account.sender())
        assert await states(urgent.id) == {"delivered": 2 * GROUP}
    with clock.travel(night - local + timedelta(hours=9, minutes=1)):
        lease = await claim(plain.id, 20)
        assert lease
        turn = await take_turn(lease, [], more=True)
        sent = [Result(one.id, RecipientState.DELIVERED) for one in turn.opened]
    with clock.travel(night - local + timedelta(days=1)):
        assert not (await take_turn(lease, sent, more=True)).opened
    assert await states(plain.id) == {"delivered": GROUP, "waiting": GROUP}


async def test_several_workers_share_a_broadcast(account: Account) -> None:
    """All of them send, nobody is sent to twice, also while recipients are still being chosen."""
    await account.follow(selecting.STEP + 3 * SLICE)
    broadcast = await approved()
    await send_all(*(account.sender() for _ in range(4)))
    assert await states(broadcast.id) == {"delivered": selecting.STEP + 3 * SLICE}
    assert set(account.sent.values()) == {1}


async def test_what_a_dead_worker_had_open_is_uncertain_and_the_rest_goes_on(account: Account) -> None:
    """Its slice is another's once its lease is over by the database's clock; of one group nobody knows."""
    await account.follow(SLICE)
    broadcast = await approved()
    await selecting.select_more(account.appid, broadcast.id)
    lease = await claim(broadcast.id, 0.0)
    assert lease
    opened = (await take_turn(lease, [], more=True)).opened
    assert len(opened) == GROUP
    await send_all(account.sender())
    assert await states(broadcast.id) == {"uncertain": GROUP, "delivered": SLICE - GROUP}
    assert not set(account.sent) & {one.openid for one in opened}
    reasons = {one.reason async for one in BroadcastRecipient.filter(state=RecipientState.UNCERTAIN)}
    assert reasons == {"cut_off"}
    # It was only frozen: its word still counts, but it opens nothing more and puts nobody back.
    late = [Result(one.id, RecipientState.DELIVERED, None, "7") for one in opened[:10]]
    late += [Result(one.id, RecipientState.WAITING) for one in opened[10:20]]
    assert not (await take_turn(lease, late, more=True)).opened
    assert await states(broadcast.id) == {"uncertain": GROUP - 10, "delivered": SLICE - GROUP + 10}


async def test_a_frozen_worker_opens_nothing_of_a_slice_that_is_another_s(account: Account) -> None:
    """Two hold the same slice for a while; each recipient is opened by one of them."""
    await account.follow(SLICE)
    broadcast = await approved()
    await selecting.select_more(account.appid, broadcast.id)
    frozen = await claim(broadcast.id, 0.0)
    assert frozen
    first = (await take_turn(frozen, [], more=True)).opened
    assert await end_lapsed() == 1
    other = await claim(broadcast.id, 20.0)
    assert other
    second = (await take_turn(other, [], more=True)).opened
    delivered = [Result(one.id, RecipientState.DELIVERED) for one in first]
    assert not (await take_turn(frozen, delivered, more=True)).opened
    third = (await take_turn(other, [Result(one.id, RecipientState.DELIVERED) for one in second], more=True)).opened
    assert not {one.id for one in first} & {one.id for one in second + third}
    assert len(third) == GROUP
    assert await claim(broadcast.id, 20.0) is None


async def test_a_slow_worker_that_lives_keeps_its_slice(account: Account) -> None:
    """Its lease is pushed on by the database's clock, whatever this machine's clock says."""
    await account.follow(SLICE)
    broadcast = await approved()
    await selecting.select_more(account.appid, broadcast.id)
    lease = await claim(broadcast.id, 0.0)
    assert lease
    opened = (await take_turn(lease, [], more=True)).opened
    await renew([lease], 60.0)
    with clock.travel(timedelta(days=3)):
        assert await end_lapsed() == 0
        assert await claim(broadcast.id, 20.0) is None
    delivered = [Result(one.id, RecipientState.DELIVERED) for one in opened]
    assert len((await take_turn(lease, delivered, more=True)).opened) == GROUP


async def test_a_worker_that_is_told_to_end_leaves_nothing_open(account: Account) -> None:
    """It finishes its groups, gives its slices back, and another worker goes on at once."""
    await account.follow(3 * SLICE)
    broadcast = await approved()
    worker = account.sender()
    account.on_send = lambda openid: worker.stop()
    account.latency = 0.05
    await worker.run()
    sent = account.sent.total()
    assert 0 < sent <= 2 * GROUP
    assert await states(broadcast.id) == {"delivered": sent, "waiting": 3 * SLICE - sent}
    assert not await BroadcastSlice.exists(leased_until__isnull=False)
    account.on_send = None
    await send_all(account.sender())
    assert await states(broadcast.id) == {"delivered": 3 * SLICE}


async def test_what_became_of_a_group_is_kept_while_the_database_is_away(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its messages are out: they are recorded as soon as they can be, and nobody is uncertain or gets two."""
    await account.follow(SLICE)
    broadcast = await approved()
    away = iter([True, True])

    async def turn(lease: slices.Lease, results: list[Result], *, more: bool) -> slices.Turn:
        if len(results) and next(away, None):
            raise ConnectionResetError
        return await take_turn(lease, results, more=more)

    monkeypatch.setattr(slices, "take_turn", turn)
    monkeypatch.setattr(sender, "_AGAIN_SECONDS", 0.01)
    await send_all(account.sender())
    assert next(away, None) is None
    assert await states(broadcast.id) == {"delivered": SLICE}
    assert set(account.sent.values()) == {1}


async def test_what_was_open_when_it_was_stopped_is_settled_too(account: Account) -> None:
    """A worker that died before a stop leaves nothing open for ever."""
    await account.follow(SLICE)
    broadcast = await approved()
    await selecting.select_more(account.appid, broadcast.id)
    lease = await claim(broadcast.id, 0.0)
    assert lease
    await take_turn(lease, [], more=True)
    await service.stop(somebody(), broadcast.id, "x")
    await send_all(account.sender())
    assert await states(broadcast.id) == {"uncertain": GROUP, "waiting": SLICE - GROUP}


async def test_choosing_that_is_cut_off_goes_on_where_it_was(account: Account) -> None:
    """Each step is there whole or not at all; two who choose at once make no double."""
    await account.follow(2 * selecting.STEP + 7)
    broadcast = await approved()
    with suppress(RuntimeError):
        async with db.transaction():
            assert await selecting.select_more(account.appid, broadcast.id)
            raise RuntimeError
    assert await states(broadcast.id) == {}
    await asyncio.gather(*(selecting.select_more(account.appid, broadcast.id) for _ in range(3)))
    while await selecting.select_more(account.appid, broadcast.id):
        pass
    assert await states(broadcast.id) == {"waiting": 2 * selecting.STEP + 7}
    assert len({one async for one in BroadcastRecipient.all().values_list("follower_id", flat=True)}) == (
        2 * selecting.STEP + 7
    )
    assert await BroadcastSlice.filter(broadcast_id=broadcast.id).count() == 2 * selecting.STEP // SLICE + 1


async def test_wechats_later_word_settles_a_message(account: Account) -> None:
    """Arrived, or failed with a reason; of another app, or before the message is recorded, it changes nothing."""
    await account.follow(3)
    broadcast = await approved()
    await send_all(account.sender())
    first, second, third = sorted([str(one.msg_id) async for one in BroadcastRecipient.all()])
    await BroadcastRecipient.filter(msg_id=first).update(msg_id=None)
    for appid, msg_id, outcome in (
        (account.appid, first, "success"),
        (account.appid, second, "failed:user block"),
        ("wxother", third, "failed:user block"),
    ):
        await keep_report(appid, msg_id, outcome)
    await account.sender().settle()
    assert await states(broadcast.id) == {"delivered": 2, "failed": 1}
    refused = await BroadcastRecipient.get(msg_id=second)
    assert (refused.reason, refused.arrived) == ("event_user_block", False)
    await BroadcastRecipient.filter(msg_id=None).update(msg_id=first)
    await account.sender().settle()
    arrived = [one.msg_id async for one in BroadcastRecipient.filter(arrived=True)]
    assert arrived == [first]
    assert not await SendReport.exists(appid=account.appid)
    await SendReport.filter(appid="wxother").delete()
