"""Running the demonstration's processes: start, wait until each answers, start again what died, stop all."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.demo.engines import Program
from app.demo.plan import CONFIG_VARIABLE, Plan, write_private

_POLL_SECONDS = 0.2
_RESTART_SECONDS = 0.5
_STOP_SECONDS = 15.0
_FAST_SHUTDOWN = {"postgres": signal.SIGINT}


class ProcessError(Exception):
    """A process did not come up; the sentence says which, and where its log is."""


def own_program(name: str, *arguments: str) -> Program:
    """One of our own processes, run by the command line of this package."""
    return Program(name, (sys.executable, "-m", "app.cli", *arguments))


@dataclass
class Running:
    """A process that is meant to run. ``answers`` tells whether it is up; ``url`` is where."""

    program: Program
    url: str | None
    answers: Callable[[], bool]
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started: float = 0.0


class Processes:
    """The processes of one demonstration, in the order they are started; they are stopped in the other."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._all: list[Running] = []
        self._root = Path(__file__).resolve().parents[2]

    def start(self, running: Running, *, seconds: float = 30.0) -> None:
        """Start a process and wait until it answers. Raises ProcessError."""
        self._all.append(running)
        self._launch(running)
        self.wait_for(running, seconds=seconds)

    def launch(self, running: Running) -> None:
        """Start a process without waiting."""
        self._all.append(running)
        self._launch(running)

    def wait_for(self, running: Running, *, seconds: float = 30.0) -> None:
        """Wait until a process answers. Raises ProcessError."""
        until = time.monotonic() + seconds
        while not running.answers():
            died = running.child is None or running.child.poll() is not None
            if died or time.monotonic() > until:
                what = "ended at once" if died else f"did not answer within {seconds:.0f} seconds"
                raise ProcessError(f"{running.program.name} {what}; its log is {self._log(running)}")
            time.sleep(_POLL_SECONDS / 4)

    def _log(self, running: Running) -> Path:
        return self._plan.var / "log" / f"{running.program.name}.log"

    def _launch(self, running: Running) -> None:
        log = self._log(running)
        log.parent.mkdir(parents=True, exist_ok=True)
        identity = running.program.identity
        with log.open("ab") as output:
            # A session of its own: Ctrl-C reaches us alone, and we stop each in its turn.
            running.child = subprocess.Popen(  # noqa: S603  # our own words
                running.program.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, CONFIG_VARIABLE: str(self._plan.config_file)},
                start_new_session=True,
                user=identity.get("user"),
                group=identity.get("group"),
                extra_groups=identity.get("extra_groups"),
                cwd=identity.get("cwd", self._root),
            )
        running.started = time.monotonic()

    def write_run_file(self) -> None:
        """Say which processes run, for other programs."""
        found: dict[str, dict[str, Any]] = {}
        for running in self._all:
            if running.child is not None:
                entry: dict[str, Any] = {"pid": running.child.pid}
                found[running.program.name] = {**entry, "url": running.url} if running.url else entry
        write_private(self._plan.run_file, json.dumps(found, indent=2) + "\n")

    def revive(self) -> list[str]:
        """Start again what died, and write the run file anew; returns the names."""
        revived = []
        for running in self._all:
            dead = running.child is None or running.child.poll() is not None
            if dead and time.monotonic() - running.started > _RESTART_SECONDS:
                self._launch(running)
                revived.append(running.program.name)
        if revived:
            self.write_run_file()
        return revived

    def stop(self) -> None:
        """Stop every process, the last one first, and take the run file away."""
        for running in reversed(self._all):
            child = running.child
            if child is None or child.poll() is not None:
                continue
            child.send_signal(_FAST_SHUTDOWN.get(running.program.name, signal.SIGTERM))
            try:
                child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._plan.run_file.unlink(missing_ok=True)
