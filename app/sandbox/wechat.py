"""The WeChat stand-in: login, access token, phone number and subscription messages of one mini-program.

Paths, fields and error codes are those of WeChat's server API; the codes a phone would get are magic inputs.
"""

import base64
import hashlib
import re
import time
from typing import Any

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import answer, read
from app.sandbox.faults import Faults
from app.sandbox.wechat_answers import PlatformError, is_secret, wechat_blueprint
from app.sandbox.wechat_state import WeChatState
from config.settings import WeChatSettings

_LOGIN = re.compile(r"login-(.+)")
_PHONE = re.compile(r"phone-([0-9]{11})")


class _TokenBody(BaseModel):
    grant_type: str = ""
    appid: str = ""
    secret: str = ""
    force_refresh: bool = False


class _PhoneBody(BaseModel):
    code: str = ""


class _SendBody(BaseModel):
    touser: str = ""
    template_id: str = ""
    page: str | None = None
    data: dict[str, dict[str, str]]


class _GrantsBody(BaseModel):
    openid: str
    template_ids: list[str]


def _check_app(settings: WeChatSettings, appid: str | None, secret: str | None) -> None:
    if appid != settings.mini_program_appid:
        raise PlatformError(40013, "invalid appid")
    if not is_secret(secret, settings.mini_program_secret):
        raise PlatformError(40125, "invalid appsecret")


def _login(code: str) -> dict[str, Any]:
    if code == "login-busy":
        raise PlatformError(-1, "system error")
    person = _LOGIN.fullmatch(code)
    if person is None:
        raise PlatformError(40029, "invalid code")
    openid = f"o-{person[1]}"
    session_key = base64.b64encode(hashlib.sha256(openid.encode()).digest()[:16]).decode()
    return {"openid": openid, "session_key": session_key, "unionid": f"u-{person[1]}"}


def _phone(code: str, appid: str) -> dict[str, Any]:
    number = _PHONE.fullmatch(code)
    if number is None:
        raise PlatformError(40029, "invalid code")
    watermark = {"timestamp": int(time.time()), "appid": appid}
    phone = {"phoneNumber": number[1], "purePhoneNumber": number[1], "countryCode": "86", "watermark": watermark}
    return {"errcode": 0, "errmsg": "ok", "phone_info": phone}


def blueprint(settings: WeChatSettings, state: WeChatState, faults: Faults) -> Blueprint:
    """WeChat's own routes."""
    routes = wechat_blueprint("wechat")

    @routes.get("/sns/jscode2session")
    async def code_to_session(request: Request) -> HTTPResponse:
        await faults.reach(request, "wechat.login.before")
        _check_app(settings, request.args.get("appid"), request.args.get("secret"))
        if request.args.get("grant_type") != "authorization_code":
            raise PlatformError(40002, "invalid grant_type")
        session = _login(request.args.get("js_code", ""))
        await faults.reach(request, "wechat.login.after")
        return answer(session)

    @routes.post("/cgi-bin/stable_token")
    async def stable_token(request: Request) -> HTTPResponse:
        body = read(_TokenBody, request)
        await faults.reach(request, "wechat.token.before")
        if body.grant_type != "client_credential":
            raise PlatformError(40002, "invalid grant_type")
        _check_app(settings, body.appid, body.secret)
        token, expires_in = state.token(force=body.force_refresh)
        await faults.reach(request, "wechat.token.after")
        return answer({"access_token": token, "expires_in": expires_in})

    @routes.post("/wxa/business/getuserphonenumber")
    async def phone_number(request: Request) -> HTTPResponse:
        await faults.reach(request, "wechat.phone.before")
        state.check_token(request.args.get("access_token"))
        phone = _phone(read(_PhoneBody, request).code, settings.mini_program_appid)
        await faults.reach(request, "wechat.phone.after")
        return answer(phone)

    @routes.post("/cgi-bin/message/subscribe/send")
    async def send(request: Request) -> HTTPResponse:
        await faults.reach(request, "wechat.send.before")
        state.check_token(request.args.get("access_token"))
        body = read(_SendBody, request)
        number = state.send(body.touser, body.template_id, body.data, body.page)
        await faults.reach(request, "wechat.send.after")
        return answer({"errcode": 0, "errmsg": "ok", "msgid": number})

    return routes


def control(state: WeChatState) -> Blueprint:
    """What a test or a demonstration does to this stand-in."""
    routes = Blueprint("wechat_control", url_prefix="/control")

    @routes.get("/messages")
    async def messages(request: Request) -> HTTPResponse:
        return answer({"items": state.messages(request.args.get("openid"))})

    @routes.post("/grants")
    async def grant(request: Request) -> HTTPResponse:
        body = read(_GrantsBody, request)
        state.grant(body.openid, body.template_ids)
        return answer({"openid": body.openid, "template_ids": body.template_ids})

    @routes.post("/wechat/expire-tokens")
    async def expire_tokens(_request: Request) -> HTTPResponse:
        state.expire_tokens()
        return answer({"status": "ok"})

    return routes
