"""One log line and one measurement per request: route, status, time and request id, never a path or a value."""

import logging
import time
from typing import Any

from prometheus_client import Counter, Histogram
from sanic import HTTPResponse, Request, Sanic

_log = logging.getLogger("jiaban.access")
_REQUESTS = Counter("jiaban_requests_total", "requests answered", ["route", "method", "status"])
_SECONDS = Histogram(
    "jiaban_request_seconds",
    "time to answer",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

_CALLBACKS_REFUSED = Counter("jiaban_callbacks_refused_total", "callbacks that were not taken", ["route", "reason"])
_CALLBACKS = "callbacks/"


def note_refusal(request: Request, reason: str) -> None:
    """Count a callback of another system that is refused: forged, replayed, too old, about what is not its own."""
    path = request.route.path if request.route else ""
    if path.startswith(_CALLBACKS):
        _CALLBACKS_REFUSED.labels(path, reason).inc()


async def begin(request: Request) -> None:
    """Note when a request came."""
    request.ctx.began = time.perf_counter()


async def end(request: Request, response: HTTPResponse) -> None:
    """Write down what became of it."""
    seconds = time.perf_counter() - getattr(request.ctx, "began", time.perf_counter())
    route = request.route.path if request.route else "-"
    _REQUESTS.labels(route, request.method, response.status).inc()
    _SECONDS.labels(route).observe(seconds)
    response.headers["X-Request-Id"] = str(request.id)
    _log.info(
        "request",
        extra={
            "route": route,
            "method": request.method,
            "status": response.status,
            "ms": round(seconds * 1000, 1),
            "request_id": str(request.id),
        },
    )


def attach(app: Sanic[Any, Any]) -> None:
    """Measure every request of the server."""
    app.on_request(begin)
    app.on_response(end)  # type: ignore[no-untyped-call]  # Sanic leaves it untyped
