"""One log line and one measurement per request: route, status, time and request id, never a path or a value.

A line about a refusal says its code, and the id of whoever was proven to ask: that of others stands in no line. Those
who are turned away since too much is asked share a line: there may be thousands a second, and a disk is soon full.
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from contextvars import Context
from datetime import UTC, datetime
from functools import cache, lru_cache
from http import HTTPStatus
from uuid import UUID

from prometheus_client import REGISTRY, Counter
from sanic import HTTPResponse, Request
from sanic.response.types import ResponseStream

from app.kit.logs import write_line
from miniapp_api.figures import Kind, RequestFigures

_log = logging.getLogger("jiaban.access")
_FIGURES = RequestFigures()
REGISTRY.register(_FIGURES)
_CALLBACKS_REFUSED = Counter("jiaban_callbacks_refused_total", "callbacks that were not taken", ["route", "reason"])
_TURNED_AWAY = Counter("jiaban_requests_turned_away_total", "requests that came while too many were under way")
_TOGETHER_SECONDS = 1.0
_CALLBACKS = "callbacks/"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@cache
def _kind(route: str, method: str, status: int) -> Kind:
    """Made once for each route, method and status: few, since callers choose none of them freely."""
    kind = Kind((route, method, status), f'{{"route": {json.dumps(route)}, "method": "{method}", "status": {status}, ')
    _FIGURES.add(kind)
    return kind


def note_caller(request: Request, subject: str) -> None:
    """Remember who was proven to call, ``citizen:<id>`` or the like, in case that they are refused."""
    request.ctx.caller = subject


def note_refusal(request: Request, reason: str) -> None:
    """Have the log line of a request say why it was refused, by the code of the error.

    A callback of another system is counted too: forged, replayed, too old, about what is not its own.
    """
    request.ctx.refused = reason
    path = request.route.path if request.route else ""
    if path.startswith(_CALLBACKS):
        _CALLBACKS_REFUSED.labels(path, reason).inc()


def note_answer(request: Request, ids: Mapping[str, UUID], answer: HTTPResponse | ResponseStream, began: float) -> None:
    """Measure and write down what became of a request that was begun at ``began`` by the performance counter.

    ``ids`` are those of its path. The line is written as ``logs`` would, without its detours.
    """
    seconds = time.perf_counter() - began
    route = request.route.path if request.route else "-"
    kind = _kind(route, request.method if request.method in _METHODS else "-", answer.status)
    kind.count(seconds)
    if _log.isEnabledFor(logging.INFO):
        refusal = _refusal(request) if answer.status >= HTTPStatus.MULTIPLE_CHOICES else []
        about = (
            "".join([f'"{name}": "{value}", ' for name, value in (*ids.items(), *refusal)]) if ids or refusal else ""
        )
        moment = time.time()
        write_line(
            f'{kind.line}{about}"ms": {seconds * 1000:.1f}, "request_id": "{request.id}", "event": "request", '
            f'"level": "info", "logger": "jiaban.access", '
            f'"timestamp": "{_second(int(moment))}.{int(moment % 1 * 1_000_000):06d}Z"}}\n'
        )


def note_turned_away(request: Request, answer: HTTPResponse, began: float) -> None:
    """Measure a request that was one too many. One line a second names the first and the last of all, and how many."""
    route = request.route.path if request.route else "-"
    _kind(route, request.method, answer.status).count(time.perf_counter() - began)
    _TURNED_AWAY.inc()
    _turned_away.note(str(request.id))


class _TurnedAway:
    """Those of whom no line speaks yet."""

    def __init__(self) -> None:
        self._many, self._first, self._last = 0, "", ""

    def note(self, request_id: str) -> None:
        self._last = request_id
        self._many += 1
        if self._many == 1:
            self._first = request_id
            asyncio.get_running_loop().call_later(_TOGETHER_SECONDS, self.write, context=Context())

    def write(self) -> None:
        if not self._many:
            return
        _log.info("requests_turned_away", extra={"many": self._many, "first": self._first, "last": self._last})
        self._many = 0


_turned_away = _TurnedAway()
say_how_many_were_turned_away = _turned_away.write
"""Write the line of those of whom none speaks yet."""


@lru_cache(maxsize=2)
def _second(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()[:-6]


def _refusal(request: Request) -> list[tuple[str, str]]:
    code = getattr(request.ctx, "refused", None)
    if code is None:
        return []
    caller = getattr(request.ctx, "caller", None)
    return [("code", code), *([("caller", caller)] if caller else [])]
