"""The official account over HTTP, in secure mode: what followers are told, and that WeChat is answered in time."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
import xmltodict

from app.bootstrap import House
from app.demo.plan import Plan
from app.followers.models import Follower
from app.kit import clock
from app.kit.tls import public_tls
from app.official_account.counter import say
from app.official_account.definitions import definitions
from app.official_account.models import PushState, WeChatPush
from app.official_account.rules import is_staffed
from tests.api.conftest import Holder, submit_held
from tests.conftest import Phone, error_of
from tests.e2e.breaking import await_true
from tests.unit.wechat.wechat_envelope import open_frame, seal_frame, signature_of

OFFICIAL, MINI = "wxjiabansandbox01", "wxjiabansandbox02"
TOKEN, KEY = "jiaban", "A" * 43
PATHS = {OFFICIAL: "/wechat/official-account", MINI: "/wechat/mini-program"}


class Somebody:
    """Somebody at WeChat: what they do there is pushed to us sealed, and what they read is opened."""

    def __init__(self, client: httpx.Client, login: str, appid: str = OFFICIAL) -> None:
        self.client, self.appid, self.login = client, appid, login
        self.openid = ("oa-" if appid == OFFICIAL else "o-") + login
        self.fields: dict[str, Any] = {}

    def push(self, **fields: Any) -> httpx.Response:
        """Push what happened."""
        head = {"ToUserName": "gh_city", "FromUserName": self.openid, "CreateTime": int(time.time())}
        self.fields = {**head, **fields}
        return self.again()

    def again(self) -> httpx.Response:
        """Push once more what was pushed last, as WeChat does that got no answer."""
        xml = xmltodict.unparse({"xml": self.fields}, full_document=False)
        text = xml if self.appid == OFFICIAL else json.dumps(self.fields)
        encrypt = seal_frame(KEY, text.encode(), self.appid.encode())
        timestamp, nonce = str(int(time.time())), uuid.uuid4().hex
        query = {
            "timestamp": timestamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": signature_of(TOKEN, timestamp, nonce, encrypt),
        }
        body = f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
        return self.client.post(PATHS[self.appid], params=query, content=body.encode())

    def read(self, answer: httpx.Response) -> dict[str, Any]:
        """What was answered, opened by an envelope of the tests' own."""
        assert answer.status_code == 200, answer.text
        sealed = xmltodict.parse(answer.text)["xml"] if self.appid == OFFICIAL else answer.json()
        stamp, nonce = str(sealed["TimeStamp"]), sealed["Nonce"]
        assert sealed["MsgSignature"] == signature_of(TOKEN, stamp, nonce, sealed["Encrypt"])
        opened = open_frame([KEY], sealed["Encrypt"], self.appid.encode()).decode()
        reply: dict[str, Any] = xmltodict.parse(opened)["xml"] if self.appid == OFFICIAL else json.loads(opened)
        assert reply["ToUserName"] == self.openid
        return reply

    def writes(self, text: str) -> str:
        """What is said to a text of theirs."""
        reply = self.read(self.push(MsgType="text", Content=text, MsgId=str(uuid.uuid4().int)[:18]))
        return str(reply["Content"])

    def taps(self, key: str) -> str:
        """What is said to a tap on the menu."""
        return str(self.read(self.push(MsgType="event", Event="CLICK", EventKey=key))["Content"])

    def binds(self, plan: Plan) -> None:
        """Sign in on our page within WeChat."""
        with httpx.Client(base_url=plan.web_url, timeout=30, verify=public_tls(), trust_env=False) as browser:
            there = browser.get("/h5/sign-in/wechat").headers["Location"]
            back = httpx.get(there.replace("#wechat_redirect", f"&login={self.login}"), trust_env=False)
            assert browser.get(back.headers["Location"]).status_code == 302


@pytest.fixture
def follower(client: httpx.Client) -> Somebody:
    """Somebody whom nobody knows yet."""
    return Somebody(client, uuid.uuid4().hex)


