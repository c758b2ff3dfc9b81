"""One of several web processes begins: the first module of ours that it imports."""

from typing import TYPE_CHECKING, Any

from app.kit.memory import go_without_rich, hold_little

if TYPE_CHECKING:
    from sanic import Sanic


def app_of_a_worker() -> "Sanic[Any, Any]":
    """The server in a process of its own, which reads its settings itself."""
    hold_little()
    go_without_rich()
    from app.kit.logs import write_logs
    from config.settings import load_settings
    from miniapp_api.server import create_app

    settings = load_settings()
    write_logs(settings, "web")
    return create_app(settings)
