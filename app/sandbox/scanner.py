"""The stand-in of ClamAV's clamd: speaks INSTREAM on a port of its own, and finds the test file that all find."""

import asyncio
import contextlib
from typing import Any

from sanic import Sanic

from app.sandbox.faults import Faults, InjectedError
from config.settings import ScannerSettings

# In two halves, so that no scanner takes this module for the file (EICAR, "Anti Malware Testfile").
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + rb"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

_SIGNATURE = b"Win.Test.EICAR_HDB-1"
_MOST_BYTES = 25_000_000
_LONGEST_COMMAND = 100


def listen_beside(app: Sanic[Any, Any], host: str, settings: ScannerSettings | None, faults: Faults) -> None:
    """Listen for as long as ``app`` serves, where a scanner is set."""
    if settings is None:
        return
    scanner, port = _Scanner(faults), settings.port

    async def start(_app: Sanic[Any, Any]) -> None:
        await scanner.start(host, port)

    async def stop(_app: Sanic[Any, Any]) -> None:
        await scanner.stop()

    app.register_listener(start, "before_server_start")
    app.register_listener(stop, "after_server_stop")


class _Scanner:
    """One verdict a connection. Nothing of a file is kept."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> None:
        self._server = await asyncio.start_server(self._connected, host, port, limit=_LONGEST_COMMAND)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who hangs up or talks nonsense gets no answer.
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            command = await reader.readuntil(b"\0")
            writer.write(await self._reply(command, reader, writer) + b"\0")
            await writer.drain()
        writer.close()

    async def _reply(self, command: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        if command == b"zPING\0":
            return b"PONG"
        if command != b"zINSTREAM\0":
            return b"UNKNOWN COMMAND"
        content = bytearray()
        while length := int.from_bytes(await reader.readexactly(4)):
            if len(content) + length > _MOST_BYTES:
                return b"INSTREAM size limit exceeded. ERROR"
            content += await reader.readexactly(length)
        try:
            await self._faults.reach(writer, "scanner.scan.before")
            reply = b"stream: " + _SIGNATURE + b" FOUND" if EICAR in content else b"stream: OK"
            await self._faults.reach(writer, "scanner.scan.after")
        except InjectedError:
            return b"Can't allocate memory ERROR"
        return reply