def stand_in_pushes(plan: Plan, openid: str, **fields: Any) -> dict[str, Any]:
    """WeChat's stand-in pushes, with its five seconds and three tries; what came of it."""
    body = {"app": "official", "mode": "secure", "format": "xml", "fields": {"FromUserName": openid, **fields}}
    pushed = httpx.post(f"{plan.sandbox_url}/control/wechat/push", json=body, timeout=30, trust_env=False)
    assert pushed.status_code == 200, pushed.text
    (found,) = pushed.json()["items"]
    delivery: dict[str, Any] = found
    return delivery


def _login(phone: Phone) -> str:
    return phone.person.login_code.removeprefix("login-")


async def _until(look: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    return found


async def test_whoever_comes_is_welcomed_and_known_until_they_leave(house: House, follower: Somebody) -> None:
    """With the code that they scanned, which is told."""
    came = follower.push(MsgType="event", Event="subscribe", EventKey="qrscene_hall:city:12", Ticket="t")
    said = follower.read(came)["Content"]
    assert "欢迎" in said
    assert "佳木斯市政务服务中心12号窗口" in said
    known = await _until(lambda: Follower.get_or_none(openid=follower.openid))
    assert (known.subscribed, known.scene, known.scanned) == (True, "hall:city:12", "hall:city:12")
    # A visit later the hall is still known.
    assert "佳木斯市政务服务中心" in follower.taps("hall")
    later = int(time.time()) + 1
    assert follower.push(MsgType="event", Event="unsubscribe", EventKey="", CreateTime=later).text == "success"
    await _until(lambda: Follower.get_or_none(openid=follower.openid, subscribed=False))


def test_a_scanned_code_leads_to_what_it_stands_beside(follower: Somebody, client: httpx.Client) -> None:
    """An item, a poster, a hall; what is unknown leads to help."""
    item = client.get("/api/v1/items", params={"q": "食品经营"}).json()["items"][0]

    def scans(scene: str) -> str:
        return str(follower.read(follower.push(MsgType="event", Event="SCAN", EventKey=scene))["Content"])

    assert item["item_code"] in scans(f"item:{item['item_code']}")
    assert definitions().posters["heating"].text in scans("poster:heating")
    for unknown in ("item:none", "poster:none", "hall:none", "what:ever", "0"):
        assert scans(unknown) == say("help")


def test_cases_are_told_to_whoever_is_bound(follower: Somebody, phone: Phone, plan: Plan) -> None:
    """And to nobody else: not before the sign-in, and not to another follower."""
    _, case_no = submit_held(phone)
    theirs = Somebody(follower.client, _login(phone))
    assert "/h5/sign-in/wechat" in theirs.writes("进度")
    theirs.binds(plan)
    said = theirs.writes("我的办件进度怎么样了")
    assert f"尾号{case_no[-6:]}" in said
    assert "食品经营许可" in said
    assert f"尾号{case_no[-6:]}" in theirs.taps("progress")
    follower.binds(plan)
    assert case_no[-6:] not in follower.writes("进度")
    assert "实名认证" in follower.writes("进度")


def test_whoever_is_bound_and_has_nothing_is_told_so(phone: Phone, client: httpx.Client, plan: Plan) -> None:
    """No case, no licence."""
    theirs = Somebody(client, _login(phone))
    theirs.binds(plan)
    assert say("no_cases") in theirs.writes("进度")
    assert say("no_licences") in theirs.writes("证照")


def test_licences_are_told_to_their_holder(client: httpx.Client, holder: Holder, plan: Plan) -> None:
    """By name and day, without a number."""
    theirs = Somebody(client, holder.person.login_code.removeprefix("login-"))
    theirs.binds(plan)
    said = theirs.taps("licences")
    assert "食品经营许可证" in said
    assert "有效期至" in said
    assert holder.licence["number"] not in said
    assert holder.person.name not in said


def test_a_text_finds_items(follower: Somebody) -> None:
    """By everyday words; what finds nothing is said to, with help."""
    said = follower.writes("我想开饭店")
    assert "食品经营许可" in said
    assert "data-miniprogram-path" in said
    assert say("help") in follower.writes("ΩΨΞ")
    assert follower.taps("find") == say("find")


def test_halls_are_told_by_position_and_by_place(follower: Somebody) -> None:
    """The nearest first; without either it is said how to ask."""
    asked = follower.push(
        MsgType="location", Location_X="46.2392", Location_Y="130.5534", Scale="16", Label="x", MsgId="71"
    )
    near = str(follower.read(asked)["Content"])
    assert near.split("\n")[1] == "桦南县政务服务中心"
    assert "桦南县政务服务中心" in follower.writes("大厅 桦南县")
    assert "桦南县政务服务中心" in follower.writes("桦南的大厅在哪里？")
    assert follower.writes("大厅") == say("which_hall")


async def test_a_chosen_region_is_kept(house: House, follower: Somebody) -> None:
    """For notices of that place."""
    assert follower.writes("接收通知") == say("which_region")
    await _until(lambda: Follower.get_or_none(openid=follower.openid))
    assert "桦南县" in follower.writes("接收通知 桦南县")
    assert (await Follower.get(openid=follower.openid)).region == "230822"


def test_people_answer_in_their_hours(follower: Somebody) -> None:
    """Outside them it is said when they are there."""
    before = is_staffed(definitions().people, clock.now())
    reply = follower.read(follower.push(MsgType="text", Content="人工", MsgId="72"))
    if before != is_staffed(definitions().people, clock.now()):
        pytest.skip("the hours have just begun or ended")
    assert reply["MsgType"] == ("transfer_customer_service" if before else "text")
    assert before or "下次服务时间" in reply["Content"]


_HOSTILE = [
    "]]>",
    "]]><MsgType>image</MsgType><![CDATA[",
    "<script>alert(1)</script>",
    '<a href="https://evil.example">中奖</a>',
    "\u202e反着写\u2066\u200f",
    "长" * 10_000,
    "😀" * 300,
    "'; DROP TABLE followers; --",
    "{0}{words}%s",
]


@pytest.mark.parametrize("text", _HOSTILE)
def test_hostile_texts_are_answered_harmless(follower: Somebody, text: str) -> None:
    """What they wrote comes back as words, and all else is ours."""
    said = follower.writes(f"办{text}证")
    assert len(said.encode()) <= 2048
    assert not set(said) & set("\u202e\u2066\u200f")
    assert "<script" not in said
    assert 'evil.example">' not in said
    assert said.count("<a ") == said.count("</a>")


async def test_a_repeated_push_is_answered_again_and_kept_once(house: House, follower: Somebody) -> None:
    """The first answer may have been lost on its way."""
    first = follower.read(follower.push(MsgType="text", Content="帮助", MsgId=str(uuid.uuid4().int)[:18]))
    again = follower.read(follower.again())
    assert first["Content"] == again["Content"] == say("help")
    assert await WeChatPush.filter(openid=follower.openid).count() == 1
    taken = await _until(lambda: WeChatPush.get_or_none(openid=follower.openid, state=PushState.TAKEN))
    assert taken.payload is None


@asynccontextmanager
async def _locked(plan: Plan, table: str) -> AsyncIterator[None]:
    """Nobody reads or writes a table: as with a database that hangs."""
    connection = await asyncpg.connect(plan.database_url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


def _messages(plan: Plan, openid: str) -> list[dict[str, Any]]:
    found = httpx.get(f"{plan.sandbox_url}/control/messages", params={"openid": openid}, trust_env=False)
    items: list[dict[str, Any]] = found.json()["items"]
    return items


async def test_a_late_answer_follows_as_a_message(house: House, plan: Plan, follower: Somebody) -> None:
    """WeChat hears success within its five seconds, once more too; the follower is answered once."""
    stand_in_pushes(plan, follower.openid, MsgType="event", Event="subscribe", EventKey="")
    async with _locked(plan, "halls"):
        late = await asyncio.to_thread(stand_in_pushes, plan, follower.openid, MsgType="text", Content="大厅 桦南县")
        assert [one["status"] for one in late["answers"]] == [200]
        assert (late["reply"], late["problem"], late["answers"][0]["body"]) == (None, "", "success")
        follower.fields = late["fields"]
        again = await asyncio.to_thread(follower.again)
        assert (again.status_code, again.text) == (200, "success")
        assert _messages(plan, follower.openid) == []

    async def sent() -> list[dict[str, Any]]:
        return await asyncio.to_thread(_messages, plan, follower.openid)

    (message,) = await _until(sent)
    assert "桦南县政务服务中心" in json.dumps(message, ensure_ascii=False)
    push = await _until(lambda: WeChatPush.get_or_none(openid=follower.openid, late="sent"))
    assert push.payload is None


async def test_what_cannot_be_kept_is_refused_or_told(house: House, plan: Plan, follower: Somebody) -> None:
    """WeChat comes again with what would be lost; whoever asks is told in words. Both within five seconds."""
    async with _locked(plan, "wechat_pushes"):
        begun = time.monotonic()
        left = await asyncio.to_thread(follower.push, MsgType="event", Event="unsubscribe")
        assert error_of(left) == (503, "temporarily_unavailable")
        asked = await asyncio.to_thread(follower.push, MsgType="text", Content="进度", MsgId="74" + uuid.uuid4().hex)
        assert follower.read(asked)["Content"] == say("busy")
        assert time.monotonic() - begun < 10
    # What had begun to be kept goes on, and a repetition finds it.
    await _until(lambda: WeChatPush.filter(openid=follower.openid).count())


def test_the_mini_programs_people_are_handed_what_is_written(client: httpx.Client) -> None:
    """In the form it came in; an event is taken silently."""
    person = Somebody(client, uuid.uuid4().hex, MINI)
    reply = person.read(person.push(MsgType="text", Content="在吗", MsgId=75))
    assert reply["MsgType"] == "transfer_customer_service"
    assert person.push(MsgType="event", Event="user_enter_tempsession", SessionFrom="x").text == "success"


async def test_what_was_decided_and_delivered_is_passed_on(house: House, client: httpx.Client) -> None:
    """Taken once, whatever is repeated."""
    person, msg_id = Somebody(client, uuid.uuid4().hex, MINI), str(uuid.uuid4().int)[:18]
    popup = {"TemplateId": "t-1", "SubscribeStatusString": "accept", "PopupScene": "0"}
    assert person.push(MsgType="event", Event="subscribe_msg_popup_event", List=popup).text == "success"
    assert person.again().text == "success"
    sent = {"TemplateId": "t-1", "MsgID": msg_id, "ErrorCode": "0", "ErrorStatus": "success"}
    person.push(MsgType="event", Event="subscribe_msg_sent_event", List=[sent])
    taken = WeChatPush.filter(openid=person.openid, state=PushState.TAKEN)
    await _until(lambda: taken.filter(kind="subscribe_msg_sent_event").exists())
    await _until(lambda: taken.filter(kind="subscribe_msg_popup_event").exists())
    assert await WeChatPush.filter(openid=person.openid).count() == 2


def test_what_a_phone_allows_reaches_its_grants(phone: Phone, plan: Plan) -> None:
    """By WeChat's event alone, whatever the phone itself tells us."""

    def first() -> dict[str, Any]:
        grant: dict[str, Any] = phone.http.get("/api/v1/subscriptions").json()["items"][0]
        return grant

    before = first()
    body = {"openid": phone.person.openid, "accepted": [before["template_id"]]}
    answered = httpx.post(f"{plan.sandbox_url}/control/wechat/subscriptions", json=body, trust_env=False).json()
    assert answered["problem"] == ""
    await_true("the grant", lambda: first()["remaining"] == before["remaining"] + 1)


async def test_staff_are_known_by_a_code_they_send(house: House, plan: Plan, staff: httpx.Client) -> None:
    """And get the tag their menu is for, until they leave."""
    member = Somebody(staff, uuid.uuid4().hex)
    stand_in_pushes(plan, member.openid, MsgType="event", Event="subscribe", EventKey="")
    given = await asyncio.to_thread(staff.post, "/staff/v1/official-account/code")
    code = given.json()["code"]
    assert member.writes(f"绑定工作人员 {code}") == say("staff_bound")

    async def tagged() -> list[int]:
        (info,) = await house.official.user_info([member.openid])
        return info.tag_ids

    assert await _until(tagged)
    for unbound in (True, False):
        left = await asyncio.to_thread(staff.delete, "/staff/v1/official-account")
        assert left.json() == {"unbound": unbound}

    async def untagged() -> bool:
        return not await tagged()

    await _until(untagged)
