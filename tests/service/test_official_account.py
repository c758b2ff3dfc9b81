"""What the worker does with pushes: what they change here, answers that come late, the tag of staff."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.bootstrap import House
from app.followers.models import Follower
from app.identity.models import Staff, WeChatAccount
from app.kit import clock, db
from app.kit.apart import RowsFailedError
from app.kit.ports import TryLaterError
from app.notifications.definitions import city_messages
from app.notifications.models import SubscriptionGrant
from app.official_account import inbox, staff, tasks
from app.official_account.counter import Counter, say
from app.official_account.held import forget_all, forget_pushes
from app.official_account.models import LateAnswer, PushState, StaffFollower, WeChatPush
from app.official_account.rules import quoted
from app.privacy.parts import PARTS
from tests.contract.sandbox.stand_ins import until
from tests.service.cases import staff_member, verified_citizen
from wechat.errors import WeChatAmbiguousError, WeChatError, WeChatLimitedError, WeChatRefusedError
from wechat.errors import WeChatUnreachableError as Unreachable
from wechat.message import Message, read_message
from wechat.official import CUSTOM_SEND, Tag

TEMPLATE = city_messages().templates["case_submitted"].id
_WAITING = """
SELECT count(*) AS many FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
JOBS = "SELECT task_name, args FROM procrastinate_jobs WHERE args::text LIKE '%' || $1 || '%' ORDER BY id"


def _openid() -> str:
    return f"oa-{uuid4().hex}"


def push(openid: str, kind: str = "event", **fields: Any) -> Message:
    """A push from a follower."""
    head = {"ToUserName": "gh", "FromUserName": openid, "CreateTime": int(clock.now().timestamp()), "MsgType": kind}
    return read_message({**head, **fields}, form="json", secure=True)


async def _jobs(value: str) -> list[str]:
    return [row["task_name"] for row in await db.rows(JOBS, value)]


@pytest.fixture
def counter(quiet: House) -> Counter:
    """Where followers are answered."""
    return Counter.of(quiet.settings)


async def _taken(counter: Counter, message: Message) -> WeChatPush:
    kept = await inbox.keep_push(message, counter.appid)
    await inbox.take_push(counter.appid, str(kept.id))
    return await WeChatPush.get(id=kept.id)


async def test_a_push_is_kept_once_with_one_job_and_let_go_when_taken(counter: Counter) -> None:
    """Whatever is repeated, before or after."""
    openid = _openid()
    message = push(openid, "text", Content="办证", MsgId="1" + uuid4().hex)
    first, second = [await inbox.keep_push(message, counter.appid) for _ in range(2)]
    assert first == second
    kept = await WeChatPush.get(id=first.id)
    assert kept.payload is not None
    assert (kept.state, kept.payload["fields"]["Content"]) == (PushState.WAITING, "办证")
    assert await _jobs(str(first.id)) == [inbox.TAKE_PUSH]
    for _ in range(2):
        await inbox.take_push(counter.appid, str(first.id))
    taken = await WeChatPush.get(id=first.id)
    assert (taken.state, taken.payload) == (PushState.TAKEN, None)
    assert (await Follower.get(openid=openid)).seen_at == taken.pushed_at
    assert (await inbox.keep_push(message, counter.appid)) == first
    # The same in another app is another push.
    assert (await inbox.keep_push(message, "wx-other")).id != first.id


async def test_what_a_person_wrote_is_sealed(counter: Counter) -> None:
    """As long as it is kept at all."""
    kept = await inbox.keep_push(push(_openid(), "text", Content="隐私内容", MsgId="2" + uuid4().hex), counter.appid)
    (row,) = await db.rows("SELECT payload FROM wechat_pushes WHERE id = $1", kept.id)
    assert "隐私内容".encode() not in bytes(row["payload"])


