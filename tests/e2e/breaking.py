"""Killing a process exactly where it must not matter."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import asyncpg
import httpx

from app.demo.plan import Plan

_PATIENCE_SECONDS = 30.0
# What is raised on a connection whose PostgreSQL was killed.
_CUT = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError, OSError)


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
        self._sandbox = httpx.Client(base_url=plan.sandbox_url, timeout=30, trust_env=False)

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
    def locked(self, table: str, *, cut: bool = True) -> Iterator[Callable[[], None]]:
        """Hold every write to ``table``; yields a wait until a writer is held. PostgreSQL's death ends it, too.

        With ``cut`` the held writers' connections are cut before the lock is let go, so that a killed process's last
        statement is not carried out by the database after its death.
        """
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever, daemon=True)
        thread.start()

        def run(work: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(work, loop).result(_PATIENCE_SECONDS)

        holder: asyncpg.Connection = run(asyncpg.connect(self._plan.database_url))
        watcher: asyncpg.Connection = run(asyncpg.connect(self._plan.database_url))
        held = "SELECT pid FROM pg_locks WHERE relation = $1::regclass AND NOT granted"
        lock = holder.transaction()
        try:
            run(lock.start())
            run(holder.execute(f'LOCK TABLE "{table}" IN EXCLUSIVE MODE'))
            yield lambda: await_true(f"a writer waits for {table}", lambda: run(watcher.fetch(held, table)))
            with suppress(*_CUT):
                for entry in run(watcher.fetch(held, table)) if cut else ():
                    run(watcher.execute("SELECT pg_terminate_backend($1)", entry["pid"]))
        finally:
            with suppress(*_CUT):
                run(lock.rollback())
            run(holder.close())
            run(watcher.close())
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


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
