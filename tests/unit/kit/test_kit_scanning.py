"""The connector to clamd: what counts as a verdict, and what is none."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.kit.ports import RefusedError, TryLaterError
from app.kit.scanning import ClamScanner, Verdict
from tests.contract.sandbox.stand_ins import free_port


@asynccontextmanager
async def clamd(socket: Path, reply: bytes) -> AsyncIterator[list[bytes]]:
    """A daemon at a unix socket that takes a whole stream and says ``reply``; yields what was streamed."""
    taken: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            content += await reader.readexactly(length)
        taken.append(content)
        writer.write(reply)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_unix_server(serve, str(socket))
    try:
        yield taken
    finally:
        server.close()


async def asked(socket: Path, reply: bytes, content: bytes = b"x") -> Verdict:
    async with clamd(socket, reply) as taken:
        verdict = await ClamScanner(str(socket), 0, 5, 1_000_000).scan(content)
        assert taken == [content]
    return verdict


@given(content=st.binary(max_size=300), name=st.from_regex(r"[A-Za-z0-9._-]{1,60}", fullmatch=True))
async def test_a_file_arrives_whole_and_its_verdict_comes_back(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    folder = tmp_path_factory.mktemp("clamd")
    assert await asked(folder / "1", b"stream: OK\0", content) == Verdict()
    assert await asked(folder / "2", f"stream: {name} FOUND\0".encode(), content) == Verdict(name)


UNDERSTOOD = re.compile(rb"stream: OK|stream: [ -~]+ FOUND|INSTREAM size limit exceeded. ERROR|[^\0]*\0.*", re.DOTALL)


@given(reply=st.binary(max_size=60).filter(lambda reply: not UNDERSTOOD.fullmatch(reply)))
@example(b"stream: OK ")
@example(b"stream: OKAY")
@example(b"OK")
@example(b"stream:  FOUND")
@example(b"stream: \xff FOUND")
@example(b"Can't allocate memory ERROR")
async def test_whatever_is_not_understood_is_no_verdict(tmp_path_factory: pytest.TempPathFactory, reply: bytes) -> None:
    with pytest.raises(TryLaterError) as failed:
        await asked(tmp_path_factory.mktemp("clamd") / "s", reply + b"\0")
    assert failed.value.reason == "no_verdict"


@pytest.mark.parametrize("reply", [b"", b"stream: OK", b"x" * 100_000])
async def test_half_an_answer_is_none(tmp_path: Path, reply: bytes) -> None:
    with pytest.raises(TryLaterError) as failed:
        await asked(tmp_path / "s", reply)
    assert failed.value.reason == "unreachable"


async def test_a_file_too_large_for_clamd_is_refused_for_good(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        await asked(tmp_path / "s", b"INSTREAM size limit exceeded. ERROR\0")
    assert refused.value.reason == "too_large"


async def test_a_scanner_that_is_away_is_asked_later(tmp_path: Path) -> None:
    for host, port in ((str(tmp_path / "nothing"), 0), ("127.0.0.1", free_port())):
        with pytest.raises(TryLaterError) as failed:
            await ClamScanner(host, port, 5, 10).scan(b"x")
        assert failed.value.reason == "unreachable"
