"""A push is believed and read, or refused with one error; a reply is XML that WeChat can read."""

import base64
import contextlib
import hashlib
import json
from collections.abc import Mapping

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCipher, WeChatCrypto

from wechat.callback import MAX_BODY_BYTES, CallbackCodec
from wechat.envelope import Envelope
from wechat.errors import CallbackRefusedError
from wechat.message import Message

APPID, TOKEN, KEY = "wxba5fad812f8e6fb9", "AAAAA", "A" * 43
OTHER_KEY = "B" * 42 + "A"
TIMESTAMP, NONCE = "1714036504", "1514711492"
PLAIN_SIGNATURE = "f464b24fc39322e44b38aa78f5edd27bd1441696"
PLAIN_QUERY = {"signature": PLAIN_SIGNATURE, "timestamp": TIMESTAMP, "nonce": NONCE}
SEALED_RANDOM = b"707722b803182950"
SEALED_TEXT = '{"demo_resp":"good luck"}'
SEALED = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
SEALED_SIGNATURE = "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
SEALED_AT = ("1713424427", "415670741")

TEXT_XML = (
    "<xml><ToUserName><![CDATA[gh_city]]></ToUserName><FromUserName><![CDATA[openid-1]]></FromUserName>"
    "<CreateTime>1714036504</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[办证 <大厅>]]></Content><MsgId>24535435345345345</MsgId></xml>"
)
EVENT_JSON = (
    '{"ToUserName":"gh_app","FromUserName":"openid-1","CreateTime":1714036504,"MsgType":"event",'
    '"Event":"subscribe_msg_Popup_event","List":[{"TemplateId":"t","SubscribeStatusString":"accept"}]}'
)

PLAIN_CODEC = CallbackCodec(APPID, TOKEN, [])
CODEC = CallbackCodec(APPID, TOKEN, [KEY])


def sign(*parts: str) -> str:
    """WeChat's signature, made without the code under test."""
    return hashlib.sha1("".join(sorted((TOKEN, *parts))).encode()).hexdigest()  # noqa: S324  # WeChat's choice


def signed(encrypt: str) -> dict[str, str]:
    """The query of a sealed push."""
    return {
        **PLAIN_QUERY,
        "encrypt_type": "aes",
        "msg_signature": sign(TIMESTAMP, NONCE, encrypt),
    }


def seal(text: str, key: str = KEY, appid: str = APPID) -> str:
    """The ciphertext that wechatpy makes of a text."""
    return str(
        xmltodict.parse(WeChatCrypto(TOKEN, key, appid).encrypt_message(text, NONCE, TIMESTAMP))["xml"]["Encrypt"]
    )


def pushed(encrypt: str) -> tuple[dict[str, str], bytes]:
    """A sealed push in XML: its query and body."""
    return signed(encrypt), f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode()


def refusal(codec: CallbackCodec, query: Mapping[str, str], body: bytes) -> str:
    """The reason for which a push is refused."""
    with pytest.raises(CallbackRefusedError) as refused:
        codec.open(query, body)
    return refused.value.reason


def test_the_published_address_check_is_echoed() -> None:
    assert PLAIN_CODEC.verify_url(PLAIN_SIGNATURE, TIMESTAMP, NONCE, "4375120948345356249") == "4375120948345356249"


@pytest.mark.parametrize(
    ("signature", "timestamp", "echostr", "reason"),
    [
        ("0" * 40, TIMESTAMP, "1", "signature"),
        ("", TIMESTAMP, "1", "signature"),
        ("签名", TIMESTAMP, "1", "signature"),
        ("\ud800", TIMESTAMP, "1", "signature"),
        (PLAIN_SIGNATURE, "\ud800", "1", "signature"),
        (PLAIN_SIGNATURE, "1714036505", "1", "signature"),
        (PLAIN_SIGNATURE, TIMESTAMP, "", "malformed"),
    ],
)
def test_a_wrong_address_check_is_refused(signature: str, timestamp: str, echostr: str, reason: str) -> None:
    with pytest.raises(CallbackRefusedError, match=f"^{reason}$"):
        PLAIN_CODEC.verify_url(signature, timestamp, NONCE, echostr)


