"""For operators: health, metrics, and the interface's own description."""

import asyncio
import time
from contextlib import suppress
from enum import StrEnum
from typing import Literal

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from redis.exceptions import RedisError
from sanic import HTTPResponse, Request
from tortoise.exceptions import BaseORMException

from app.approvals import gauges as of_deliveries
from app.audit import gauges as of_audit
from app.identity.errors import AccessTokenInvalidError, AccessTokenMissingError
from app.kit import db
from app.kit import gauges as of_jobs
from app.licences import gauges as of_licences
from app.notifications import gauges as of_messages
from app.schema import missing_migrations
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


_ALIVE = Alive()


class Why(StrEnum):
    """Why not all is well: the process is told to stop, has more to do than it takes, or lacks something."""

    STOPPING = "stopping"
    OVERLOADED = "overloaded"
    DATABASE_AWAY = "database_away"
    NOT_MIGRATED = "not_migrated"
    REDIS_AWAY = "redis_away"


_UNAVAILABLE = {Why.STOPPING, Why.DATABASE_AWAY, Why.NOT_MIGRATED}


class Ready(Schema):
    """Whether requests can be served, and why not or not well. ``parts``, for operators only, says more of it."""

    status: Literal["ok", "degraded", "unavailable"]
    why: list[Why]
    parts: dict[str, str] | None = None


@routes.add("GET", "/health/live", actor=Actor.ANYONE, limit="browse")
async def read_live() -> Alive:
    """The process answers."""
    return _ALIVE


async def _database() -> tuple[Why | None, str]:
    try:
        async with asyncio.timeout(_SECONDS):
            missing = await missing_migrations()
    except _NO_DATABASE as error:
        return Why.DATABASE_AWAY, type(error).__name__
    return (Why.NOT_MIGRATED, f"without {missing[0]}") if missing else (None, "ok")


async def _redis(call: Call) -> tuple[Why | None, str]:
    try:
        async with asyncio.timeout(_SECONDS):
            await call.house.redis.get("health")
    except (RedisError, OSError, TimeoutError) as error:
        return Why.REDIS_AWAY, type(error).__name__
    return None, "ok"


def _process(call: Call) -> tuple[Why | None, str]:
    context = call.request.app.ctx
    why = Why.STOPPING if context.stopping else Why.OVERLOADED if context.load.is_full(time.perf_counter()) else None
    return why, why or "ok"


def _is_operator(request: Request, call: Call) -> bool:
    try:
        auth.require_operator(call.house, request)
    except (AccessTokenMissingError, AccessTokenInvalidError):
        return False
    return True


@routes.add("GET", "/health/ready", actor=Actor.ANYONE, limit="browse", also=(503,))
async def read_ready(call: Call) -> HTTPResponse:
    """Whether requests can be served: 503 without the database; without Redis it is slower, and says degraded."""
    found = {"database": await _database(), "redis": await _redis(call), "process": _process(call)}
    why = [reason for reason, _ in found.values() if reason]
    status: Literal["ok", "degraded", "unavailable"] = "degraded" if why else "ok"
    if _UNAVAILABLE.intersection(why):
        status = "unavailable"
    parts = {name: said for name, (_, said) in found.items()} if _is_operator(call.request, call) else None
    return json_answer(Ready(status=status, why=why, parts=parts), status=503 if status == "unavailable" else 200)


@routes.add("GET", "/metrics", actor=Actor.OPERATOR, limit="browse", media_type="text/plain")
async def read_metrics() -> HTTPResponse:
    """Figures for Prometheus; without the database those that it alone knows stay as they were."""
    with suppress(*_NO_DATABASE):
        async with asyncio.timeout(_SECONDS):
            for gauges in (of_deliveries, of_messages, of_jobs, of_licences, of_audit):
                await gauges.measure()
    return HTTPResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


@routes.add("GET", "/openapi.json", actor=Actor.ANYONE, limit="browse")
async def read_openapi(call: Call) -> HTTPResponse:
    """This document."""
    document = await asyncio.to_thread(call.request.app.ctx.openapi)
    return json_answer(document, headers={"Cache-Control": "public, max-age=300"})
