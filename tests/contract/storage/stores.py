"""A server that speaks S3, and a wire to it that can be watched and cut."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx

from media.s3 import S3Store
from tests.contract.sandbox.stand_ins import free_port

BUCKET = "blobs"


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of a server that has the bucket ``blobs``, a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            _make_bucket(f"{address}/{BUCKET}")
            yield address
        finally:
            server.kill()


def _make_bucket(address: str) -> None:
    deadline = time.monotonic() + 60
    with httpx.Client(trust_env=False) as http:
        while True:
            with contextlib.suppress(httpx.TransportError):
                http.put(address).raise_for_status()
                return
            assert time.monotonic() < deadline, "the S3 server does not come up"
            time.sleep(0.05)


def s3_store(address: str, bucket: str = BUCKET, *, allow_http: bool = True, timeout_seconds: float = 2.0) -> S3Store:
    """A store at that address."""
    return S3Store(
        endpoint=address,
        bucket=bucket,
        region="us-east-1",
        access_key_id="key",
        secret_access_key="secret",
        allow_http=allow_http,
        timeout_seconds=timeout_seconds,
    )


class Wire:
    """What goes to a server passes here: ``back`` counts bytes of answers, ``cut_after`` ends a connection early."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.removeprefix("http://").partition(":")
        self._port = int(port)
        self.address = ""
        self.back = 0
        self.connections = 0
        self.cut_after: int | None = None
        self.silent = False

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(_close, writer)
            if self.silent:
                await reader.read()
                return
            there_reader, there_writer = await asyncio.open_connection(self._host, self._port)
            stack.push_async_callback(_close, there_writer)
            tasks = [
                asyncio.create_task(self._send(reader, there_writer)),
                asyncio.create_task(self._answer(there_reader, writer)),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = 0
        while data := await reader.read(4096):
            sent += len(data)
            if self.cut_after is not None and sent > self.cut_after:
                return
            writer.write(data)
            await writer.drain()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            self.back += len(data)
            writer.write(data)
            await writer.drain()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Wire"]:
        """Listen on a port of its own while the context lasts, and end what is still connected then."""
        running: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            running.add(asyncio.create_task(self._forward(reader, writer)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        try:
            self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self
        finally:
            server.close()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