async def test_decisions_and_fates_are_heeded_once(quiet: House, counter: Counter) -> None:
    """With the taking of the push, or not at all: also where its job comes again. No job names who decided."""
    citizen, msg_id = await verified_citizen(quiet), uuid4().hex
    account = await WeChatAccount.get(citizen=citizen, appid=counter.mini_program)
    decided = {"TemplateId": TEMPLATE, "SubscribeStatusString": "accept"}
    popup = push(account.openid, Event="subscribe_msg_popup_event", List=decided)
    kept = await inbox.keep_push(popup, counter.mini_program)
    gate = await asyncpg.connect(quiet.settings.database_url.get_secret_value())
    try:
        async with gate.transaction():
            await gate.execute("SELECT id FROM citizens WHERE id = $1 FOR UPDATE", citizen.id)
            taking = [asyncio.create_task(inbox.take_push(counter.appid, str(kept.id))) for _ in range(3)]
            await until(lambda: db.row(_WAITING), lambda row: row == {"many": len(taking)}, within=30)
        await asyncio.gather(*taking)
    finally:
        await gate.close()
    grant = await SubscriptionGrant.get(citizen=citizen, template_id=TEMPLATE)
    assert grant.remaining == 1
    assert await _jobs(account.openid) == []
    sent = push(_openid(), Event="TEMPLATESENDJOBFINISH", MsgID=msg_id, Status="failed:user block")
    for message in (sent, sent):
        await _taken(counter, message)
    (delivered,) = await db.rows(JOBS, msg_id)
    assert delivered["task_name"] == "notifications.delivered"
    assert "failed:user block" in delivered["args"]


async def test_a_judgement_of_media_changes_nothing(counter: Counter) -> None:
    """It is kept, and nothing waits for it."""
    openid = _openid()
    assert (await _taken(counter, push(openid, Event="wxa_media_check", trace_id="1"))).state is PushState.TAKEN
    assert await _jobs(openid) == []
    assert not await Follower.exists(openid=openid)


class Messages:
    """WeChat's customer-service messages, as they answer."""

    def __init__(self, *troubles: WeChatError) -> None:
        self.troubles, self.sent = list(troubles), [("", "")][:0]

    async def send_custom_text(self, openid: str, text: str) -> str:
        """Answer with the next trouble, else take the message."""
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent.append((openid, text))
        return ""


async def _owed(counter: Counter, **fields: Any) -> WeChatPush:
    message = push(_openid(), "text", Content="你好", MsgId="3" + uuid4().hex, **fields)
    kept = await inbox.keep_push(message, counter.appid)
    await inbox.take_push(counter.appid, str(kept.id))
    await inbox.owe_answer(kept.id, message)
    await inbox.owe_answer(kept.id, message)
    assert await _jobs(str(kept.id)) == [inbox.TAKE_PUSH, inbox.ANSWER_LATE]
    return await WeChatPush.get(id=kept.id)


async def test_an_owed_answer_is_given_once(counter: Counter) -> None:
    """And what was asked is let go."""
    owed, wechat = await _owed(counter), Messages()
    assert owed.late is LateAnswer.OWED
    for _ in range(2):
        await tasks.answer_late(wechat, counter, str(owed.id))
    assert wechat.sent == [(owed.openid, say("help"))]
    given = await WeChatPush.get(id=owed.id)
    assert (given.late, given.reason, given.payload) == (LateAnswer.SENT, None, None)


async def test_what_was_asked_goes_too_where_the_push_is_taken_over_during_its_answer(counter: Counter) -> None:
    """Nothing else would ever let go of it."""
    message = push(_openid(), "text", Content="你好", MsgId="4" + uuid4().hex)
    kept = await inbox.keep_push(message, counter.appid)
    await inbox.owe_answer(kept.id, message)

    class Meanwhile(Messages):
        async def send_custom_text(self, openid: str, text: str) -> str:
            await inbox.take_push(counter.appid, str(kept.id))
            return await super().send_custom_text(openid, text)

    await tasks.answer_late(Meanwhile(), counter, str(kept.id))
    given = await WeChatPush.get(id=kept.id)
    assert (given.state, given.late, given.payload) == (PushState.TAKEN, LateAnswer.SENT, None)


