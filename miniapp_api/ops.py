"""For operators: health, metrics, and the interface's own description."""

import asyncio
from contextlib import suppress
from typing import Literal

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from redis.exceptions import RedisError
from sanic import HTTPResponse, Request
from tortoise.exceptions import BaseORMException

from app.approvals import gauges
from app.identity.errors import AccessTokenInvalidError, AccessTokenMissingError
from app.kit import db
from app.notifications import gauges as message_gauges
from miniapp_api import auth
from miniapp_api.answers import json_answer
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
_SECONDS = 2.0
# A table that is missing counts too: the database is there, but not ours yet.
_NO_DATABASE: tuple[type[Exception], ...] = (BaseORMException, *db.AWAY)


class Alive(Schema):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Schema):
    """Whether requests can be served. ``parts`` is there for operators only."""

    status: Literal["ok", "degraded", "unavailable"]
    parts: dict[str, str] | None = None


@routes.add("GET", "/health/live", actor=Actor.ANYONE, limit="browse")
async def read_live() -> Alive:
    """The process answers."""
    return Alive()


async def _database() -> str:
    try:
        async with asyncio.timeout(_SECONDS):
            await db.row("SELECT 1 FROM items LIMIT 1")
    except _NO_DATABASE as error:
        return type(error).__name__
    return "ok"


async def _redis(call: Call) -> str:
    try:
        async with asyncio.timeout(_SECONDS):
            await call.house.redis.get("health")
    except (RedisError, OSError, TimeoutError) as error:
        return type(error).__name__
    return "ok"


def _is_operator(request: Request, call: Call) -> bool:
    try:
        auth.require_operator(call.house, request)
    except (AccessTokenMissingError, AccessTokenInvalidError):
        return False
    return True


@routes.add("GET", "/health/ready", actor=Actor.ANYONE, limit="browse", also=(503,))
async def read_ready(call: Call) -> HTTPResponse:
    """Whether requests can be served: 503 without the database; without Redis it is slower, and says degraded."""
    parts = {"database": await _database(), "redis": await _redis(call)}
    status: Literal["ok", "degraded", "unavailable"] = "ok"
    if parts["database"] != "ok":
        status = "unavailable"
    elif parts["redis"] != "ok":
        status = "degraded"
    body = Ready(status=status, parts=parts if _is_operator(call.request, call) else None)
    return json_answer(body, status=503 if status == "unavailable" else 200)


@routes.add("GET", "/metrics", actor=Actor.OPERATOR, limit="browse", media_type="text/plain")
async def read_metrics() -> HTTPResponse:
    """Figures for Prometheus; without the database those that it alone knows stay as they were."""
    with suppress(*_NO_DATABASE):
        async with asyncio.timeout(_SECONDS):
            await gauges.measure()
            await message_gauges.measure()
    return HTTPResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


@routes.add("GET", "/openapi.json", actor=Actor.ANYONE, limit="browse")
async def read_openapi(call: Call) -> HTTPResponse:
    """This document."""
    return json_answer(call.request.app.ctx.openapi, headers={"Cache-Control": "public, max-age=300"})
