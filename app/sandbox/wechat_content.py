"""The WeChat stand-in's content safety check: magic words in a text decide what it suggests."""

from typing import Any

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request

from app.sandbox.answers import read
from app.sandbox.wechat_answers import PlatformError
from app.sandbox.wechat_apps import WeChatApp
from app.sandbox.wechat_desk import OK, Answer, Desk

_LONGEST = 2500
_SCENES = range(1, 5)
_NORMAL = ("pass", 100)
_SUGGESTIONS = {"违规": ("risky", 20006), "疑似": ("review", 20001)}
_NOT_SEEN = "久未访问"


class _CheckBody(BaseModel):
    content: str = ""
    version: int = 1
    scene: int = 0
    openid: str = ""


def _judge(body: _CheckBody) -> dict[str, Any]:
    if body.version != 2 or body.scene not in _SCENES or not 0 < len(body.content) <= _LONGEST:  # noqa: PLR2004  # WeChat's number
        raise PlatformError(47001, "data format error")
    if not body.openid.startswith("o-"):
        raise PlatformError(40003, "invalid openid")
    if _NOT_SEEN in body.content:
        raise PlatformError(61010, "code is expired")
    suggest, label = next((found for word, found in _SUGGESTIONS.items() if word in body.content), _NORMAL)
    return {"suggest": suggest, "label": label}


def _check(request: Request, _app: WeChatApp) -> Answer:
    return {**OK, "result": _judge(read(_CheckBody, request)), "detail": [], "trace_id": "sandbox"}


def blueprint(desk: Desk) -> Blueprint:
    """WeChat's own route."""
    routes = Blueprint("wechat_content")
    desk.serve(routes, "POST", "/wxa/msg_sec_check", _check, kinds=("mini",), point="wechat.content")
    return routes