def test_the_published_envelope_is_sealed_and_opened() -> None:
    envelope = Envelope(APPID, TOKEN, [KEY])
    sealed = envelope.seal(SEALED_TEXT, *SEALED_AT, random=SEALED_RANDOM)
    assert (sealed.encrypt, sealed.signature) == (SEALED, SEALED_SIGNATURE)
    envelope.check(SEALED_SIGNATURE, *SEALED_AT, SEALED)
    assert envelope.unseal(SEALED) == SEALED_TEXT


def test_two_seals_of_one_text_differ() -> None:
    envelope = Envelope(APPID, TOKEN, [KEY])
    assert envelope.seal("x", *SEALED_AT).encrypt != envelope.seal("x", *SEALED_AT).encrypt


@pytest.mark.parametrize("key", ["A" * 42, "A" * 44, KEY + "\n", "", "*" * 43, "钥" * 43])
def test_an_ill_formed_key_is_refused_at_once(key: str) -> None:
    with pytest.raises(ValueError, match="43 characters") as refused:
        CallbackCodec(APPID, TOKEN, [KEY, key])
    assert not key or key not in str(refused.value)


def test_a_plain_text_message_is_read() -> None:
    message = PLAIN_CODEC.open(PLAIN_QUERY, TEXT_XML.encode())
    assert message == Message(
        kind="text",
        event=None,
        sender="openid-1",
        receiver="gh_city",
        created_at=1714036504,
        msg_id="24535435345345345",
        content="办证 <大厅>",
        fields=xmltodict.parse(TEXT_XML)["xml"],
        form="xml",
        secure=False,
    )
    assert message.dedup_key == "24535435345345345"


def test_a_plain_json_event_is_read() -> None:
    message = PLAIN_CODEC.open(PLAIN_QUERY, EVENT_JSON.encode())
    assert (message.kind, message.event, message.msg_id, message.content) == (
        "event",
        "subscribe_msg_popup_event",
        None,
        None,
    )
    assert message.fields["List"] == [{"TemplateId": "t", "SubscribeStatusString": "accept"}]
    assert message.form == "json"


def _key(**changes: object) -> str:
    fields = json.loads(EVENT_JSON) | changes
    return PLAIN_CODEC.open(PLAIN_QUERY, json.dumps(fields).encode()).dedup_key


def test_a_repeated_event_is_known_and_another_of_the_same_second_is_another() -> None:
    reordered = json.dumps(dict(reversed(json.loads(EVENT_JSON).items()))).encode()
    assert PLAIN_CODEC.open(PLAIN_QUERY, reordered).dedup_key == _key()
    others = [_key(MsgID=1), _key(MsgID=2), _key(CreateTime=1714036505), _key(FromUserName="openid-2")]
    assert len({_key(), *others}) == 5
    assert "openid" not in _key()


@pytest.mark.parametrize("inner", [TEXT_XML, EVENT_JSON])
@pytest.mark.parametrize("outer", ["xml", "json", "both plain and sealed"])
def test_a_sealed_push_is_read(inner: str, outer: str) -> None:
    encrypt = seal(inner)
    query, body = pushed(encrypt)
    if outer == "json":
        body = json.dumps({"ToUserName": "gh_app", "Encrypt": encrypt}).encode()
    if outer == "both plain and sealed":
        body = TEXT_XML.replace("</xml>", f"<Encrypt>{encrypt}</Encrypt></xml>").encode()
    message = CODEC.open(query, body)
    assert message.secure
    assert message.sender == "openid-1"
    assert "Encrypt" not in message.fields


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
def test_the_current_and_the_previous_key_open(key: str) -> None:
    codec = CallbackCodec(APPID, TOKEN, [OTHER_KEY, KEY])
    assert codec.open(*pushed(seal(TEXT_XML, key))).kind == "text"


def test_a_message_shows_nothing_of_the_citizen() -> None:
    shown = repr(PLAIN_CODEC.open(PLAIN_QUERY, TEXT_XML.encode()))
    assert "openid-1" not in shown
    assert "办证" not in shown


@pytest.mark.parametrize("missing", ["signature", "timestamp", "nonce"])
def test_a_plain_push_without_its_signature_is_refused(missing: str) -> None:
    query = {key: value for key, value in PLAIN_QUERY.items() if key != missing}
    assert refusal(PLAIN_CODEC, query, TEXT_XML.encode()) == "signature"


