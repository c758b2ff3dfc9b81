"""The stand-in of WeCom (企业微信): the token of one app of a company, and which member came back with a code."""

import re
from typing import Any

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import answer
from app.sandbox.faults import Faults
from app.sandbox.wechat.answers import PlatformError, is_secret, wechat_blueprint
from app.sandbox.wechat.tokens import Tokens
from config.settings import WorkSettings

_CODE = re.compile(r"work-(outside-)?(.+)")


def _person(code: str) -> dict[str, Any]:
    if code == "work-busy":
        raise PlatformError(-1, "system error")
    person = _CODE.fullmatch(code)
    if person is None:
        raise PlatformError(40029, "invalid code")
    outside, name = person.groups()
    return {"openid": f"ow-{name}", "external_userid": f"wm-{name}"} if outside else {"userid": name}


def blueprint(settings: WorkSettings, tokens: Tokens, faults: Faults) -> Blueprint:
    """WeCom's own routes."""
    routes = wechat_blueprint("wechat_work")

    @routes.get("/cgi-bin/gettoken")
    async def gettoken(request: Request) -> HTTPResponse:
        if request.args.get("corpid") != settings.corpid:
            raise PlatformError(40013, "invalid corpid")
        if not is_secret(request.args.get("corpsecret"), settings.secret):
            raise PlatformError(40091, "secret is invalid")
        token, expires_in = tokens.work()
        return answer({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": expires_in})

    @routes.get("/cgi-bin/auth/getuserinfo")
    async def identity(request: Request) -> HTTPResponse:
        await faults.reach(request, "wechat.work.before")
        tokens.check_work(request.args.get("access_token"))
        person = _person(request.args.get("code", ""))
        await faults.reach(request, "wechat.work.after")
        return answer({"errcode": 0, "errmsg": "ok", **person})

    return routes
