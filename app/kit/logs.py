"""Logs: one JSON object a line. Never a personal value, never a path that may hold a token.

Each line has what its request or job is about (``about``): the request's id, the case. Lines go to standard error, or
to a folder for each day, which is deleted when its time is over.
"""

import asyncio
import logging
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO

import structlog

from app.kit import clock
from config.settings import Settings

_ABOUT: ContextVar[dict[str, object]] = ContextVar("about", default={})  # noqa: B039  # nobody changes it
_FRAMES = 12
_TOGETHER_SECONDS, _TOGETHER = 0.1, 500
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


class Lines(logging.StreamHandler[TextIO]):
    """Writes lines to standard error.

    What is a line already (``write``) waits for others of its kind, a tenth of a second at most, and for nothing once
    another line comes: a process that is killed takes as much of them along.
    """

    def __init__(self) -> None:
        """Nothing waits."""
        self._waiting: list[str] = []
        self._one_at_a_time = threading.RLock()
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and what waits before it."""
        self.flush()
        super().emit(record)

    def write(self, line: str) -> None:
        """Write what is a line already, soon where a loop runs."""
        with self._one_at_a_time:
            self._waiting.append(line)
            waiting = len(self._waiting)
        if waiting == 1:
            try:
                asyncio.get_running_loop().call_later(_TOGETHER_SECONDS, self.flush)
            except RuntimeError:
                self.flush()
        elif waiting >= _TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        with self._one_at_a_time:
            lines, self._waiting = "".join(self._waiting), []
            # A full disk must stop no request.
            with suppress(OSError):
                if lines:
                    self.stream.write(lines)
                super().flush()


class DailyFolder(Lines):
    """Writes into ``<folder>/<day>/<program>-<process>.jsonl``, the day the city's, and deletes days that are over.

    A file for each process: none waits for another, and none tears another's lines.
    """

    def __init__(self, folder: Path, program: str, keep_days: int) -> None:
        """Days are kept for ``keep_days``. Nothing is opened before the first line."""
        super().__init__()
        self._folder, self._program, self._keep = folder, program, timedelta(days=keep_days)
        self._day: date | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self._turn()
        super().emit(record)

    def write(self, line: str) -> None:
        """Write what is a line already; those that are written together are of one day."""
        if not self._waiting:
            self._turn()
        super().write(line)

    def _turn(self) -> None:
        day = clock.today()
        if day != self._day:
            try:
                self._begin(day)
            except OSError:  # a full disk must stop no request; the line still goes somewhere
                self.setStream(sys.stderr)

    def _begin(self, day: date) -> None:
        folder = self._folder / f"{day:%Y-%m-%d}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{self._program}-{os.getpid()}.jsonl"
        # Half of a character, as another system may write one, is escaped as JSON does it: no line is lost for it.
        opened = (folder / name).open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._end(self.setStream(opened))
        self._day = day
        over = f"{day - self._keep:%Y-%m-%d}"
        for old in self._folder.glob("[0-9]*-[0-9][0-9]-[0-9][0-9]"):
            if old.name < over:
                shutil.rmtree(old, ignore_errors=True)

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._end(self.stream)

    @staticmethod
    def _end(stream: TextIO | None) -> None:
        if stream is not None and stream is not sys.stderr:
            stream.close()


def begin_about(**ids: object) -> None:
    """Say what the lines of this task are about from now on: a connection brings one request after the other.

    ``ids`` are ids, never personal values, nor parts of a path that may be a token.
    """
    _ABOUT.set(ids)


def add_about(**ids: object) -> None:
    """Have the lines of this task say more of what they are about."""
    _ABOUT.set(_ABOUT.get() | ids)


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """What the lines within are about: ids, never personal values."""
    before = _ABOUT.set(_ABOUT.get() | ids)
    try:
        yield
    finally:
        _ABOUT.reset(before)


def _what_it_is_about(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    del logger, name
    return {key: str(value) for key, value in _ABOUT.get().items()} | dict(event)


def write_line(line: str) -> None:
    """Write a line that is JSON already, where the others go: what is written for each request takes no detour."""
    handlers = logging.root.handlers
    if handlers and isinstance(handlers[0], Lines):
        handlers[0].write(line)
    else:
        sys.stderr.write(line)


def write_logs(settings: Settings, command: str) -> None:
    """Write the logs of this process where the settings say; ``command`` names its files."""
    folder = settings.log_folder
    configure_logs(settings.log_level, DailyFolder(folder, command, settings.log_keep_days) if folder else None)


def configure_logs(level: str, handler: logging.Handler | None = None) -> None:
    """Write the logs of this process as JSON lines, to standard error unless told."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _what_it_is_about,
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
    handler = handler or Lines()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
