"""How a web process stops: what was begun is finished, and nobody who asks in time meets a closed door.

Sanic closes the port and every idle connection at once. A phone or a proxy that keeps a connection may send a request
at that moment and would never know what became of it. So each answer from then on says that the connection ends, and
an idle connection is closed only after it was idle for a while more.
"""

import asyncio
import math
import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sanic import Request, Sanic
from sanic.http import Http, Stage
from sanic.worker.constants import ProcessState
from sanic.worker.process import WorkerProcess

from miniapp_api.http1 import OrdinaryProtocol

GRACE_SECONDS = 10.0
"""How long stopping may take."""
_IDLE_SECONDS = 1.0
_AGAIN_SECONDS = 0.1
_RESTART = "__ALL_PROCESSES__::STARTUP_FIRST"


class Protocol(OrdinaryProtocol):
    """Its idle connections may send one request more when the process stops."""

    def close_if_idle(self) -> bool:
        """Close the connection where it is idle now and after a while. Sanic waits for those that stay open."""
        if self._is_idle():
            self.loop.call_later(_IDLE_SECONDS, self._close_if_still_idle)
        return False

    def _close_if_still_idle(self) -> None:
        if self._is_idle():
            self.close()

    def _is_idle(self) -> bool:
        return self.http is None or self.http.stage is Stage.IDLE


def attach(app: Sanic[Any, Any], drain_seconds: float) -> None:
    """Have a server stop in this way.

    Told to stop, it goes on for ``drain_seconds`` and says at ``/health/ready`` that it is stopping, so that whoever
    spreads requests over several looks elsewhere. Then it takes nothing new.
    """
    app.ctx.stopping = False
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = GRACE_SECONDS - drain_seconds - 0.5

    async def begin(app: Sanic[Any, Any]) -> None:
        # Whoever stops a whole group of processes tells each of them twice.
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_IGN)
        app.ctx.stopping = True
        await asyncio.sleep(drain_seconds)

    app.register_listener(begin, "before_server_stop")


def end_connection(request: Request) -> None:
    """Have the answer to a request say that its connection ends with it."""
    if isinstance(request.stream, Http):
        request.stream.keep_alive = False


@dataclass(slots=True)
class _Told:
    to_stop: bool = False
    replacing_since: float = -math.inf


def steer(app: Sanic[Any, Any]) -> None:
    """Have the process that keeps several web processes heed signals.

    SIGHUP replaces each of them by a new one: an old one is stopped once the new ones serve, and the port stays open.
    New ones read the code and the settings as they are then. SIGTERM and SIGINT stop all; a second one changes nothing.
    The keeper lets go of the port first, so that it closes when the last of them closes it.
    """

    async def listen(app: Sanic[Any, Any]) -> None:
        manager: Any = app.manager
        told, all_serve = _Told(), manager._all_workers_ack

        # A signal may come while the keeper waits for an answer about its processes, over a line that takes one
        # question at a time, or starts one: what a signal asks for is only noted, and done by the keeper's own loop.
        def restart(number: int, frame: object) -> None:
            del number, frame
            manager.monitor_publisher.send(_RESTART)

        def stop(number: int, frame: object) -> None:
            del number, frame
            told.to_stop = True
            manager.monitor_publisher.send("__TERMINATE__")

        def reap(number: int, frame: object) -> None:
            # Sanic leaves those that it replaced lying; asking who is alive buries the others.
            del number, frame
            multiprocessing.active_children()

        manager.restart = partial(_replace_all, manager, told, manager.restart)
        manager._handle_terminate = partial(_end_all, app)
        # Where it is told to stop, it need not wait any longer until all serve.
        manager._all_workers_ack = lambda: told.to_stop or all_serve()
        signal.signal(signal.SIGHUP, restart)
        signal.signal(signal.SIGCHLD, reap)
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, stop)

    app.register_listener(listen, "main_process_ready")


def _replace_all(manager: Any, told: _Told, restart: Callable[..., None], **how: Any) -> None:
    if told.to_stop:
        return
    begins = [process for process in manager.processes if hasattr(process, "_old_process") and process.is_alive()]
    if begins and time.monotonic() - told.replacing_since < WorkerProcess.THRESHOLD / 10:
        # Whom a replacement is to follow would be forgotten by the next one, and serve for ever.
        time.sleep(_AGAIN_SECONDS)
        manager.monitor_publisher.send(_RESTART)
        return
    told.replacing_since = time.monotonic()
    restart(**how)


def _end_all(app: Sanic[Any, Any]) -> None:
    manager: Any = app.manager
    for server in app.state.server_info:
        if sock := server.settings.get("sock"):
            sock.close()
    # Who was to go once its successor serves goes now. A thread waits for that state, ten times a second.
    replaced = [process for process in manager.processes if hasattr(process, "_old_process")]
    for process in replaced:
        if old := getattr(process, "_old_process", None):
            old.terminate()
        process.state = ProcessState.ACKED
    until = time.monotonic() + 1
    while any(hasattr(process, "_old_process") for process in replaced) and time.monotonic() < until:
        time.sleep(0.01)
    manager.shutdown()
