"""The web server: every surface on one Sanic application, made by a factory."""

from contextlib import AsyncExitStack
from functools import cache, partial
from typing import Any

from sanic import Sanic
from sanic.worker.loader import AppLoader
from sanic.worker.manager import WorkerManager
from sanic.worker.process import WorkerProcess

from app.bootstrap import open_house
from app.kit.memory import spare_what_is_there
from config.settings import Settings
from miniapp_api import stopping
from miniapp_api.errors import answer_error
from miniapp_api.load import Load
from miniapp_api.openapi import build_openapi
from miniapp_api.routing import mount
from miniapp_api.sandbox_phone import follow_grants
from miniapp_api.starting import app_of_a_worker
from miniapp_api.surfaces import all_routes, surfaces
from miniapp_api.telemetry import say_how_many_were_turned_away
from miniapp_api.wire import NumberedRequest

_MAX_BODY_BYTES = 12 * 1024 * 1024
_START_SECONDS = 120


def create_app(settings: Settings) -> Sanic[Any, Any]:
    """The server for these settings. Its objects are made in the process and loop that serves."""
    app: Sanic[Any, Any] = Sanic("jiaban", configure_logging=False, request_class=NumberedRequest)
    app.config.update(
        FALLBACK_ERROR_FORMAT="json",
        REQUEST_MAX_SIZE=_MAX_BODY_BYTES,
        REQUEST_ID_HEADER="",
        PROXIES_COUNT=settings.proxies_count or None,
        ACCESS_LOG=False,
        OAS=False,
    )

    async def open_all(app: Sanic[Any, Any]) -> None:
        stack = AsyncExitStack()
        app.ctx.stack = stack
        app.ctx.house = await stack.enter_async_context(open_house(settings))
        spare_what_is_there()

    async def end_streams(app: Sanic[Any, Any]) -> None:
        await app.ctx.house.screens.close()

    async def close_all(app: Sanic[Any, Any]) -> None:
        await app.ctx.stack.aclose()
        say_how_many_were_turned_away()

    app.ctx.over_tls = settings.public_url.startswith("https:")
    app.ctx.load = Load(settings.requests_at_once)
    app.register_listener(open_all, "before_server_start")
    stopping.attach(app, settings.drain_seconds)
    app.register_listener(end_streams, "before_server_stop")
    app.register_listener(close_all, "after_server_stop")
    app.exception(Exception)(answer_error)
    for surface in surfaces():
        mount(app, surface)
    # Made when somebody asks for it: a process begins to serve half a second earlier.
    app.ctx.openapi = cache(partial(build_openapi, all_routes(), public_url=settings.public_url))
    if settings.sandbox:
        follow_grants(app)
    return app


def serve(settings: Settings, *, workers: int = 1) -> None:
    """Serve until SIGTERM; what was begun is finished within ten seconds. SIGHUP replaces several ``workers``."""
    loader = AppLoader(factory=app_of_a_worker) if workers > 1 else None
    app = create_app(settings)
    app.prepare(
        host=settings.host,
        port=settings.port,
        single_process=workers == 1,
        workers=workers,
        access_log=False,
        motd=False,
        protocol=stopping.Protocol,
    )
    if loader:
        stopping.steer(app)
        # In tenths of a second. Sanic gives its processes half a minute, and kills all where one takes longer.
        WorkerManager.THRESHOLD = WorkerProcess.THRESHOLD = 10 * _START_SECONDS
        Sanic.serve(primary=app, app_loader=loader)
    else:
        Sanic.serve_single(primary=app)