@pytest.mark.parametrize(
    "trouble",
    [
        Unreachable(CUSTOM_SEND, "ConnectError"),
        WeChatLimitedError(CUSTOM_SEND, 30.0),
        WeChatRefusedError(CUSTOM_SEND, -1, "busy"),
        WeChatRefusedError(CUSTOM_SEND, 45009, "quota"),
        WeChatAmbiguousError("/cgi-bin/stable_token", "ReadTimeout"),
    ],
)
async def test_an_answer_that_was_not_sent_is_sent_later(counter: Counter, trouble: WeChatError) -> None:
    """Nothing is lost where WeChat is away, or its quotas or ours are spent."""
    owed, wechat = await _owed(counter), Messages(trouble)
    with pytest.raises(TryLaterError):
        await tasks.answer_late(wechat, counter, str(owed.id))
    assert (await WeChatPush.get(id=owed.id)).late is LateAnswer.OWED
    await tasks.answer_late(wechat, counter, str(owed.id))
    assert len(wechat.sent) == 1


@pytest.mark.parametrize(
    ("trouble", "late", "reason"),
    [
        (WeChatRefusedError(CUSTOM_SEND, 45015, "out of time"), LateAnswer.FAILED, "wechat_45015"),
        (WeChatAmbiguousError(CUSTOM_SEND, "ReadTimeout"), LateAnswer.UNCERTAIN, "no_answer"),
    ],
)
async def test_an_answer_that_cannot_pass_stands_with_its_reason(
    counter: Counter, trouble: WeChatError, late: LateAnswer, reason: str
) -> None:
    """And is not repeated."""
    owed, wechat = await _owed(counter), Messages(trouble)
    for _ in range(2):
        await tasks.answer_late(wechat, counter, str(owed.id))
    ended = await WeChatPush.get(id=owed.id)
    assert (ended.late, ended.reason, ended.payload, wechat.sent) == (late, reason, None, [])


async def test_an_answer_that_was_cut_off_is_uncertain(counter: Counter) -> None:
    """The worker died between the send and its record."""
    owed, wechat = await _owed(counter), Messages()
    await WeChatPush.filter(id=owed.id).update(late=LateAnswer.SENDING)
    await tasks.answer_late(wechat, counter, str(owed.id))
    assert (await WeChatPush.get(id=owed.id)).late is LateAnswer.UNCERTAIN
    assert wechat.sent == []


async def test_an_answer_of_yesterday_is_not_given(counter: Counter) -> None:
    """It would puzzle."""
    owed, wechat = await _owed(counter), Messages()
    with clock.travel(timedelta(hours=25)):
        await tasks.answer_late(wechat, counter, str(owed.id))
    assert (await WeChatPush.get(id=owed.id)).reason == "too_late"
    assert wechat.sent == []


async def test_pushes_go_when_their_time_has_come_and_with_the_account(quiet: House, counter: Counter) -> None:
    """Not while they are still to be taken."""
    old = clock.now() - timedelta(days=40)
    taken, waiting = await _taken(counter, push(_openid(), Event="VIEW")), await _owed(counter)
    await WeChatPush.filter(id__in=[taken.id, waiting.id]).update(received_at=old)
    assert await forget_pushes(clock.now() - timedelta(days=30), 1000) >= 1
    assert not await WeChatPush.exists(id=taken.id)
    assert await WeChatPush.exists(id=waiting.id)
    someone = await verified_citizen(quiet)
    account = await WeChatAccount.create(
        citizen=someone, appid=counter.appid, openid=waiting.openid, created_at=clock.now()
    )
    (part,) = [one for one in PARTS if one.name == "wechat_pushes"]
    (shown,) = [await part.shown(row, someone.id) async for row in part.rows(someone.id)]
    assert shown["payload"]["fields"]["Content"] == "你好"
    await forget_all(someone.id)
    assert not await WeChatPush.exists(openid=account.openid)


class Tags:
    """WeChat's tags, as it keeps them."""

    def __init__(self) -> None:
        self.known: list[Tag] = []
        self.tagged: set[str] = set()
        self.refused: set[str] = set()
        self.calls = 0

    async def tags(self) -> list[Tag]:
        """All tags."""
        self.calls += 1
        return self.known

    async def create_tag(self, name: str) -> Tag:
        """Make one."""
        self.known.append(Tag(100, name))
        return self.known[-1]

    async def tag_users(self, tag_id: int, openids: list[str]) -> None:
        """Give it."""
        assert tag_id == 100
        if self.refused & set(openids):
            raise WeChatRefusedError("/cgi-bin/tags/members/batchtagging", 45159, "invalid tag")
        self.tagged |= set(openids)

    async def untag_users(self, tag_id: int, openids: list[str]) -> None:
        """Take it."""
        assert tag_id == 100
        self.tagged -= set(openids)


