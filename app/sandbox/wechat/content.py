"""The WeChat stand-in's content safety checks: magic words in a text or an address decide what it suggests."""

import secrets
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request

from app.sandbox.answers import read
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import MINI_OPENID, WeChatApp
from app.sandbox.wechat.desk import OK, Answer, Desk
from app.sandbox.wechat.events import Events
from app.sandbox.wechat.push_body import Format

_LONGEST = 2500
_VERSION = 2
_SCENES = range(1, 5)
_AUDIO, _IMAGE = 1, 2
_NORMAL = ("pass", 100)
_SUGGESTIONS = {"违规": ("risky", 20006), "疑似": ("review", 20001)}
_NOT_SEEN = "久未访问"


class _TextBody(BaseModel):
    content: str = ""
    version: int = 1
    scene: int = 0
    openid: str = ""
    title: str = ""
    nickname: str = ""


class _MediaBody(BaseModel):
    media_url: str = ""
    media_type: int = 0
    version: int = 1
    scene: int = 0
    openid: str = ""


def _judge(body: _TextBody | _MediaBody, text: str) -> dict[str, Any]:
    """The verdict on a text; raises PlatformError 40003, 47001 or 61010."""
    if body.version != _VERSION or body.scene not in _SCENES:
        raise PlatformError(47001, "data format error")
    if not body.openid.startswith(MINI_OPENID):
        raise PlatformError(40003, "invalid openid")
    if _NOT_SEEN in text:
        raise PlatformError(61010, "code is expired")
    suggest, label = next((found for word, found in _SUGGESTIONS.items() if word in text), _NORMAL)
    return {"suggest": suggest, "label": label}


def _detail(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"strategy": "content_model", "errcode": 0, **result, "prob": 90}]


def _check_text(request: Request, _app: WeChatApp) -> Answer:
    body = read(_TextBody, request)
    if not 0 < len(body.content) <= _LONGEST:
        raise PlatformError(47001, "data format error")
    result = _judge(body, f"{body.title} {body.nickname} {body.content}")
    return {**OK, "result": result, "detail": _detail(result), "trace_id": secrets.token_hex(12)}


def _checked(openid: str, appid: str, trace_id: str, result: dict[str, Any], _form: Format) -> dict[str, Any]:
    """The event that brings the verdict on a file."""
    names = {"FromUserName": openid, "MsgType": "event", "Event": "wxa_media_check", "appid": appid}
    verdict = {"trace_id": trace_id, "version": _VERSION, "detail": _detail(result), "result": result}
    return {**names, **verdict, **OK}


def blueprint(desk: Desk, events: Events) -> Blueprint:
    """WeChat's own routes."""
    routes = Blueprint("wechat_content")

    def check_media(request: Request, app: WeChatApp) -> Answer:
        body = read(_MediaBody, request)
        if urlsplit(body.media_url).scheme not in {"http", "https"} or body.media_type not in {_AUDIO, _IMAGE}:
            raise PlatformError(47001, "data format error")
        result, trace_id = _judge(body, unquote(body.media_url)), secrets.token_hex(12)
        events.later(app, partial(_checked, body.openid, app.appid, trace_id, result))
        return {**OK, "trace_id": trace_id}

    desk.serve(routes, "POST", "/wxa/msg_sec_check", _check_text, kinds=("mini",), point="wechat.content")
    desk.serve(routes, "POST", "/wxa/media_check_async", check_media, kinds=("mini",))
    return routes
