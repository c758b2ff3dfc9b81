"""The WeChat stand-in's messages to people: subscription, template and customer-service messages of both apps."""

import sys
from functools import cache, partial
from typing import Any

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request

from app.sandbox.answers import read
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import MINI_OPENID, OFFICIAL_OPENID, WeChatApp
from app.sandbox.wechat.desk import OK, Answer, Desk
from app.sandbox.wechat.events import Events
from app.sandbox.wechat.messages import Send, check_template
from app.sandbox.wechat.push_body import Format, subscription_event
from app.sandbox.wechat.state import WeChatState
from config.reading import read_yaml
from config.settings import CITY_DATA

SUBSCRIBE = "/cgi-bin/message/subscribe/send"
BIZSEND = "/cgi-bin/message/subscribe/bizsend"
PROGRAM_TEMPLATES = "/wxaapi/newtmpl/gettemplate"
ACCOUNT_TEMPLATES = "/cgi-bin/template/get_all_private_template"
TEMPLATE = "/cgi-bin/message/template/send"
CUSTOM = "/cgi-bin/message/custom/send"
_LONGEST_TEXT = 2048
_BLOCKED = "failed:user block"


class _MiniProgram(BaseModel):
    appid: str
    pagepath: str = ""


class _SendBody(BaseModel):
    touser: str = ""
    template_id: str = ""
    data: dict[str, dict[str, str]]
    page: str | None = None
    url: str | None = None
    miniprogram: _MiniProgram | None = None
    client_msg_id: str | None = None


class _Text(BaseModel):
    content: str


class _CustomBody(BaseModel):
    touser: str = ""
    msgtype: str = ""
    text: _Text


class Sends:
    """The APIs of messages and of their templates."""

    def __init__(self, desk: Desk, state: WeChatState, events: Events) -> None:
        self._apps = desk.apps
        self._state = state
        self._events = events

    def subscribe(self, request: Request, _app: WeChatApp) -> Answer:
        """A subscription message of the mini-program."""
        body = read(_SendBody, request)
        _check_openid(body.touser, MINI_OPENID)
        return self._take(SUBSCRIBE, body, {"data": body.data, "page": body.page}, spends=True)

    def bizsend(self, request: Request, _app: WeChatApp) -> Answer:
        """A subscription message of the official account, whose receiver need not follow it."""
        body = read(_SendBody, request)
        _check_openid(body.touser, OFFICIAL_OPENID)
        content = {"data": body.data, "page": body.page, "miniprogram": self._target(body)}
        return self._take(BIZSEND, body, content, spends=True)

    def template(self, request: Request, _app: WeChatApp) -> Answer:
        """A template message to a follower."""
        body = read(_SendBody, request)
        self._state.followers.check_following(body.touser)
        content = {"data": body.data, "url": body.url, "miniprogram": self._target(body)}
        return self._take(TEMPLATE, body, content, spends=False)

    def custom(self, request: Request, _app: WeChatApp) -> Answer:
        """A text to a follower who was there within 48 hours."""
        body = read(_CustomBody, request)
        if body.msgtype != "text":
            raise PlatformError(40008, "invalid message type")
        self._state.followers.check_following(body.touser)
        self._state.followers.check_conversation(body.touser)
        if not 0 < len(body.text.content.encode()) <= _LONGEST_TEXT:
            raise PlatformError(45002, "content size out of limit")
        self._state.messages.take(Send(CUSTOM, body.touser, "", {"text": body.text.content}), spends=False)
        return OK

    def program_templates(self, request: Request, _app: WeChatApp) -> Answer:
        """The templates of the mini-program: those that the city's data names."""
        del request
        return {**OK, "data": [{"priTmplId": one} for one in _named_templates("mini_program")]}

    def account_templates(self, request: Request, _app: WeChatApp) -> Answer:
        """Likewise of the official account."""
        del request
        return {**OK, "template_list": [{"template_id": one} for one in _named_templates("official_account")]}

    def _target(self, body: _SendBody) -> dict[str, str] | None:
        if body.miniprogram is None:
            return None
        if body.miniprogram.appid != self._apps.mini.appid:
            raise PlatformError(40013, "invalid appid")
        return body.miniprogram.model_dump()

    def _take(self, api: str, body: _SendBody, content: dict[str, Any], *, spends: bool) -> Answer:
        check_template(body.template_id, body.data)
        send = Send(api, body.touser, body.template_id, content, body.client_msg_id)
        message_id = self._state.messages.take(send, spends=spends)
        if self._events.settings.delivery:
            outcome = _BLOCKED if "blocked" in body.touser else self._events.settings.outcome
            # A million of these may wait: they hold no more than they will say.
            told = partial(_delivered, api, body.touser, sys.intern(body.template_id), message_id, outcome)
            self._events.later(self._apps.of_openid(body.touser), told)
        return {**OK, "msgid": message_id}


def _delivered(api: str, openid: str, template_id: str, message_id: int, outcome: str, form: Format) -> dict[str, Any]:
    """The event that tells what became of a message."""
    if api == TEMPLATE:
        event = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": message_id, "Status": outcome}
        return {"FromUserName": openid, **event}
    code = "0" if outcome == "success" else "1"
    item = {"TemplateId": template_id, "MsgID": str(message_id), "ErrorCode": code, "ErrorStatus": outcome}
    return {"FromUserName": openid, **subscription_event("sent", [item], form)}


@cache
def _named_templates(channel: str) -> tuple[str, ...]:
    messages = read_yaml(CITY_DATA / "messages.yaml")
    named = [one["id"] for one in messages["templates"].values() if one["channel"] == channel]
    if channel == "official_account":
        broadcasts = read_yaml(CITY_DATA / "broadcasts.yaml")
        named += [one["template_id"] for one in broadcasts["kinds"].values()]
    return tuple(named)


def _check_openid(openid: str, beginning: str) -> None:
    if not openid.startswith(beginning):
        raise PlatformError(40003, "invalid openid")


def blueprint(desk: Desk, state: WeChatState, events: Events) -> Blueprint:
    """WeChat's own routes."""
    routes = Blueprint("wechat_sends")
    sends = Sends(desk, state, events)
    desk.serve(routes, "POST", SUBSCRIBE, sends.subscribe, kinds=("mini",), point="wechat.send")
    desk.serve(routes, "POST", BIZSEND, sends.bizsend, kinds=("official",), point="wechat.bizsend")
    desk.serve(routes, "POST", TEMPLATE, sends.template, kinds=("official",), point="wechat.template")
    desk.serve(routes, "GET", PROGRAM_TEMPLATES, sends.program_templates, kinds=("mini",))
    desk.serve(routes, "GET", ACCOUNT_TEMPLATES, sends.account_templates, kinds=("official",))
    desk.serve(routes, "POST", CUSTOM, sends.custom, kinds=("official",), point="wechat.custom")
    return routes
