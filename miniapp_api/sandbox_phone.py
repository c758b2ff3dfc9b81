"""Under the stand-ins only: the tap that real WeChat sees by itself.

On a phone, WeChat knows of each "allow" before the mini-program does. Here the phone is a program that speaks with us
alone, so what it tells us of its taps is passed on to the stand-in of WeChat.
"""

import json
from typing import Any

import httpx
from sanic import HTTPResponse, Request, Sanic

from app.bootstrap import House
from app.identity.rules import Audience
from app.identity.service import openid_of
from app.kit.errors import TemporarilyUnavailableError
from miniapp_api.auth import bearer_token
from miniapp_api.citizen.messages import SubscriptionRequest
from miniapp_api.parsing import parse

_PATH, _METHOD = "api/v1/subscriptions", "POST"


async def _pass_on(request: Request) -> None:
    house: House = request.app.ctx.house
    bearer = house.access_tokens.read(bearer_token(request), Audience.CITIZEN)
    openid = await openid_of(bearer.id, house.settings.wechat.mini_program_appid)
    accepted = parse(SubscriptionRequest, request.body).accepted()
    async with httpx.AsyncClient(base_url=house.settings.wechat.base_url, trust_env=False) as http:
        grants = json.dumps({"openid": openid, "template_ids": accepted})
        try:
            await http.post("/control/grants", content=grants, headers={"Content-Type": "application/json"})
        except httpx.HTTPError as error:
            raise TemporarilyUnavailableError from error


def follow_grants(app: Sanic[Any, Any]) -> None:
    """Pass the phone's taps on to the stand-in of WeChat. No other route is touched."""
    (route,) = [one for one in app.router.routes if one.path == _PATH and _METHOD in one.methods]
    answer_tap = route.handler

    async def handler(request: Request) -> HTTPResponse:
        answer: HTTPResponse = await answer_tap(request)
        if answer.status == httpx.codes.OK:
            await _pass_on(request)
        return answer

    route.handler = handler