@pytest.fixture
async def nobody_bound(quiet: House) -> None:
    """No member of staff is known at the official account."""
    await StaffFollower.all().delete()


async def test_staff_are_bound_by_their_code_and_tagged(counter: Counter, nobody_bound: None) -> None:
    """Once; a code is good once, for ten minutes, and for its newest alone."""
    member, openid, wechat = await staff_member([]), _openid(), Tags()
    old = await staff.give_code(member, counter.appid)
    code = await staff.give_code(member, counter.appid)
    assert await staff.bind("绑定工作人员", counter.appid, openid) == say("staff_how")
    assert await staff.bind(f"绑定工作人员 {old.code}", counter.appid, openid) == say("staff_code_wrong")
    with clock.travel(timedelta(minutes=11)):
        assert await staff.bind(f"绑定工作人员 {code.code}", counter.appid, openid) == say("staff_code_wrong")
    for _ in range(2):
        assert await staff.bind(f"绑定工作人员{code.code}", counter.appid, openid) == say("staff_bound")
    assert await staff.bind(f"绑定工作人员 {code.code}", counter.appid, _openid()) == say("staff_code_wrong")
    await staff.tag_staff(wechat, counter.appid)
    assert wechat.tagged == {openid}
    calls = wechat.calls
    await staff.tag_staff(wechat, counter.appid)
    assert wechat.calls == calls
    await Staff.filter(id=member.id).update(active=False)
    await staff.tag_staff(wechat, counter.appid)
    assert wechat.tagged == set()


async def test_a_wechat_is_one_member_of_staffs(counter: Counter, nobody_bound: None) -> None:
    """The last who sent a code from it."""
    openid = _openid()
    for _ in range(2):
        member = await staff_member([])
        code = await staff.give_code(member, counter.appid)
        await staff.bind(f"绑定工作人员 {code.code}", counter.appid, openid)
    (bound,) = await StaffFollower.filter(openid=openid)
    assert bound.staff_id == member.id  # type: ignore[attr-defined]  # Tortoise adds it


async def test_whoever_leaves_or_takes_another_wechat_loses_the_tag(counter: Counter, nobody_bound: None) -> None:
    """The worker takes it from the WeChat that is theirs no more."""
    member, first, second, wechat = await staff_member([]), _openid(), _openid(), Tags()
    assert not await staff.unbind(member)
    for openid in (first, second):
        code = await staff.give_code(member, counter.appid)
        await staff.bind(f"绑定工作人员 {code.code}", counter.appid, openid)
        await staff.tag_staff(wechat, counter.appid)
    assert wechat.tagged == {first, second}
    assert await _jobs(first) == [staff.UNTAG]
    await staff.untag(wechat, counter.appid, first)
    await staff.untag(wechat, counter.appid, second)
    assert wechat.tagged == {second}
    assert await staff.unbind(member)
    assert await _jobs(second) == [staff.UNTAG]
    await staff.untag(wechat, counter.appid, second)
    assert wechat.tagged == set()
    assert not await staff.unbind(member)


async def test_whoever_follows_anew_is_tagged_anew_and_one_that_fails_holds_up_no_other(
    counter: Counter, nobody_bound: None
) -> None:
    """WeChat takes the tags of whoever leaves."""
    wechat, openids = Tags(), [_openid(), _openid()]
    for openid in openids:
        code = await staff.give_code(await staff_member([]), counter.appid)
        await staff.bind(f"绑定工作人员 {code.code}", counter.appid, openid)
    wechat.refused = {openids[0]}
    with pytest.raises(RowsFailedError):
        await staff.tag_staff(wechat, counter.appid)
    assert wechat.tagged == {openids[1]}
    wechat.refused, wechat.tagged = set(), set()
    await _taken(counter, push(openids[1], Event="subscribe", EventKey=""))
    await staff.tag_staff(wechat, counter.appid)
    assert wechat.tagged == set(openids)


def test_words_of_officials_and_items_are_quoted_in_answers() -> None:
    """What lists show of cases and items goes through here."""
    assert quoted("]]><a href='x'>许可\n证") == "]]＞＜a href='x'＞许可 证"
