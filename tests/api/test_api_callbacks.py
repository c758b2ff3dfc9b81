"""Callbacks: signed, once, and never believed otherwise."""

import json
import time
import uuid
from typing import Any

import httpx
import pytest
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from app.kit.signing import Signer
from config.settings import Settings
from tests.conftest import error_of
from tests.partners import approval_signer

PATH = "/callbacks/approvals"
OFFICIAL = "/wechat/official-account"
APPID, TOKEN, KEY = "wxjiabansandbox01", "jiaban", "A" * 43


def event(**changes: Any) -> bytes:
    """An event of a case that nobody knows."""
    body = {
        "event_id": uuid.uuid4().hex,
        "case_no": "unknown",
        "sequence": 1,
        "kind": "received",
        "occurred_at": "2026-11-22T10:00:00+08:00",
        "data": {},
    }
    return json.dumps({**body, **changes}).encode()


@pytest.fixture
def signer(settings: Settings) -> Signer:
    """The approval system's signature."""
    return approval_signer(settings)


def test_a_genuine_callback_reaches_the_inbox(client: httpx.Client, signer: Signer) -> None:
    """Where its case is unknown; so the signature was believed."""
    body = event()
    headers = signer.headers("POST", PATH, body, now=time.time())
    assert error_of(client.post(PATH, content=body, headers=headers)) == (404, "case_unknown")


def test_a_callback_that_is_altered_old_or_anothers_is_refused(client: httpx.Client, signer: Signer) -> None:
    """Each by its own code."""
    body, now = event(), time.time()
    good = signer.headers("POST", PATH, body, now=now)
    cases: list[tuple[bytes, dict[str, str], str]] = [
        (body, {}, "signature_missing"),
        (body, {**good, "X-Nonce": ""}, "signature_missing"),
        (body, {**good, "X-Timestamp": "yesterday"}, "signature_missing"),
        (body, signer.headers("POST", PATH, body, now=now - 301), "signature_expired"),
        (body, signer.headers("POST", PATH, body, now=now + 600), "signature_expired"),
        (event(sequence=2), good, "signature_invalid"),
        (body, {**good, "X-Nonce": "0" * 32}, "signature_invalid"),
        (body, {**good, "X-Client-Id": "somebody"}, "signature_invalid"),
        (body, signer.headers("GET", PATH, body, now=now), "signature_invalid"),
        (body, signer.headers("POST", PATH + "?x=1", body, now=now), "signature_invalid"),
        (body, Signer("jiaban", b"guessed").headers("POST", PATH, body, now=now), "signature_invalid"),
    ]
    for content, headers, code in cases:
        assert error_of(client.post(PATH, content=content, headers=headers)) == (401, code)


def test_refused_callbacks_are_counted_by_reason(client: httpx.Client, signer: Signer, settings: Settings) -> None:
    """And the connectors' gauges stand beside them."""
    operator = {"Authorization": f"Bearer {settings.ops_token.get_secret_value()}"}

    def counted(reason: str) -> float:
        line = f'jiaban_callbacks_refused_total{{reason="{reason}",route="callbacks/approvals"}} '
        found = [text for text in client.get("/metrics", headers=operator).text.splitlines() if text.startswith(line)]
        return float(found[0].removeprefix(line)) if found else 0.0

    body = event()
    sent = [
        ("signature_missing", {}),
        ("signature_expired", signer.headers("POST", PATH, body, now=time.time() - 301)),
        ("signature_invalid", Signer("jiaban", b"guessed").headers("POST", PATH, body, now=time.time())),
        ("case_unknown", signer.headers("POST", PATH, body, now=time.time())),
    ]
    for reason, headers in sent:
        before = counted(reason)
        assert error_of(client.post(PATH, content=body, headers=headers))[1] == reason
        assert counted(reason) == before + 1


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 0},
        {"sequence": "1"},
        {"kind": "submit"},
        {"kind": "nothing"},
        {"occurred_at": "noon"},
        {"case_no": ""},
    ],
)
def test_a_signed_event_that_is_none_is_refused(client: httpx.Client, signer: Signer, changes: dict[str, Any]) -> None:
    """A partner's mistake is told to the partner."""
    body = event(**changes)
    headers = signer.headers("POST", PATH, body, now=time.time())
    assert error_of(client.post(PATH, content=body, headers=headers)) == (422, "field_invalid")


