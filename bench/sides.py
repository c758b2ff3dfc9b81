"""Sides of a comparison: processes that serve the same work, and what of the processor they used for it."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

import psutil

from app.commands.bench import free_port

ROOT = Path(__file__).resolve().parents[1]
_START_SECONDS = 180
_STOP_SECONDS = 20


class Role(StrEnum):
    """What a side is: the product, what a team would pick instead, or the least that such work can cost."""

    OURS = "ours"
    PEER = "peer"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Program:
    """How a side is started; ``{port}`` in its command is its port. A peer needs a ``package`` of its own.

    ``prefix`` stands before the paths of one that serves in several ways.
    """

    name: str
    role: Role
    command: tuple[str, ...]
    package: str = ""
    prefix: str = ""

    @property
    def installed(self) -> bool:
        """Whether the package is there that it needs."""
        return not self.package or find_spec(self.package) is not None


@dataclass(frozen=True, slots=True)
class Side:
    """A side that runs: its one serving process, with the processes below it, and its port."""

    name: str
    role: Role
    port: int
    process: psutil.Process
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Cpu:
    """Seconds of the processor: of the side's own processes, of PostgreSQL, of Redis."""

    own: float
    postgres: float = 0.0
    redis: float = 0.0

    def __sub__(self, before: "Cpu") -> "Cpu":
        return Cpu(self.own - before.own, self.postgres - before.postgres, self.redis - before.redis)

    @property
    def whole(self) -> float:
        """Everybody's."""
        return self.own + self.postgres + self.redis


def ours(*arguments: str) -> Program:
    """One of the product's own processes; its port stands in the settings."""
    return Program("ours", Role.OURS, (sys.executable, "-m", "app.cli", *arguments))


def served_by_uvicorn(package: str, app: str) -> Program:
    """A peer made with a package, on uvicorn, with uvloop and httptools, and without its access log."""
    options = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
    return Program(package, Role.PEER, (sys.executable, "-m", "uvicorn", app, "--port", "{port}", *options), package)


def floor(module: str) -> Program:
    """A floor: ``bench/floors/<module>.py``, which is told its port."""
    return Program("floor", Role.FLOOR, (sys.executable, "-m", f"bench.floors.{module}", "{port}"))


def cpu_of(process: psutil.Process) -> float:
    """Seconds of the processor that a process and all below it have used, those that ended included."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


@asynccontextmanager
async def running(
    programs: Sequence[Program], environment: Mapping[str, str], own_port: int, logs: Path
) -> AsyncIterator[list[Side]]:
    """Start sides, wait until all listen, and end them; ``own_port`` is the product's.

    Raises RuntimeError where one ends or does not listen in time; its output is in ``logs``.
    """
    async with AsyncExitStack() as stack:
        sides = []
        for program in programs:
            port = own_port if program.role is Role.OURS else free_port()
            command = [part.format(port=port) for part in program.command]
            process = stack.enter_context(child(command, environment, logs / f"{program.name}.log"))
            sides.append(Side(program.name, program.role, port, process, program.prefix))
        for side in sides:
            await _listens(side, logs)
        yield sides


@contextmanager
def child(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[psutil.Process]:
    """A process of ours that runs while the context lasts."""
    log.parent.mkdir(parents=True, exist_ok=True)
    everything = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    with log.open("ab") as output:
        started = subprocess.Popen(command, stdout=output, stderr=output, env=everything, cwd=ROOT)
    try:
        yield psutil.Process(started.pid)
    finally:
        started.terminate()
        try:
            started.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


async def _listens(side: Side, logs: Path) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while side.process.is_running() and side.process.status() != psutil.STATUS_ZOMBIE:
                with socket.socket() as probe:
                    probe.settimeout(1)
                    if probe.connect_ex(("127.0.0.1", side.port)) == 0:
                        return
                await asyncio.sleep(0.1)
    except (TimeoutError, psutil.NoSuchProcess):
        pass
    raise RuntimeError(f"{side.name} does not listen: see {logs / side.name}.log")
