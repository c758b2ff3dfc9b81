"""Carrying out a fault: what each kind does to the house, and how it ends."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Event

import psutil
import psycopg

from tests.e2e.breaking import Breaker
from tests.faults.house import Shaken
from tests.faults.proxy import Line
from tests.faults.schedule import Fault, Kind

_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> ALL(%s)
"""


class Shaker:
    """Does to a house what a schedule says."""

    def __init__(self, shaken: Shaken) -> None:
        self._house = shaken
        self._breaker = Breaker(shaken.plan)

    def close(self) -> None:
        """Close the connection to the stand-ins."""
        self._breaker.close()

    def carry_out(self, fault: Fault) -> None:
        """Begin a fault, and end it after its time; of a kill, wait until the process is back."""
        kind = fault.kind
        if kind.what == "kill":
            self._breaker.kill(kind.where)
            return
        with self._begun(kind):
            Event().wait(fault.lasts)

    @contextmanager
    def _begun(self, kind: Kind) -> Iterator[None]:
        with ExitStack() as stack:
            match kind.what:
                case "freeze":
                    stack.enter_context(self._frozen(kind.where))
                case "clock":
                    stack.enter_context(self._house.switches.clock_off(kind.where, kind.by))
                case "nameless":
                    stack.enter_context(self._house.switches.nameless(kind.where))
                case "lock":
                    stack.enter_context(self._locked(kind.where))
                case "full disk":
                    stack.enter_context(self._full_disk(kind.where))
                case "no connection left":
                    stack.enter_context(self._no_connection_left())
                case line:
                    stack.enter_context(self._house.links.being(kind.where, Line(line)))
            yield

    def _process(self, name: str) -> psutil.Process:
        return psutil.Process(json.loads(self._house.plan.run_file.read_text())[name]["pid"])

    @contextmanager
    def _frozen(self, name: str) -> Iterator[None]:
        """A process that answers nobody, with all that it has forked."""
        with suppress(psutil.NoSuchProcess):
            found = self._process(name)
            everything = [found, *found.children(recursive=True)]
            for one in everything:
                with suppress(psutil.NoSuchProcess):
                    one.suspend()
            try:
                yield
            finally:
                for one in everything:
                    with suppress(psutil.NoSuchProcess):
                        one.resume()
            return
        yield

    @contextmanager
    def _full_disk(self, name: str) -> Iterator[None]:
        """A process may write nothing into files: each write fails, as on a disk without room."""
        with suppress(psutil.NoSuchProcess):
            found = self._process(name)
            _, most = found.rlimit(psutil.RLIMIT_FSIZE)
            found.rlimit(psutil.RLIMIT_FSIZE, (0, most))
            try:
                yield
            finally:
                with suppress(psutil.NoSuchProcess):
                    found.rlimit(psutil.RLIMIT_FSIZE, (most, most))
            return
        yield

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._house.plan.database_url, connect_timeout=5)

    @contextmanager
    def _locked(self, table: str) -> Iterator[None]:
        """Every statement on a table waits."""
        with ExitStack() as stack:
            with suppress(psycopg.Error):
                connection = stack.enter_context(_kept(self._connect()))
                connection.execute("SET lock_timeout = '5s'")
                connection.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE'.encode())
            yield

    def _take_all(self, stack: ExitStack, ours: list[psycopg.Connection]) -> None:
        """Connect until the server takes nobody more. Raises psycopg.Error then."""
        while True:
            ours.append(stack.enter_context(_kept(self._connect())))

    @contextmanager
    def _no_connection_left(self) -> Iterator[None]:
        """All connections of the server are ours; those of the house were ended."""
        ours: list[psycopg.Connection] = []
        with ExitStack() as stack:
            with suppress(psycopg.Error):
                self._take_all(stack, ours)
            with suppress(psycopg.Error):
                for first in ours[:1]:
                    first.execute(_END_OTHERS, [[one.info.backend_pid for one in ours]])
                self._take_all(stack, ours)
            yield


@contextmanager
def _kept(connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection that is closed at the end, and whose transaction is not kept."""
    try:
        yield connection
    finally:
        with suppress(psycopg.Error):
            connection.close()
