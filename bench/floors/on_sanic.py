"""Sanic without anything."""

import sys
from typing import Any

from sanic import Sanic


def bare_app() -> Sanic[Any, Any]:
    """An application without middleware, request ids and logs."""
    app: Sanic[Any, Any] = Sanic("floor", configure_logging=False)
    app.config.ACCESS_LOG = False
    return app


def serve(app: Sanic[Any, Any]) -> None:
    """Serve on loopback in this process, on the port that the command line names."""
    app.prepare(host="127.0.0.1", port=int(sys.argv[1]), single_process=True, motd=False, access_log=False)
    Sanic.serve_single(primary=app)
