"""The WeChat stand-in's web authorization: the page that asks who is there, and the exchange of its codes."""

import re
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, html, redirect

from app.sandbox.wechat.answers import PlatformError
from app.sandbox.wechat.apps import check_secret
from app.sandbox.wechat.desk import Answer, Desk
from app.sandbox.wechat.pages import form_page, refusal_page
from config.settings import Settings

COOKIE = "sandbox_login"
_CODE = re.compile(r"oauth-(?:(snapshot|only)-)?(.+)")
_LOGIN = re.compile(r"[\w.@-]{1,64}")
_PRINTED = re.compile(r"[^\x00-\x20\x7f]+")
_LONGEST_STATE = 128
_TOKEN_LIFETIME = 7200


def _problem(query: dict[str, str], settings: Settings) -> str:
    """What is wrong with an address of the page, in Chinese; empty where nothing is."""
    redirect_uri = query.get("redirect_uri", "")
    app: tuple[str | None, ...] = (settings.wechat.official_account_appid, None)
    scopes = {"snsapi_base", "snsapi_userinfo"}
    if "agentid" in query:
        app = (settings.work.corpid, settings.work.agent_id) if settings.work else ()
        scopes = {"snsapi_base"}
    checks = {
        "appid 或 agentid 参数错误": (query.get("appid"), query.get("agentid")) == app,
        "redirect_uri 参数错误": _PRINTED.fullmatch(redirect_uri) is not None,
        "redirect_uri 域名与后台配置不一致": _site(redirect_uri) == _site(settings.public_url),
        "response_type 参数错误": query.get("response_type") == "code",
        "scope 参数错误": query.get("scope") in scopes,
        "state 参数错误": len(query.get("state", "").encode()) <= _LONGEST_STATE,
    }
    return next((sentence for sentence, right in checks.items() if not right), "")


def _site(address: str) -> tuple[str, str | None]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "", None
    # A domain is registered without its port.
    return parts.scheme, parts.hostname


def _way_back(query: dict[str, str], login: str) -> str:
    code = f"work-{login}" if "agentid" in query else f"oauth-{login}"
    parts = urlsplit(query["redirect_uri"])
    answers = [*parse_qsl(parts.query, keep_blank_values=True), ("code", code), ("state", query.get("state", ""))]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(answers), parts.fragment))


def _grant(code: str) -> dict[str, Any]:
    if code == "oauth-busy":
        raise PlatformError(-1, "system error")
    person = _CODE.fullmatch(code)
    if person is None:
        raise PlatformError(40029, "invalid code")
    kind, name = person.groups()
    if kind == "snapshot":
        return {"openid": f"oa-snapshot-{name}", "is_snapshotuser": 1}
    return {"openid": f"oa-{name}"} if kind == "only" else {"openid": f"oa-{name}", "unionid": f"u-{name}"}


def blueprint(settings: Settings, desk: Desk) -> Blueprint:
    """The page, which WeCom shares, and the official account's exchange."""
    routes = Blueprint("wechat_oauth")

    @routes.get("/connect/oauth2/authorize")
    async def authorize(request: Request) -> HTTPResponse:
        query = {name: values[0] for name, values in request.get_args(keep_blank_values=True).items()}
        login = query.pop("login", None)
        if problem := _problem(query, settings):
            return html(refusal_page(problem), status=400)
        who = login if login is not None else request.cookies.get(COOKIE)
        if who is None or _LOGIN.fullmatch(who) is None:
            return html(form_page(query, wrong=who is not None))
        return redirect(_way_back(query, who))

    def exchange(request: Request) -> Answer:
        official = desk.apps.official
        known = official if request.args.get("appid") == official.appid else None
        check_secret(known, request.args.get("secret"))
        if request.args.get("grant_type") != "authorization_code":
            raise PlatformError(40002, "invalid grant_type")
        granted = _grant(request.args.get("code", ""))
        tokens = {"access_token": secrets.token_urlsafe(48), "refresh_token": secrets.token_urlsafe(48)}
        return {**tokens, "expires_in": _TOKEN_LIFETIME, "scope": "snsapi_userinfo", **granted}

    desk.serve_open(routes, "GET", "/sns/oauth2/access_token", exchange, point="wechat.oauth")
    return routes
