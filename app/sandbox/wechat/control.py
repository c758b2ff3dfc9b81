"""What a test or a demonstration does to WeChat's stand-in: grants, troubles, quotas, tokens, followers, accounts."""

import asyncio
from typing import Annotated

from pydantic import BaseModel, Field
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import RefusedError, answer, read
from app.sandbox.wechat.desk import Desk
from app.sandbox.wechat.followers import MOST_GENERATED, generated_openid
from app.sandbox.wechat.state import WeChatState
from app.sandbox.wechat.tokens import TokenRules
from app.sandbox.wechat.troubles import Trouble

_LONGEST_DELAY = 60_000


class _GrantsBody(BaseModel):
    openid: str
    template_ids: list[str]
    long_term: bool = False


class _ExpiryBody(BaseModel):
    in_seconds: Annotated[float, Field(ge=0)] = 0


class _LatencyBody(BaseModel):
    api: str | None = None
    milliseconds: Annotated[float, Field(ge=0, le=_LONGEST_DELAY)]


class _QuotaBody(BaseModel):
    api: str
    minute: Annotated[int, Field(ge=0)] | None = None
    day: Annotated[int, Field(ge=0)] | None = None


class _CountBody(BaseModel):
    count: Annotated[int, Field(ge=0, le=MOST_GENERATED)]


def _check_api(desk: Desk, api: str | None) -> None:
    if api is not None and api not in desk.paths:
        raise RefusedError(400, "unknown_api", "没有这个接口")


def _add_troubles(routes: Blueprint, desk: Desk) -> None:
    @routes.get("/answers")
    async def orders(_request: Request) -> HTTPResponse:
        return answer({"items": desk.troubles.listing()})

    @routes.post("/answers")
    async def order(request: Request) -> HTTPResponse:
        trouble = read(Trouble, request)
        _check_api(desk, trouble.api)
        desk.troubles.order(trouble)
        return answer({"items": desk.troubles.listing()}, 201)

    @routes.delete("/answers")
    async def clear(_request: Request) -> HTTPResponse:
        desk.troubles.clear()
        return answer({"items": []})

    @routes.post("/latency")
    async def latency(request: Request) -> HTTPResponse:
        body = read(_LatencyBody, request)
        _check_api(desk, body.api)
        desk.troubles.set_delay(body.api, body.milliseconds / 1000)
        return answer({"api": body.api, "milliseconds": body.milliseconds})


def _add_accounts(routes: Blueprint, desk: Desk, state: WeChatState) -> None:
    @routes.get("/quota")
    async def quotas(_request: Request) -> HTTPResponse:
        return answer({"items": desk.quotas.listing()})

    @routes.post("/quota")
    async def quota(request: Request) -> HTTPResponse:
        body = read(_QuotaBody, request)
        _check_api(desk, body.api)
        desk.quotas.set(body.api, body.minute, body.day)
        return answer({"items": desk.quotas.listing()})

    @routes.get("/counts")
    async def counts(_request: Request) -> HTTPResponse:
        by_api: dict[str, dict[str, int]] = {}
        for (api, outcome), count in sorted(desk.counts.items()):
            by_api.setdefault(api, {})[outcome] = count
        return answer({"counts": by_api})

    @routes.delete("/counts")
    async def forget_counts(_request: Request) -> HTTPResponse:
        desk.counts.clear()
        return answer({"counts": {}})

    @routes.get("/doubles")
    async def doubles(request: Request) -> HTTPResponse:
        template_id = request.args.get("template_id")
        return answer(await asyncio.to_thread(state.messages.doubles, template_id, generated_openid))


def _add_tokens(routes: Blueprint, state: WeChatState) -> None:
    @routes.post("/expire-tokens")
    async def expire_tokens(request: Request) -> HTTPResponse:
        state.tokens.expire(read(_ExpiryBody, request).in_seconds if request.body else 0)
        return answer({"status": "ok"})

    @routes.post("/token-rules")
    async def token_rules(request: Request) -> HTTPResponse:
        state.tokens.rules = read(TokenRules, request)
        return answer(state.tokens.rules.model_dump())


def _add_followers(routes: Blueprint, state: WeChatState) -> None:
    @routes.post("/followers")
    async def generate(request: Request) -> HTTPResponse:
        state.followers.generate(read(_CountBody, request).count)
        return answer({"total": state.followers.total}, 201)

    @routes.post("/expire-conversations")
    async def expire_conversations(_request: Request) -> HTTPResponse:
        state.followers.expire_conversations()
        return answer({"status": "ok"})


def blueprint(desk: Desk, state: WeChatState) -> Blueprint:
    """The routes under ``/control`` that concern WeChat alone, but faces and pushes."""
    routes = Blueprint("wechat_control", url_prefix="/control/wechat")
    _add_troubles(routes, desk)
    _add_accounts(routes, desk, state)
    _add_tokens(routes, state)
    _add_followers(routes, state)
    return routes


def messages_blueprint(state: WeChatState) -> Blueprint:
    """What was sent, and the phone's tap on "allow"."""
    routes = Blueprint("wechat_messages", url_prefix="/control")

    @routes.get("/messages")
    async def messages(request: Request) -> HTTPResponse:
        return answer({"items": state.messages.listing(request.args.get("openid"))})

    @routes.post("/grants")
    async def grant(request: Request) -> HTTPResponse:
        body = read(_GrantsBody, request)
        state.messages.grant(body.openid, body.template_ids, long_term=body.long_term)
        return answer({"openid": body.openid, "template_ids": body.template_ids})

    return routes
