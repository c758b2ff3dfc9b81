"""The stand-ins' process: one Sanic application on loopback, one state folder, no workers."""

import logging
import socket
from typing import Any

from sanic import Blueprint, Sanic
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox import (
    approvals,
    authority,
    faults,
    legal,
    province,
    scanner,
    shared_data,
    sms,
)
from app.sandbox.answers import RefusedError, answer, refusal
from app.sandbox.approvals_flow import Pace
from app.sandbox.approvals_runner import Runner
from app.sandbox.approvals_store import ApprovalsStore
from app.sandbox.approvals_tables import TablesDesk
from app.sandbox.authority import AuthorityState
from app.sandbox.gate import Gate, Nonces, signer_of
from app.sandbox.product import Product
from app.sandbox.province_state import ProvinceState
from app.sandbox.wechat import house as wechat_house
from app.sandbox.wechat.state import WeChatState
from config.settings import SandboxSettings, Settings

_log = logging.getLogger(__name__)
_MAX_BODY = 10 * 1024 * 1024


class SandboxMissingError(Exception):
    """The settings know no stand-ins."""


def _sandbox(settings: Settings) -> SandboxSettings:
    if settings.sandbox is None:
        raise SandboxMissingError("no stand-ins are set: JIABAN_SANDBOX__PORT and its neighbours are missing")
    return settings.sandbox


def _refuse(_request: Request, error: RefusedError) -> HTTPResponse:
    return refusal(error)


def _fail(_request: Request, error: Exception) -> HTTPResponse:
    """Answer what went wrong; a log line names the type alone, because addresses and messages carry personal data."""
    if isinstance(error, SanicException):
        return answer({"code": "http"}, error.status_code)
    if not isinstance(error, faults.InjectedError):
        _log.error("a stand-in failed: %s", type(error).__name__)
    return answer({"code": "internal"}, 500)


def _control() -> Blueprint:
    routes = Blueprint("control", url_prefix="/control")

    @routes.get("/health")
    async def health(_request: Request) -> HTTPResponse:
        return answer({"status": "ok"})

    @routes.get("/")
    async def paths(request: Request) -> HTTPResponse:
        known = sorted(
            (f"/{route.path.strip('/')}", method)
            for route in request.app.router.routes
            for method in route.methods
            if route.path.startswith("control")
        )
        return answer({"paths": [{"method": method, "path": path} for path, method in known]})

    return routes


def _server() -> Sanic[Any, Any]:
    app: Sanic[Any, Any] = Sanic("jiaban_sandbox", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = _MAX_BODY
    # Above the longest pause a fault may ask for.
    app.config.RESPONSE_TIMEOUT = int(2 * faults.LONGEST_PAUSE)
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 1.0
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.exception(RefusedError)(_refuse)
    app.exception(Exception)(_fail)
    return app


def _desks(settings: Settings, stores: dict[str, ApprovalsStore], pace: Pace) -> list[TablesDesk]:
    """The approval systems behind exchange tables, at work."""
    desks = []
    for name, one in settings.approvals.over_tables.items():
        desks.append(TablesDesk(one.database_url.get_secret_value(), stores[name], pace))
        desks[-1].start()
    return desks


def create_app(settings: Settings) -> Sanic[Any, Any]:
    """The application with its state read back from the journals.

    Raises SandboxMissingError without stand-in settings, JournalDamagedError or OSError where the state is unreadable.
    """
    sandbox = _sandbox(settings)
    app = _server()
    wechat_state = WeChatState(sandbox.data)
    authority_state = AuthorityState(sandbox.data)
    store = ApprovalsStore(sandbox.data)
    nonces = Nonces(sandbox.data / "nonces.jsonl")
    points = faults.Faults()
    signer = signer_of(settings.approvals.over_http[settings.approvals.default])
    journals: list[WeChatState | AuthorityState | ApprovalsStore | Nonces | ProvinceState]
    journals = [wechat_state, authority_state, store, nonces]

    wechat_house.add_to(app, settings, sandbox.callback_base_url, wechat_state, points)
    authority_gate = Gate(signer_of(settings.authority), nonces)
    app.blueprint(authority.blueprint(authority_state, authority_gate, points))
    app.blueprint(legal.blueprint(authority_state, authority_gate, points))
    app.blueprint(authority.control(authority_state))
    app.blueprint(approvals.blueprint(store, Gate(signer, nonces), points))
    tables = {name: ApprovalsStore(sandbox.data / name) for name in settings.approvals.over_tables}
    journals.extend(tables.values())
    app.blueprint(approvals.control(store, *tables.values()))
    if settings.shared_data is not None:
        app.blueprint(shared_data.blueprint(Gate(signer_of(settings.shared_data), nonces), points))
    if settings.province is not None:
        journals.append(province_state := ProvinceState(sandbox.data))
        app.blueprint(province.blueprint(settings.province, settings.public_url, province_state, points))
        app.blueprint(province.control(province_state))
    if settings.sms is not None:
        sms_state = sms.SmsState()
        app.blueprint(sms.blueprint(settings.sms, sms_state, points))
        app.blueprint(sms.control(sms_state))
    app.blueprint(faults.blueprint(points))
    scanner.listen_beside(app, sandbox.host, settings.scanner, points)
    app.blueprint(_control())

    async def start(app: Sanic[Any, Any]) -> None:
        product = Product(sandbox.callback_base_url, signer)
        app.ctx.product = product
        pace = Pace(sandbox.accept_after_seconds, sandbox.approve_after_seconds)
        app.ctx.runner = Runner(store, product, pace)
        app.ctx.runner.start()
        app.ctx.desks = _desks(settings, tables, pace)

    async def stop(app: Sanic[Any, Any]) -> None:
        for desk in app.ctx.desks:
            await desk.stop()
        await app.ctx.runner.stop()
        await app.ctx.product.close()
        for journal in journals:
            journal.close()

    app.register_listener(start, "before_server_start")
    app.register_listener(stop, "after_server_stop")
    return app


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, in this process, on the host and port set, and on the scanner's port.

    Raises OSError where the port is taken, and what ``create_app`` raises.
    """
    sandbox = _sandbox(settings)
    with socket.create_server((sandbox.host, sandbox.port)) as listener:
        create_app(settings).run(sock=listener, single_process=True, access_log=False, motd=False)
