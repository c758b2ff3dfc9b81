"""The WeChat stand-in's content safety check: magic words in a text decide what it suggests."""

from typing import Any

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import answer, read
from app.sandbox.faults import Faults
from app.sandbox.wechat_answers import PlatformError, wechat_blueprint
from app.sandbox.wechat_state import WeChatState

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


def blueprint(state: WeChatState, faults: Faults) -> Blueprint:
    """WeChat's own route."""
    routes = wechat_blueprint("wechat_content")

    @routes.post("/wxa/msg_sec_check")
    async def check(request: Request) -> HTTPResponse:
        await faults.reach(request, "wechat.content.before")
        state.check_token(request.args.get("access_token"))
        result = _judge(read(_CheckBody, request))
        await faults.reach(request, "wechat.content.after")
        return answer({"errcode": 0, "errmsg": "ok", "result": result, "detail": [], "trace_id": "sandbox"})

    return routes