def test_a_material_is_fetched_by_signature_and_nonce_once(client: httpx.Client, signer: Signer) -> None:
    """Nothing replays, for reading neither."""
    path = f"{PATH}/cases/unknown/materials/{uuid.uuid4()}"
    headers = signer.headers("GET", path, b"", now=time.time())
    assert error_of(client.get(path, headers=headers)) == (404, "not_found")
    assert error_of(client.get(path, headers=headers)) == (409, "callback_replayed")


def plain_query(**more: str) -> dict[str, str]:
    """The query of a push in plain mode."""
    timestamp, nonce = str(int(time.time())), uuid.uuid4().hex
    signer = WeChatSigner()
    signer.add_data(TOKEN, timestamp, nonce)
    return {"signature": signer.signature, "timestamp": timestamp, "nonce": nonce, **more}


def text_push(content: str) -> str:
    """A follower's text."""
    return (
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o-follower</FromUserName>"
        f"<CreateTime>1714036504</CreateTime><MsgType>text</MsgType><Content>{content}</Content>"
        "<MsgId>1</MsgId></xml>"
    )


@pytest.mark.parametrize("path", [OFFICIAL, "/wechat/mini-program"])
def test_wechats_check_of_the_address_is_echoed(client: httpx.Client, path: str) -> None:
    """Where it is signed, and only there."""
    good = client.get(path, params=plain_query(echostr="hello-42"))
    assert (good.status_code, good.text) == (200, "hello-42")
    bad = client.get(path, params={**plain_query(echostr="hello-42"), "signature": "0" * 40})
    assert error_of(bad) == (403, "wechat_callback_refused")


def test_a_followers_text_is_answered(client: httpx.Client) -> None:
    """In plain mode."""
    answer = client.post(OFFICIAL, params=plain_query(), content=text_push("你好").encode())
    assert answer.status_code == 200
    assert "佳办" in answer.text
    assert "<![CDATA[o-follower]]>" in answer.text


def test_a_sealed_text_is_answered_sealed(client: httpx.Client) -> None:
    """With the crypto of the library that WeChat's users use."""
    crypto = WeChatCrypto(TOKEN, KEY, APPID)
    timestamp, nonce = str(int(time.time())), "415670741"
    sealed = crypto.encrypt_message(text_push("你好"), nonce, timestamp)
    fields = xmltodict.parse(sealed)["xml"]
    query = {"msg_signature": fields["MsgSignature"], "timestamp": timestamp, "nonce": nonce}
    answer = client.post(OFFICIAL, params=query, content=sealed.encode())
    assert answer.status_code == 200
    assert "佳办" not in answer.text
    reply = xmltodict.parse(answer.text)["xml"]
    opened = crypto.decrypt_message(answer.text, reply["MsgSignature"], reply["TimeStamp"], reply["Nonce"])
    assert "佳办" in opened


def test_events_are_taken_and_rubbish_is_not(client: httpx.Client) -> None:
    """A new follower is welcomed, an event without an answer gets success, the rest an error."""
    follow = text_push("").replace("<MsgType>text</MsgType>", "<MsgType>event</MsgType><Event>subscribe</Event>")
    assert "欢迎" in client.post(OFFICIAL, params=plain_query(), content=follow.encode()).text
    leave = follow.replace("subscribe", "unsubscribe")
    assert client.post(OFFICIAL, params=plain_query(), content=leave.encode()).text == "success"
    rubbish = client.post(OFFICIAL, params=plain_query(), content=b"<xml>")
    assert error_of(rubbish) == (422, "wechat_callback_malformed")
    unsigned = client.post(OFFICIAL, content=text_push("x").encode())
    assert error_of(unsigned) == (403, "wechat_callback_refused")
    pushed = {
        "MsgType": "event",
        "Event": "subscribe_msg_sent_event",
        "ToUserName": "gh",
        "FromUserName": "o",
        "CreateTime": 1,
    }
    taken = client.post("/wechat/mini-program", params=plain_query(), content=json.dumps(pushed).encode())
    assert (taken.status_code, taken.text) == (200, "success")
