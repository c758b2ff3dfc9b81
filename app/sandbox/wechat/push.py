"""WeChat's pushes to the product: five seconds for an answer, three tries in all, and what the follower then sees."""

import asyncio
import itertools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

import httpx
import xmltodict

from app.sandbox.wechat.apps import WeChatApp
from app.sandbox.wechat.push_body import Format, Style, request
from app.sandbox.wechat.seal import UnsealedError, sign, unseal

PATIENCE = 5.0
TRIES = 3
UNAVAILABLE = "该公众号暂时无法提供服务，请稍后再试"
_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100)
_NOTHING_SAID = ("", "success")


@dataclass(frozen=True, slots=True)
class Try:
    """One try: the status (None where no answer came in time), the seconds it took, and the body."""

    status: int | None
    seconds: float
    body: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A push and its tries; ``reply`` is what the product said, opened, and ``shown`` what a follower reads."""

    fields: Mapping[str, Any]
    tries: list[Try]
    reply: dict[str, Any] | None
    problem: str

    @property
    def shown(self) -> str:
        """The text a follower reads, ``UNAVAILABLE`` where the product failed, else empty."""
        if self.problem:
            return UNAVAILABLE
        return str(self.reply.get("Content", "")) if self.reply else ""

    def public(self) -> dict[str, Any]:
        """As /control answers it."""
        answers = [{"status": one.status, "seconds": round(one.seconds, 3), "body": one.body} for one in self.tries]
        told = {"reply": self.reply, "problem": self.problem, "shown": self.shown}
        return {"fields": self.fields, "answers": answers, **told}


class Pusher:
    """Pushes over HTTP. It lives on one event loop."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=PATIENCE, limits=_LIMITS, trust_env=False)
        self._ids = itertools.count(time.time_ns())

    def complete(self, app: WeChatApp, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields with what every push has: names, time, and a message's id; an event has none."""
        known = {"ToUserName": app.original_id, "CreateTime": int(time.time()), **fields}
        if known.get("MsgType") != "event":
            known.setdefault("MsgId", next(self._ids))
        return known

    async def deliver(
        self, app: WeChatApp, fields: Mapping[str, Any], style: Style, *, aes_key: str | None = None
    ) -> Delivery:
        """Push complete ``fields`` until they are answered with 2xx in time, three times at most."""
        key = aes_key or app.aes_key.get_secret_value()
        tries: list[Try] = []
        while len(tries) < TRIES:
            tries.append(await self._try(app, fields, style, key))
            status = tries[-1].status
            if status is not None and httpx.codes.is_success(status):
                return Delivery(fields, tries, *_read(app, fields, style, key, tries[-1].body))
        return Delivery(fields, tries, None, "no answer in time" if tries[-1].status is None else "no success")

    async def _try(self, app: WeChatApp, fields: Mapping[str, Any], style: Style, aes_key: str) -> Try:
        one = request(app, fields, style, aes_key)
        started = time.monotonic()
        status, body = None, ""
        try:
            async with asyncio.timeout(PATIENCE):
                headers = {"Content-Type": one.content_type}
                response = await self._http.post(app.callback_path, params=one.query, content=one.body, headers=headers)
                status, body = response.status_code, response.text
        except (TimeoutError, httpx.TransportError):
            pass
        return Try(status, time.monotonic() - started, body)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _read(
    app: WeChatApp, fields: Mapping[str, Any], style: Style, aes_key: str, body: str
) -> tuple[dict[str, Any] | None, str]:
    """What an answer says, and what is wrong with it as WeChat would see it."""
    if body in _NOTHING_SAID:
        return None, ""
    try:
        reply = _parse(body, style.format)
        if style.mode == "secure" or "Encrypt" in reply:
            reply = _parse(_open(app, reply, aes_key), style.format)
    except (ValueError, ExpatError, KeyError, UnsealedError) as error:
        return None, f"malformed: {error}" if isinstance(error, UnsealedError) else "malformed"
    names = reply.get("ToUserName"), reply.get("FromUserName")
    if names != (fields.get("FromUserName"), fields.get("ToUserName")):
        return reply, "malformed: to somebody else"
    if reply.get("MsgType") == "text" and not reply.get("Content"):
        return reply, "malformed: no text"
    return reply, ""


def _parse(body: str, form: Format) -> dict[str, Any]:
    fields = json.loads(body) if form == "json" else xmltodict.parse(body, disable_entities=True).get("xml")
    if not isinstance(fields, dict):
        raise ValueError("no fields")  # noqa: TRY004  # a wrong answer, not a wrong call
    return fields


def _open(app: WeChatApp, reply: Mapping[str, Any], aes_key: str) -> str:
    sealed = str(reply["Encrypt"])
    parts = str(reply["TimeStamp"]), str(reply["Nonce"]), sealed
    if reply["MsgSignature"] != sign(app.callback_token.get_secret_value(), *parts):
        raise UnsealedError("wrong signature")
    return unseal(sealed, aes_key, app.appid)
