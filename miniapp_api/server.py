"""The web server: every surface on one Sanic application, made by a factory."""

from contextlib import AsyncExitStack
from itertools import chain
from typing import Any

from sanic import Sanic
from sanic.worker.loader import AppLoader
from sanic.worker.manager import WorkerManager
from sanic.worker.process import WorkerProcess

from app.bootstrap import open_house, write_logs
from config.settings import Settings, load_settings
from miniapp_api import ops, stopping, well_known
from miniapp_api.callbacks import approvals, wechat
from miniapp_api.citizen import (
    applications,
    cases,
    complaints,
    evidence,
    finding,
    forms,
    identity,
    items,
    licence_codes,
    licence_files,
    licences,
    life_events,
    mandates,
    materials,
    messages,
    privacy,
    receipts,
    reviews,
    sessions,
    uploads,
    verifications,
)
from miniapp_api.errors import answer_error
from miniapp_api.h5 import (
    acting,
    applying,
    case_actions,
    codes,
    companies,
    contact,
    display,
    filling,
    mine,
    offline,
    preferences,
    printed_licences,
    showing,
    sign_in,
    staff_history,
    staff_requests,
    staff_work,
    submitting,
    supplement,
    verify,
    wards,
)
from miniapp_api.h5 import cases as case_pages
from miniapp_api.h5 import complaints as complaint_pages
from miniapp_api.h5 import finding as finding_pages
from miniapp_api.h5 import identity as identity_pages
from miniapp_api.h5 import licences as licence_pages
from miniapp_api.h5 import life_events as life_event_pages
from miniapp_api.h5 import mandates as mandate_pages
from miniapp_api.h5 import materials as material_pages
from miniapp_api.h5 import privacy as privacy_pages
from miniapp_api.h5 import receipts as receipt_pages
from miniapp_api.h5 import reviews as review_pages
from miniapp_api.h5 import staff as staff_pages
from miniapp_api.h5 import staff_complaints as staff_complaint_pages
from miniapp_api.load import Load
from miniapp_api.openapi import build_openapi
from miniapp_api.partners import verifications as batch_verifications
from miniapp_api.routing import Route, Routes, mount
from miniapp_api.sandbox_phone import follow_grants
from miniapp_api.staff import accounts as staff_accounts
from miniapp_api.staff import broadcasts as staff_broadcasts
from miniapp_api.staff import complaints as staff_complaints
from miniapp_api.staff import concerns as staff_concerns
from miniapp_api.staff import deliveries as staff_deliveries
from miniapp_api.staff import field_requests as staff_field_requests
from miniapp_api.staff import figures as staff_figures
from miniapp_api.staff import items as staff_items
from miniapp_api.staff import licences as staff_licences
from miniapp_api.staff import official_account as staff_official_account
from miniapp_api.staff import paper_codes as staff_paper_codes
from miniapp_api.staff import rectifications as staff_rectifications
from miniapp_api.staff import reviews as staff_reviews
from miniapp_api.staff import sessions as staff_sessions
from miniapp_api.staff import tasks as staff_tasks
from miniapp_api.staff import verifications as staff_verifications
from miniapp_api.wire import NumberedRequest

SURFACES: tuple[Routes, ...] = (
    sessions.routes,
    identity.routes,
    finding.routes,
    items.routes,
    forms.routes,
    applications.routes,
    materials.routes,
    uploads.routes,
    cases.routes,
    evidence.routes,
    receipts.routes,
    life_events.routes,
    licences.routes,
    licence_codes.routes,
    licence_files.routes,
    verifications.routes,
    messages.routes,
    mandates.routes,
    privacy.routes,
    reviews.routes,
    complaints.routes,
    staff_sessions.routes,
    staff_accounts.routes,
    staff_verifications.routes,
    staff_field_requests.routes,
    staff_concerns.routes,
    staff_tasks.routes,
    staff_paper_codes.routes,
    staff_items.routes,
    staff_figures.routes,
    staff_reviews.routes,
    staff_rectifications.routes,
    staff_complaints.routes,
    staff_deliveries.routes,
    staff_licences.routes,
    staff_broadcasts.routes,
    staff_official_account.routes,
    batch_verifications.routes,
    approvals.routes,
    wechat.routes,
    codes.routes,
    printed_licences.routes,
    receipt_pages.routes,
    showing.routes,
    licence_pages.routes,
    staff_pages.routes,
    staff_work.routes,
    staff_history.routes,
    verify.routes,
    offline.routes,
    staff_requests.routes,
    staff_complaint_pages.routes,
    sign_in.routes,
    display.routes,
    finding_pages.routes,
    applying.routes,
    filling.routes,
    material_pages.routes,
    submitting.routes,
    case_pages.routes,
    case_actions.routes,
    contact.routes,
    supplement.routes,
    mine.routes,
    acting.routes,
    complaint_pages.routes,
    review_pages.routes,
    mandate_pages.routes,
    wards.routes,
    companies.routes,
    privacy_pages.routes,
    preferences.routes,
    life_event_pages.routes,
    identity_pages.routes,
    well_known.routes,
    ops.routes,
)
_MAX_BODY_BYTES = 12 * 1024 * 1024
_START_SECONDS = 120


def all_routes() -> list[Route]:
    """Every route of every surface."""
    return list(chain.from_iterable(surface.all for surface in SURFACES))


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

    async def end_streams(app: Sanic[Any, Any]) -> None:
        await app.ctx.house.screens.close()

    async def close_all(app: Sanic[Any, Any]) -> None:
        await app.ctx.stack.aclose()

    app.ctx.load = Load(settings.requests_at_once)
    app.register_listener(open_all, "before_server_start")
    stopping.attach(app, settings.drain_seconds)
    app.register_listener(end_streams, "before_server_stop")
    app.register_listener(close_all, "after_server_stop")
    app.exception(Exception)(answer_error)
    for surface in SURFACES:
        mount(app, surface)
    app.ctx.openapi = build_openapi(all_routes(), public_url=settings.public_url)
    if settings.sandbox:
        follow_grants(app)
    return app


def _app_of_a_worker() -> Sanic[Any, Any]:
    """The server in a process of its own, which reads its settings itself."""
    settings = load_settings()
    write_logs(settings, "web")
    return create_app(settings)


def serve(settings: Settings, *, workers: int = 1) -> None:
    """Serve until SIGTERM; what was begun is finished within ten seconds. SIGHUP replaces several ``workers``."""
    loader = AppLoader(factory=_app_of_a_worker) if workers > 1 else None
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