def test_the_plain_signature_does_not_open_a_sealed_push() -> None:
    query, body = pushed(seal(TEXT_XML))
    assert refusal(CODEC, query | {"msg_signature": PLAIN_SIGNATURE}, body) == "signature"
    assert refusal(CODEC, PLAIN_QUERY, body) == "malformed"


def _field(name: str, value: str) -> bytes:
    return json.dumps(json.loads(EVENT_JSON) | {name: json.loads(value)}).encode()


BOMB = '<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + TEXT_XML.replace("gh_city", "x")
MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "no markup": b"hello",
    "not UTF-8": b"<xml>\xff</xml>",
    "cut": TEXT_XML[:-3].encode(),
    "another root": TEXT_XML.replace("xml>", "lmx>").encode(),
    "root without fields": b"<xml>text</xml>",
    "empty root": b"<xml/>",
    "entities": BOMB.replace("<![CDATA[x]]>", "&b;").encode(),
    "entities unused": BOMB.encode(),
    "undeclared entity": TEXT_XML.replace("<![CDATA[gh_city]]>", "&a;").encode(),
    "no kind": TEXT_XML.replace("MsgType", "Type").encode(),
    "empty kind": TEXT_XML.replace("<![CDATA[text]]>", "").encode(),
    "two kinds": TEXT_XML.replace("<MsgType>", "<MsgType>text</MsgType><MsgType>").encode(),
    "kind with an attribute": TEXT_XML.replace("<MsgType>", '<MsgType a="b">').encode(),
    "event without a name": TEXT_XML.replace("[text]", "[event]").encode(),
    "no sender": TEXT_XML.replace("FromUserName", "From").encode(),
    "no receiver": TEXT_XML.replace("ToUserName", "To").encode(),
    "no time": TEXT_XML.replace("CreateTime", "Time").encode(),
    "time in words": TEXT_XML.replace("1714036504", "now").encode(),
    "time in other digits": TEXT_XML.replace("1714036504", "١٢٣").encode(),
    "JSON array": b"[]",
    "JSON cut": EVENT_JSON[:-1].encode(),
    "JSON too deep for the parser": b'{"a":' + b"[" * 60_000,
    "JSON too deep for readers": _field("List", "[" * 20 + "]" * 20),
    "XML too deep for readers": TEXT_XML.replace("</xml>", "<a>" * 2000 + "</a>" * 2000 + "</xml>").encode(),
    "NaN": _field("List", "NaN"),
    "a NUL": _field("List", '["\\u0000"]'),
    "half a character": _field("List", '["\\ud800"]'),
    "half a character in a name": _field("List", '{"\\ud800": 1}'),
    "sender as a number": _field("FromUserName", "5"),
    "sender empty": _field("FromUserName", '""'),
    "sender too long": _field("FromUserName", f'"{"x" * 65}"'),
    "time negative": _field("CreateTime", "-1"),
    "time as a truth": _field("CreateTime", "true"),
    "time as a fraction": _field("CreateTime", "1.5"),
    "time too far": _field("CreateTime", "99999999999"),
    "id as a list": _field("MsgId", "[1]"),
    "id as a truth": _field("MsgId", "true"),
    "content as a list": _field("Content", "[1]"),
    "too large": TEXT_XML.replace("办证", "x" * MAX_BODY_BYTES).encode(),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_push_is_refused_plain(case: str) -> None:
    assert refusal(PLAIN_CODEC, PLAIN_QUERY, MALFORMED[case]) == "malformed"


@pytest.mark.parametrize("case", [case for case in MALFORMED if case not in {"not UTF-8", "no markup"}])
def test_a_malformed_push_is_refused_sealed(case: str) -> None:
    assert refusal(CODEC, *pushed(seal(MALFORMED[case].decode()))) == "malformed"


def test_a_body_of_the_largest_size_is_read() -> None:
    room = MAX_BODY_BYTES - len(TEXT_XML.encode())
    body = TEXT_XML.replace("<大厅>", "<大厅>" + "x" * room).encode()
    assert len(body) == MAX_BODY_BYTES
    assert PLAIN_CODEC.open(PLAIN_QUERY, body).kind == "text"


