"""Logs: one JSON object a line on standard error. Never a personal value, never a path that may hold a token."""

import logging
import sys
import traceback

import structlog

_FRAMES = 12
# What makes fonts tells the characters of each document.
_QUIET = ("httpx", "httpcore", "sanic.access", "tortoise.db_client", "procrastinate", "fontTools", "fpdf")


def _where_it_failed(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An exception by its kind and the places it passed: its text and the variables there may hold a person's data."""
    del logger, name
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        event["error"] = f"{type(error).__module__}.{type(error).__qualname__}"
        event["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def configure_logs(level: str) -> None:
    """Write the logs of this process as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _where_it_failed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
