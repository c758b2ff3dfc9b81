"""Killing a process exactly where it must not matter."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any, Self

import asyncpg
import httpx
import psutil

from app.demo.plan import Plan
from app.kit.db import AWAY
from app.kit.tls import public_tls

_PATIENCE_SECONDS = 30.0
_WAITING = """
SELECT pid, client_port FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE relation = $1::regclass AND NOT granted
"""


def await_true(what: str, look: Callable[[], Any], seconds: float = _PATIENCE_SECONDS) -> Any:
    """Wait until ``look`` finds something."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"{what}: not within {seconds:.0f} seconds"
        time.sleep(0.02)
    return found


class Breaker:
    """Kills processes of a running house, and holds them at a boundary until they are killed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sandbox = httpx.Client(base_url=plan.sandbox_url, timeout=30, verify=public_tls(), trust_env=False)

    def close(self) -> None:
        """Close the connection to the stand-ins."""
        self._sandbox.close()

    def kill(self, name: str) -> None:
        """``kill -9``, and wait until the process was started again and the run file says so.

        Of PostgreSQL the postmaster dies; what it forked ends by itself, and only then does the next one start.
        """
        dead = await_true(f"{name} runs", lambda: self._killed(name))
        await_true(f"{name} is started again", lambda: self._pid(name) not in {0, dead})

    def _killed(self, name: str) -> int:
        """The process that was killed, or 0 where the run file names one that ended by itself."""
        pid = self._pid(name)
        with suppress(ProcessLookupError):
            if pid:
                os.kill(pid, signal.SIGKILL)
                return pid
        return 0

    def stop(self, name: str) -> None:
        """Hold a process as it is: it answers nobody, and nobody starts it again."""
        os.kill(self._pid(name), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a stopped process go on."""
        os.kill(self._pid(name), signal.SIGCONT)

    def _pid(self, name: str) -> int:
        try:
            return int(json.loads(self._plan.run_file.read_text())[name]["pid"])
        except (OSError, ValueError, KeyError):
            return 0

    def fault(self, point: str, action: str) -> None:
        """Let a stand-in do this to the next request that comes to ``point``."""
        self._sandbox.post("/control/faults", json={"point": point, "action": action, "times": 1}).raise_for_status()

    @contextmanager
    def paused(self, point: str) -> Iterator[Callable[[], None]]:
        """Let a stand-in pause at ``point``; yields a wait until somebody is held there."""
        self.fault(point, "pause")

        def is_held() -> bool:
            items = self._sandbox.get("/control/faults").json()["items"]
            return any(entry["point"] == point and entry["waiting"] for entry in items)

        try:
            yield lambda: await_true(f"somebody waits at {point}", is_held)
        finally:
            # Stand-ins that were killed forgot it.
            with suppress(httpx.TransportError):
                self._sandbox.delete(f"/control/faults/{point}")

    @contextmanager
    def locked(
        self, table: str, *, writer: str | None = None, cut: bool = True, passing: int = 0
    ) -> Iterator[Callable[[], None]]:
        """Hold every write to ``table``; yields a wait until a writer is held, that of the process named ``writer``
        where one is. PostgreSQL's death ends it, too.

        So many times as ``passing`` says, those held are let through until the end of their transactions, and the next
        is waited for. With ``cut`` the held writers' connections are cut before the lock is let go, so that a killed
        process's last statement is not carried out by the database after its death.
        """
        with _Locks(self._plan.database_url, table) as locks:

            def is_held() -> bool:
                ports = self._ports(writer) if writer else None
                return any(ports is None or entry["client_port"] in ports for entry in locks.waiting())

            def wait() -> None:
                await_true(f"{writer or 'a writer'} waits for {table}", is_held)
                for _ in range(passing):
                    locks.let_through()
                    await_true(f"{writer or 'a writer'} waits for {table} again", is_held)

            yield wait
            if cut:
                locks.cut()

    def _ports(self, name: str) -> set[int]:
        """From which ports a process speaks to others."""
        return {entry.laddr.port for entry in psutil.Process(self._pid(name)).net_connections() if entry.laddr}


class _Locks:
    """A lock on a table against writers, on connections and a thread of its own."""

    def __init__(self, database_url: str, table: str) -> None:
        self._url, self._table = database_url, table
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)

    def _begin(self, work: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self, work: Any) -> Any:
        return self._begin(work).result(_PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        self._thread.start()
        self._watcher: asyncpg.Connection = self._run(asyncpg.connect(self._url))
        self._holder, taken = self._ask()
        taken.result(_PATIENCE_SECONDS)
        return self

    def _ask(self) -> tuple[asyncpg.Connection, Future[Any]]:
        """A connection that asks for the lock, and what ends once it has it."""
        holder: asyncpg.Connection = self._run(asyncpg.connect(self._url))
        self._run(holder.execute("BEGIN"))
        return holder, self._begin(holder.execute(f'LOCK TABLE "{self._table}" IN EXCLUSIVE MODE'))

    def waiting(self) -> list[Any]:
        """Who waits to write: the number of the backend and the port of its client."""
        return list(self._run(self._watcher.fetch(_WAITING, self._table)))

    def let_through(self) -> None:
        """Let those who wait write; whoever comes later is held."""
        before = self._holder
        self._holder, taken = self._ask()
        number = self._holder.get_server_pid()
        await_true("the next lock waits", lambda: number in {entry["pid"] for entry in self.waiting()})
        self._run(before.close())
        taken.result(_PATIENCE_SECONDS)

    def cut(self) -> None:
        """Cut the connections of those who wait."""
        with suppress(*AWAY):
            for entry in self.waiting():
                self._run(self._watcher.execute("SELECT pg_terminate_backend($1)", entry["pid"]))

    def __exit__(self, *_: object) -> None:
        for connection in (self._holder, self._watcher):
            with suppress(*AWAY):
                self._run(connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Background:
    """A step of the trip in a thread of its own, while the test breaks things."""

    def __init__(self, step: Callable[[], str]) -> None:
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, args=(step,), daemon=True)
        self._thread.start()

    def _run(self, step: Callable[[], str]) -> None:
        try:
            step()
        except BaseException as error:  # raised again in the test's own thread
            self._failure = error

    def join(self) -> None:
        """Wait for the step to end, and raise what it raised."""
        self._thread.join(120)
        assert not self._thread.is_alive(), "the step did not end"
        if self._failure is not None:
            raise self._failure