def _frame(content: bytes, *, length: int | None = None, tail: bytes = APPID.encode()) -> str:
    frame = SEALED_RANDOM + (len(content) if length is None else length).to_bytes(4, "big") + content + tail
    missing = 32 - len(frame) % 32
    return _encrypt(frame + bytes([missing]) * missing)


def _padded(padding: bytes) -> str:
    """A good text that ends on a block, with this padding behind it."""
    content = TEXT_XML + " " * (-(20 + len(TEXT_XML.encode()) + len(APPID)) % 32)
    size = len(content.encode()).to_bytes(4, "big")
    return _encrypt(SEALED_RANDOM + size + content.encode() + APPID.encode() + padding)


def _encrypt(frame: bytes) -> str:
    cipher = WeChatCipher(base64.b64decode(KEY + "="))
    return base64.b64encode(cipher.encrypt(frame)).decode()


def test_a_text_that_ends_on_a_block_is_opened() -> None:
    assert CODEC.open(*pushed(_padded(b"\x20" * 32))).kind == "text"


@pytest.mark.parametrize(
    ("encrypt", "reason"),
    [
        (seal(TEXT_XML, OTHER_KEY), "decrypt"),
        (seal(TEXT_XML, appid="wx-another"), "appid"),
        (_frame(TEXT_XML.encode(), tail=b""), "appid"),
        (_frame(TEXT_XML.encode(), length=2**31), "decrypt"),
        (_padded(b"\x00" * 32), "decrypt"),
        (_padded(b"@" * 64), "decrypt"),
        (_padded(b"\x00" * 31 + b"\x20"), "decrypt"),
        (_padded(b"\x10" * 16), "decrypt"),
        (_frame(b"\xff\xfe"), "decrypt"),
        ("!" + seal(TEXT_XML), "decrypt"),
        ("", "malformed"),
        ("AAAA", "decrypt"),
        ("A" * 64, "decrypt"),
        ("!!!!", "decrypt"),
        ("密文", "decrypt"),
    ],
)
def test_a_signed_push_that_cannot_be_opened_is_refused(encrypt: str, reason: str) -> None:
    assert refusal(CODEC, *pushed(encrypt)) == reason


def test_an_empty_seal_is_refused() -> None:
    assert refusal(CODEC, signed(""), b'{"Encrypt": ""}') == "decrypt"


def test_a_sealed_push_is_refused_where_there_is_no_key() -> None:
    assert refusal(PLAIN_CODEC, *pushed(seal(TEXT_XML))) == "decrypt"


@pytest.mark.parametrize("keys", [[OTHER_KEY, KEY], [KEY, OTHER_KEY]])
def test_another_apps_push_is_told_apart_under_either_key(keys: list[str]) -> None:
    codec = CallbackCodec(APPID, TOKEN, keys)
    assert refusal(codec, *pushed(seal(TEXT_XML, KEY, "wx-another"))) == "appid"


def test_a_plain_reply_goes_back_to_the_sender() -> None:
    message = PLAIN_CODEC.open(PLAIN_QUERY, TEXT_XML.encode())
    reply = PLAIN_CODEC.reply_text(message, "您好", nonce="n", timestamp=1714036600)
    assert xmltodict.parse(reply)["xml"] == {
        "ToUserName": "openid-1",
        "FromUserName": "gh_city",
        "CreateTime": "1714036600",
        "MsgType": "text",
        "Content": "您好",
    }


def test_a_message_is_handed_over_to_people() -> None:
    message = PLAIN_CODEC.open(PLAIN_QUERY, TEXT_XML.encode())
    assert xmltodict.parse(PLAIN_CODEC.reply_transfer(message, nonce="n", timestamp=1714036600))["xml"] == {
        "ToUserName": "openid-1",
        "FromUserName": "gh_city",
        "CreateTime": "1714036600",
        "MsgType": "transfer_customer_service",
    }


TEXT_JSON = json.dumps(xmltodict.parse(TEXT_XML)["xml"] | {"CreateTime": 1714036504})


