"""The WeChat stand-in's ways in: login, access tokens and phone numbers.

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

from app.sandbox.answers import read
from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import WeChatApp, check_secret
from app.sandbox.wechat.desk import OK, Answer, Desk
from app.sandbox.wechat.tokens import Tokens

_LOGIN = re.compile(r"login-(.+)")
_PHONE = re.compile(r"phone-([0-9]{11})")


class _TokenBody(BaseModel):
    grant_type: str = ""
    appid: str = ""
    secret: str = ""
    force_refresh: bool = False


class _PhoneBody(BaseModel):
    code: str = ""


def _login(code: str) -> dict[str, Any]:
    if code == "login-busy":
        raise PlatformError(-1, "system error")
    person = _LOGIN.fullmatch(code)
    if person is None:
        raise PlatformError(40029, "invalid code")
    openid = f"o-{person[1]}"
    session_key = base64.b64encode(hashlib.sha256(openid.encode()).digest()[:16]).decode()
    return {"openid": openid, "session_key": session_key, "unionid": f"u-{person[1]}"}


def _phone(request: Request, app: WeChatApp) -> Answer:
    number = _PHONE.fullmatch(read(_PhoneBody, request).code)
    if number is None:
        raise PlatformError(40029, "invalid code")
    watermark = {"timestamp": int(time.time()), "appid": app.appid}
    phone = {"phoneNumber": number[1], "purePhoneNumber": number[1], "countryCode": "86", "watermark": watermark}
    return {**OK, "phone_info": phone}


def _check_grant_type(given: str | None, wanted: str) -> None:
    if given != wanted:
        raise PlatformError(40002, "invalid grant_type")


def blueprint(desk: Desk, tokens: Tokens) -> Blueprint:
    """WeChat's own routes."""
    routes = Blueprint("wechat")
    apps = desk.apps

    def session(request: Request) -> Answer:
        appid, secret = request.args.get("appid"), request.args.get("secret")
        check_secret(apps.mini if appid == apps.mini.appid else None, secret)
        _check_grant_type(request.args.get("grant_type"), "authorization_code")
        return _login(request.args.get("js_code", ""))

    def stable_token(request: Request) -> Answer:
        body = read(_TokenBody, request)
        _check_grant_type(body.grant_type, "client_credential")
        app = apps.with_secret(body.appid, body.secret)
        token, expires_in = tokens.stable(app.appid, force=body.force_refresh)
        return {"access_token": token, "expires_in": expires_in}

    def older_token(request: Request) -> Answer:
        _check_grant_type(request.args.get("grant_type"), "client_credential")
        app = apps.with_secret(request.args.get("appid"), request.args.get("secret"))
        token, expires_in = tokens.older(app.appid)
        return {"access_token": token, "expires_in": expires_in}

    desk.serve_open(routes, "GET", "/sns/jscode2session", session, point="wechat.login")
    desk.serve_open(routes, "POST", "/cgi-bin/stable_token", stable_token, point="wechat.token")
    desk.serve_open(routes, "GET", "/cgi-bin/token", older_token)
    desk.serve(routes, "POST", "/wxa/business/getuserphonenumber", _phone, kinds=("mini",), point="wechat.phone")
    return routes
