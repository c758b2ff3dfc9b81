"""Sanic without anything: one route, one answer, no middleware."""

import sys
from typing import Any

from sanic import HTTPResponse, Request, Sanic

app = Sanic("floor", configure_logging=False)
app.config.ACCESS_LOG = False


@app.get("/health/live")
async def read_live(request: Request) -> HTTPResponse:
    """The process answers."""
    del request
    return HTTPResponse('{"status":"ok"}', content_type="application/json")


def serve(app: Sanic[Any, Any], port: int) -> None:
    """Serve on loopback in this process."""
    app.prepare(host="127.0.0.1", port=port, single_process=True, motd=False, access_log=False)
    Sanic.serve_single(primary=app)


if __name__ == "__main__":
    serve(app, int(sys.argv[1]))
