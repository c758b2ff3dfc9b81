"""WeChat's pushes: the stand-in seals and signs on its own, and the product's codec opens every one of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio

from tests.contract.sandbox.stand_ins import (
    OFFICIAL_APPID,
    TEMPLATE,
    Product,
    StandIns,
    say_success,
    until,
)
from tests.contract.sandbox.wechat_calls import CODECS, opened
from wechat.callback import CallbackCodec
from wechat.errors import CallbackRefusedError
from wechat.message import Message

pytestmark = pytest.mark.asyncio(loop_scope="session")
OPENIDS = {"official": "oa-writer", "mini": "o-writer"}
UNAVAILABLE = "该公众号暂时无法提供服务，请稍后再试"
Answer = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def fresh(product: Product, stand_ins: StandIns) -> AsyncIterator[None]:
    """A product that has seen nothing, and events as they are at the start."""
    product.wechat_pushes.clear()
    yield
    product.answer_wechat = say_success
    await stand_ins.http.post("/control/wechat/events", json={})


async def _control(stand_ins: StandIns, name: str, **body: Any) -> dict[str, Any]:
    answer = await stand_ins.http.post(f"/control/wechat/{name}", json=body, timeout=20)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def _write(stand_ins: StandIns, app: str = "official", text: str = "你好", **more: Any) -> dict[str, Any]:
    fields = {"FromUserName": OPENIDS[app], "MsgType": "text", "Content": text}
    (told,) = (await _control(stand_ins, "push", app=app, fields=fields, **more))["items"]
    return dict(told)


def _replying(app: str, *, damage: Callable[[str], str] = str) -> Answer:
    async def answer(path: str, body: bytes) -> tuple[int, bytes]:
        message = CODECS[app].open(dict(parse_qsl(urlsplit(path).query)), body)
        reply = CODECS[app].reply_text(message, "您好 ]]> <收到>", nonce="n1", timestamp=1_700_000_000)
        return 200, damage(reply).encode()

    return answer


@pytest.mark.parametrize("app", ["official", "mini"])
@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
@pytest.mark.parametrize("form", ["xml", "json"])
async def test_the_products_codec_opens_every_push(
    stand_ins: StandIns, product: Product, app: str, mode: str, form: str
) -> None:
    text = "查 ]]> <进度> & “办件”😀"
    told = await _write(stand_ins, app, text, mode=mode, format=form)
    (message,) = opened(product, app)
    assert (message.content, message.sender) == (text, OPENIDS[app])
    assert message.msg_id == str(told["fields"]["MsgId"])
    assert message.secure is (mode != "plain")
    assert [one["status"] for one in told["answers"]] == [200]
    assert (text.encode() in product.wechat_pushes[0][1]) is (mode != "secure" and form == "json")


async def test_a_push_under_another_key_or_token_is_not_believed(stand_ins: StandIns, product: Product) -> None:
    await _write(stand_ins, aes_key="B" * 42 + "E")
    with pytest.raises(CallbackRefusedError):
        opened(product, "official")
    ((path, body),) = product.wechat_pushes
    with pytest.raises(CallbackRefusedError):
        CallbackCodec(OFFICIAL_APPID, "other", ["A" * 43]).open(dict(parse_qsl(urlsplit(path).query)), body)


@pytest.mark.parametrize("mode", ["plain", "secure"])
async def test_a_reply_is_opened_and_shown(stand_ins: StandIns, product: Product, mode: str) -> None:
    product.answer_wechat = _replying("official")
    told = await _write(stand_ins, mode=mode)
    assert (told["shown"], told["problem"]) == ("您好 ]]> <收到>", "")


def _unsigned(reply: str) -> str:
    return reply.replace("<Nonce><![CDATA[n1]]>", "<Nonce><![CDATA[n2]]>")


@pytest.mark.parametrize("damage", [_unsigned, lambda _reply: "好的", lambda reply: reply[:-7]])
async def test_a_follower_is_shown_what_wechat_says_of_a_malformed_reply(
    stand_ins: StandIns, product: Product, damage: Callable[[str], str]
) -> None:
    product.answer_wechat = _replying("official", damage=damage)
    told = await _write(stand_ins, mode="secure")
    assert told["shown"] == UNAVAILABLE
    assert told["problem"].startswith("malformed")


async def test_a_reply_in_the_open_does_not_answer_a_sealed_message(stand_ins: StandIns, product: Product) -> None:
    async def answer(path: str, body: bytes) -> tuple[int, bytes]:
        del path, body
        names = f"<ToUserName>oa-writer</ToUserName><FromUserName>gh_{OFFICIAL_APPID}</FromUserName>"
        return 200, f"<xml>{names}<MsgType>text</MsgType><Content>好</Content></xml>".encode()

    product.answer_wechat = answer
    assert (await _write(stand_ins, mode="plain"))["shown"] == "好"
    assert (await _write(stand_ins, mode="secure"))["shown"] == UNAVAILABLE


async def test_a_push_that_fails_comes_three_times_with_one_id(stand_ins: StandIns, product: Product) -> None:
    async def fail(_path: str, _body: bytes) -> tuple[int, bytes]:
        return 500, b""

    product.answer_wechat = fail
    told = await _write(stand_ins)
    assert [one["status"] for one in told["answers"]] == [500, 500, 500]
    assert told["shown"] == UNAVAILABLE
    keys = [message.dedup_key for message in opened(product, "official")]
    assert (len(keys), len(set(keys))) == (3, 1)
    assert len({path for path, _ in product.wechat_pushes}) == 3


async def test_a_product_that_lets_wechat_wait_is_asked_again(stand_ins: StandIns, product: Product) -> None:
    released = asyncio.Event()

    async def dawdle(_path: str, _body: bytes) -> tuple[int, bytes]:
        if len(product.wechat_pushes) == 1:
            await released.wait()
        return 200, b""

    product.answer_wechat = dawdle
    told = await _write(stand_ins)
    released.set()
    assert [one["status"] for one in told["answers"]] == [None, 200]
    assert told["problem"] == ""


async def test_an_answered_push_may_come_again_when_asked(stand_ins: StandIns, product: Product) -> None:
    fields = {"FromUserName": "oa-writer", "MsgType": "text", "Content": "你好"}
    told = await _control(stand_ins, "push", app="official", fields=fields, times=2)
    assert len(told["items"]) == 2
    keys = [message.dedup_key for message in opened(product, "official")]
    assert (len(keys), len(set(keys))) == (2, 1)


async def _official(stand_ins: StandIns, path: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"{path}?access_token={await stand_ins.token(official=True)}"
    answer: dict[str, Any] = (await stand_ins.http.post(url, json=body)).json()
    return answer


def _template(openid: str) -> dict[str, Any]:
    return {"touser": openid, "template_id": TEMPLATE, "data": {"thing1": {"value": "停水通知"}}}


async def test_who_follows_gets_templates_and_who_left_does_not(stand_ins: StandIns, product: Product) -> None:
    send = "/cgi-bin/message/template/send"
    assert (await _official(stand_ins, send, _template("oa-follower")))["errcode"] == 43004
    await _control(stand_ins, "follow", openid="oa-follower")
    assert (await _official(stand_ins, send, _template("oa-follower")))["errcode"] == 0
    await _control(stand_ins, "follow", openid="oa-follower", following=False)
    assert (await _official(stand_ins, send, _template("oa-follower")))["errcode"] == 43004
    assert [(one.event, one.sender) for one in opened(product, "official")] == [
        ("subscribe", "oa-follower"),
        ("unsubscribe", "oa-follower"),
    ]


async def test_a_text_is_sent_within_48_hours_after_the_follower_wrote(stand_ins: StandIns) -> None:
    send, body = "/cgi-bin/message/custom/send", {"touser": "oa-talker", "msgtype": "text", "text": {"content": "您好"}}
    await _control(stand_ins, "follow", openid="oa-talker")
    assert (await _official(stand_ins, send, body))["errcode"] == 0
    await _control(stand_ins, "expire-conversations")
    assert (await _official(stand_ins, send, body))["errcode"] == 45015
    fields = {"FromUserName": "oa-talker", "MsgType": "event", "Event": "CLICK", "EventKey": "progress"}
    await _control(stand_ins, "push", app="official", fields=fields)
    assert (await _official(stand_ins, send, body))["errcode"] == 0
    assert (await _official(stand_ins, send, body | {"text": {"content": "长" * 683}}))["errcode"] == 45002


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_answers_to_a_subscription_dialogue_grant_and_are_pushed(
    stand_ins: StandIns, product: Product, form: str
) -> None:
    openid, other = f"o-asked-{form}", "R" * 43
    await _control(stand_ins, "events", mini={"mode": "secure", "format": form})
    await _control(stand_ins, "subscriptions", openid=openid, accepted=[TEMPLATE], rejected=[other])
    (event,) = opened(product, "mini")
    assert event.event == "subscribe_msg_popup_event"
    items = event.fields["List"] if form == "json" else event.fields["SubscribeMsgPopupEvent"]["List"]
    assert [(one["TemplateId"], one["SubscribeStatusString"]) for one in items] == [
        (TEMPLATE, "accept"),
        (other, "reject"),
    ]
    url = f"/cgi-bin/message/subscribe/send?access_token={await stand_ins.token()}"
    codes = [(await stand_ins.http.post(url, json=_template(openid))).json()["errcode"] for _ in range(2)]
    assert codes == [0, 43101]


async def test_a_long_term_subscription_lasts_until_it_is_refused(stand_ins: StandIns, product: Product) -> None:
    await _control(stand_ins, "subscriptions", openid="o-long", accepted=[TEMPLATE], long_term=True)
    url = f"/cgi-bin/message/subscribe/send?access_token={await stand_ins.token()}"
    assert [(await stand_ins.http.post(url, json=_template("o-long"))).json()["errcode"] for _ in range(3)] == [0, 0, 0]
    await _control(stand_ins, "subscriptions", openid="o-long", event="change", rejected=[TEMPLATE])
    assert (await stand_ins.http.post(url, json=_template("o-long"))).json()["errcode"] == 43101
    change = opened(product, "mini")[-1]
    # One item is an object in JSON, not a list.
    assert change.fields["List"] == {"TemplateId": TEMPLATE, "SubscribeStatusString": "reject"}
    refused = await stand_ins.http.post(
        "/control/wechat/subscriptions", json={"openid": "o-long", "event": "change", "accepted": [TEMPLATE]}
    )
    assert refused.json()["code"] == "impossible"


async def test_what_became_of_messages_is_pushed_when_switched_on(stand_ins: StandIns, product: Product) -> None:
    for openid in ("oa-told", "oa-blocked"):
        await _control(stand_ins, "follow", openid=openid)
    await stand_ins.http.post("/control/grants", json={"openid": "o-told", "template_ids": [TEMPLATE]})
    await stand_ins.http.post("/control/grants", json={"openid": "oa-told", "template_ids": [TEMPLATE]})
    await _official(stand_ins, "/cgi-bin/message/template/send", _template("oa-told"))
    await _control(stand_ins, "events", delivery=True, after_seconds=0)
    product.wechat_pushes.clear()
    ids = [
        (await _official(stand_ins, "/cgi-bin/message/template/send", _template(openid)))["msgid"]
        for openid in ("oa-told", "oa-blocked")
    ]
    ids.append((await _official(stand_ins, "/cgi-bin/message/subscribe/bizsend", _template("oa-told")))["msgid"])
    url = f"/cgi-bin/message/subscribe/send?access_token={await stand_ins.token()}"
    mini_id = (await stand_ins.http.post(url, json=_template("o-told"))).json()["msgid"]

    async def official() -> list[Message]:
        return opened(product, "official")

    async def mini() -> list[Message]:
        return opened(product, "mini")

    events = {one.fields.get("MsgID"): one for one in await until(official, lambda found: len(found) == 3)}
    assert events[str(ids[0])].fields["Status"] == "success"
    assert events[str(ids[1])].fields["Status"] == "failed:user block"
    assert events[None].fields["SubscribeMsgSentEvent"]["List"]["MsgID"] == str(ids[2])
    (sent,) = await until(mini, bool)
    assert sent.fields["List"] == {
        "TemplateId": TEMPLATE,
        "MsgID": str(mini_id),
        "ErrorCode": "0",
        "ErrorStatus": "success",
    }


async def test_people_who_cannot_be_are_refused(stand_ins: StandIns) -> None:
    for name, body in (("follow", {"openid": "o-mini"}), ("subscriptions", {"openid": "x", "accepted": [TEMPLATE]})):
        assert (await stand_ins.http.post(f"/control/wechat/{name}", json=body)).json()["code"] == "unknown_openid"