def test_json_is_answered_in_json() -> None:
    message = PLAIN_CODEC.open(PLAIN_QUERY, TEXT_JSON.encode())
    said = json.loads(PLAIN_CODEC.reply_text(message, '"]]>', nonce="n", timestamp=1714036600))
    assert said == {
        "ToUserName": "openid-1",
        "FromUserName": "gh_city",
        "CreateTime": 1714036600,
        "MsgType": "text",
        "Content": '"]]>',
    }
    handed = json.loads(PLAIN_CODEC.reply_transfer(message, nonce="n", timestamp=1714036600))
    assert (handed["MsgType"], "Content" in handed) == ("transfer_customer_service", False)


def test_sealed_json_is_answered_in_sealed_json() -> None:
    reply = json.loads(CODEC.reply_text(CODEC.open(*pushed(seal(TEXT_JSON))), "您好", nonce="n", timestamp=1714036600))
    assert reply["MsgSignature"] == sign(str(reply["TimeStamp"]), reply["Nonce"], reply["Encrypt"])
    assert json.loads(Envelope(APPID, TOKEN, [KEY]).unseal(reply["Encrypt"]))["Content"] == "您好"


def test_what_has_to_come_sealed_is_refused_plain() -> None:
    strict = CallbackCodec(APPID, TOKEN, [KEY], plain=False)
    assert refusal(strict, PLAIN_QUERY, TEXT_XML.encode()) == "plain"
    assert refusal(strict, PLAIN_QUERY | {"signature": "0" * 40}, TEXT_XML.encode()) == "signature"
    assert strict.open(*pushed(seal(TEXT_XML))).secure


def test_a_sealed_message_is_answered_sealed_with_the_current_key() -> None:
    codec = CallbackCodec(APPID, TOKEN, [OTHER_KEY, KEY])
    message = codec.open(*pushed(seal(TEXT_XML, KEY)))
    reply = xmltodict.parse(codec.reply_text(message, "您好", nonce="]]>", timestamp=1714036600))["xml"]
    assert (reply["TimeStamp"], reply["Nonce"]) == ("1714036600", "]]>")
    assert reply["MsgSignature"] == sign(reply["TimeStamp"], reply["Nonce"], reply["Encrypt"])
    opened = WeChatCrypto(TOKEN, OTHER_KEY, APPID).decrypt_message(
        reply, reply["MsgSignature"], reply["TimeStamp"], reply["Nonce"]
    )
    assert xmltodict.parse(opened)["xml"]["Content"] == "您好"


@given(st.text(max_size=1500) | st.text("]>&<汉 \x0b", min_size=1, max_size=1500))
def test_a_reply_is_readable_and_within_its_limit_whatever_the_text(text: str) -> None:
    message = PLAIN_CODEC.open(PLAIN_QUERY, TEXT_XML.replace("[openid-1]", "[a]]]]><![CDATA[><b>]").encode())
    with contextlib.suppress(ValueError):
        reply = PLAIN_CODEC.reply_text(message, text, nonce="n", timestamp=1714036600)
        fields = xmltodict.parse(reply)["xml"]
        assert fields["ToUserName"] == "a]]><b>"
        assert 0 < len(fields["Content"].encode()) <= 2048


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("a]]><b>&amp;", "a]]><b>&amp;"),
        ("]]>]]>", "]]>]]>"),
        ("两行\n文字\x00\x0b\ufffe\ud800", "两行\n文字"),
        ("x" * 2048, "x" * 2048),
        ("x" * 2049, "x" * 2045 + "…"),
        ("汉" * 700, "汉" * 681 + "…"),
    ],
)
def test_a_reply_says_the_text(text: str, content: str) -> None:
    message = PLAIN_CODEC.open(PLAIN_QUERY, TEXT_XML.encode())
    reply = PLAIN_CODEC.reply_text(message, text, nonce="n", timestamp=1714036600)
    assert xmltodict.parse(reply)["xml"]["Content"] == content


@pytest.mark.parametrize("text", ["", " \n", "\x00"])
def test_a_reply_without_a_text_is_refused(text: str) -> None:
    message = PLAIN_CODEC.open(PLAIN_QUERY, TEXT_XML.encode())
    with pytest.raises(ValueError, match="needs a text"):
        PLAIN_CODEC.reply_text(message, text, nonce="n", timestamp=1714036600)
