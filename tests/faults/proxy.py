"""A TCP proxy between two programs, whose line can be cut, stopped, slowed, or deaf to answers."""

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from threading import Thread
from typing import Any, Self

_CHUNK = 64 * 1024
_DELAY_SECONDS = 0.4
_HOST = "127.0.0.1"


class Line(StrEnum):
    """What becomes of what is said over a link."""

    OPEN = "open"
    CUT = "cut"  # connections break, and no new one is accepted
    SILENT = "silent"  # connections stay, and nothing comes through until the line is open again
    SLOW = "slow"  # every piece waits a while
    DEAF = "deaf"  # what is asked arrives, and the connection breaks instead of the answer


class Links:
    """All links, on an event loop in a thread of its own. A context manager, which cuts them at its end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._links: dict[str, _Link] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for link in self._links.values():
            self._run(link.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def add(self, name: str, port: int, to: int) -> None:
        """Lead what connects to a local ``port`` to the port ``to``; nobody needs to listen there yet."""
        link = self._links[name] = _Link(port, to)
        self._run(link.set(Line.OPEN))

    @contextmanager
    def being(self, name: str, line: Line) -> Iterator[None]:
        """Have a link be so while the context lasts; it is open before and after."""
        self._run(self._links[name].set(line))
        try:
            yield
        finally:
            self._run(self._links[name].set(Line.OPEN))


class _Link:
    def __init__(self, port: int, to: int) -> None:
        self._port, self._to = port, to
        self._line = Line.OPEN
        self._passes = asyncio.Event()
        self._passes.set()
        self._listener: socket.socket | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    def listen(self) -> None:
        # asyncio's own server forgets, unclosed, what it accepted a moment before it is closed.
        self._listener = socket.create_server((_HOST, self._port))
        self._listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listener, self._take, self._listener)

    def _take(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            taken, _ = listener.accept()
            task = asyncio.get_running_loop().create_task(self._lead(taken))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def set(self, line: Line) -> None:
        self._line = line
        if line is Line.SILENT:
            self._passes.clear()
        else:
            self._passes.set()
        if line is Line.CUT and self._listener:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
            for end in self._ends:
                end.transport.abort()
        elif line is not Line.CUT and self._listener is None:
            self.listen()

    async def close(self) -> None:
        await self.set(Line.CUT)
        await asyncio.gather(*self._tasks)

    async def _lead(self, taken: socket.socket) -> None:
        taken.setblocking(False)
        from_reader, from_writer = await asyncio.open_connection(sock=taken)
        self._ends.add(from_writer)
        to_writer = None
        try:
            await self._passes.wait()
            self._require_line()
            to_reader, to_writer = await asyncio.open_connection(_HOST, self._to)
            self._ends.add(to_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(from_reader, to_writer))
                both.create_task(self._answer(to_reader, from_writer))
        except* (OSError, _EndedError):
            pass
        finally:
            for end in (from_writer, to_writer):
                if end:
                    end.transport.abort()
                    self._ends.discard(end)
                    with suppress(OSError):
                        await end.wait_closed()

    def _require_line(self) -> None:
        if self._line is Line.CUT:
            raise _EndedError

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_CHUNK):
            await self._wait()
            writer.write(piece)
            await writer.drain()
        # Whoever has said everything may still be answered.
        writer.write_eof()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_CHUNK):
            await self._wait()
            if self._line is Line.DEAF:
                raise _EndedError
            writer.write(piece)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        raise _EndedError

    async def _wait(self) -> None:
        if self._line is Line.SLOW:
            await asyncio.sleep(_DELAY_SECONDS)
        await self._passes.wait()


class _EndedError(Exception):
    """The conversation is over."""
