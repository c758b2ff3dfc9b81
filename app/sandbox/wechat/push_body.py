"""How WeChat's pushes look: XML or JSON; plain, sealed, or both at once."""

import secrets
import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from app.sandbox.answers import dumps
from app.sandbox.wechat.apps import WeChatApp
from app.sandbox.wechat.seal import seal, sign

Mode = Literal["plain", "compatible", "secure"]
Format = Literal["xml", "json"]


class Style(NamedTuple):
    """How an app's callback is set in WeChat's console."""

    mode: Mode
    format: Format


class Request(NamedTuple):
    """One try of a push: the query, the body and its content type."""

    query: dict[str, str]
    body: bytes
    content_type: str


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_element(key, item) for key, item in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    text = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{text}]]></{name}>"


def _write(fields: Mapping[str, Any], form: Format) -> str:
    return _element("xml", fields) if form == "xml" else dumps(fields)


def request(app: WeChatApp, fields: Mapping[str, Any], style: Style, aes_key: str) -> Request:
    """Write and sign one try; what is said is the same at every try, time, nonce and seal are not."""
    token = app.callback_token.get_secret_value()
    timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
    query = {"signature": sign(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    query["openid"] = str(fields.get("FromUserName", ""))
    outer = dict(fields)
    if style.mode != "plain":
        sealed = seal(_write(fields, style.format), aes_key, app.appid)
        query |= {"encrypt_type": "aes", "msg_signature": sign(token, timestamp, nonce, sealed)}
        kept = {"ToUserName": app.original_id} if style.mode == "secure" else outer
        outer = {**kept, "Encrypt": sealed}
    content_type = "text/xml" if style.format == "xml" else "application/json"
    return Request(query, _write(outer, style.format).encode(), content_type)


def subscription_event(kind: str, items: list[dict[str, str]], form: Format) -> dict[str, Any]:
    """The fields of an event on subscriptions, ``kind`` popup, change or sent, which XML and JSON nest differently."""
    event = f"subscribe_msg_{kind}_event"
    if form == "json":
        return {"MsgType": "event", "Event": event, "List": items[0] if len(items) == 1 else items}
    return {"MsgType": "event", "Event": event, f"SubscribeMsg{kind.capitalize()}Event": {"List": items}}
