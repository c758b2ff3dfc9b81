"""Load over keep-alive connections: as many requests as connections are under way, each new one after an answer."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

import httptools


@dataclass(slots=True)
class Counted:
    """What came back: how many answers of each status, and one body, to be looked at."""

    statuses: dict[int, int] = field(default_factory=dict)
    body: bytes = b""

    @property
    def answers(self) -> int:
        """How many came back in all."""
        return sum(self.statuses.values())


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += [f"Content-Length: {len(body)}", "Content-Type: application/json"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def send(port: int, requests: Iterable[bytes], connections: int) -> Counted:
    """Send all requests to a local port, and count the answers. Raises ConnectionError where a connection is closed."""
    counted, left, loop = Counted(), iter(requests), asyncio.get_running_loop()
    pairs = [
        await loop.create_connection(lambda: _Connection(left, counted), "127.0.0.1", port) for _ in range(connections)
    ]
    try:
        await asyncio.gather(*(connection.done for _, connection in pairs))
    finally:
        for transport, _ in pairs:
            transport.abort()
    return counted


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], counted: Counted) -> None:
        self._requests, self._counted = requests, counted
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""
        self._transport: asyncio.WriteTransport
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed a connection"))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._counted.statuses[status] = self._counted.statuses.get(status, 0) + 1
        self._counted.body, self._body = self._body, b""
        self._parser = httptools.HttpResponseParser(self)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
        else:
            self._transport.write(request)
