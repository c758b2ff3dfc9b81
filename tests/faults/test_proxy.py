"""The proxy of the campaign does to a conversation what it says."""

import asyncio
import gc
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.conftest import free_ports
from tests.faults.proxy import Line, Links

_NOBODY = (ConnectionError, asyncio.IncompleteReadError)


@pytest.fixture
def port() -> int:
    """The first of five free ports."""
    return free_ports()


@pytest.fixture
async def heard(port: int) -> AsyncIterator[list[bytes]]:
    """What an echo beside the test was told."""
    found: list[bytes] = []
    conversations: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if mine := asyncio.current_task():
            conversations[mine] = writer
        with suppress(ConnectionError):
            while line := await reader.readline():
                found.append(line)
                writer.write(line)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(echo, "127.0.0.1", port):
        yield found
    for writer in conversations.values():
        writer.transport.abort()
    await asyncio.gather(*conversations)


@pytest.fixture
def links(port: int) -> Iterator[Links]:
    """A link to the echo, from the next port."""
    with Links() as links:
        links.add("echo", port + 1, port)
        yield links


class _Caller:
    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._reader, self._writer = streams

    async def say(self, line: bytes) -> bytes:
        """What comes back; nothing where the connection ends."""
        self._writer.write(line)
        try:
            return await self._reader.readuntil()
        except _NOBODY:
            return b""


Call = Callable[[], Awaitable[_Caller]]


@pytest.fixture
async def call(port: int, links: Links) -> AsyncIterator[Call]:
    """Begins conversations over the link; they end with the test."""
    del links
    writers = []

    async def begin() -> _Caller:
        reader, writer = await asyncio.open_connection("127.0.0.1", port + 1)
        writers.append(writer)
        return _Caller((reader, writer))

    yield begin
    for writer in writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_an_open_line_leads_both_ways(call: Call, heard: list[bytes]) -> None:
    """And over several pieces."""
    caller = await call()
    assert [await caller.say(b"one\n"), await caller.say(b"two\n")] == [b"one\n", b"two\n"]
    assert heard == [b"one\n", b"two\n"]


async def test_a_cut_line_ends_what_is_said_and_lets_nobody_in(call: Call, heard: list[bytes], links: Links) -> None:
    """Afterwards a new conversation may begin."""
    caller = await call()
    assert await caller.say(b"one\n")
    with links.being("echo", Line.CUT):
        assert await caller.say(b"two\n") == b""
        with pytest.raises(ConnectionRefusedError):
            await call()
    assert await (await call()).say(b"three\n") == b"three\n"
    assert heard == [b"one\n", b"three\n"]


async def test_over_a_silent_line_what_was_said_arrives_when_it_is_open_again(
    call: Call, heard: list[bytes], links: Links
) -> None:
    """Of conversations that had begun, and of those that begin meanwhile."""
    old = await call()
    assert await old.say(b"one\n")
    with links.being("echo", Line.SILENT):
        waiting = [asyncio.create_task(caller.say(b"two\n")) for caller in (old, await call())]
        done, _ = await asyncio.wait(waiting, timeout=0.2)
        assert not done
        assert heard == [b"one\n"]
    assert await asyncio.gather(*waiting) == [b"two\n", b"two\n"]


async def test_a_deaf_line_brings_the_question_and_loses_the_answer(
    call: Call, heard: list[bytes], links: Links
) -> None:
    """The connection ends."""
    caller = await call()
    with links.being("echo", Line.DEAF):
        assert await caller.say(b"one\n") == b""
    assert heard == [b"one\n"]


@pytest.mark.filterwarnings("error")
def test_who_comes_as_the_line_is_cut_is_not_forgotten(port: int) -> None:
    """A connection that was accepted at that moment is ended with the others, and nothing is left of it."""

    def come(ended: threading.Event) -> None:
        while not ended.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", port + 1), timeout=5):
                pass

    ended = threading.Event()
    callers = [threading.Thread(target=come, args=(ended,)) for _ in range(4)]
    with Links() as links:
        links.add("nobody", port + 1, port)
        for caller in callers:
            caller.start()
        for _ in range(60):
            with links.being("nobody", Line.CUT):
                pass
    ended.set()
    for caller in callers:
        caller.join()
    gc.collect()
