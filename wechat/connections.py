"""HTTP/1.1 connections that are kept and used again: an httpx transport for many small calls at once.

httpx's own transport looks at all of its connections for each request, which at two hundred calls at once takes many
times as long as the calls (``docs/wechat.md`` has the figures). Here a free connection is the last one that was used.
Nothing is ever sent twice. Source: RFC 9112.
"""

import asyncio
import ssl
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import NamedTuple

import httpx

_LONGEST_HEAD = 65_536
_LONGEST_BODY = 32 * 1024 * 1024
_WITHOUT_BODY = {204, 304}
_INTERIM = range(100, 200)
_STATUS_LINE = 3
_CLOSING_SECONDS = 1.0
_PORTS = {"https": 443, "http": 80}


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class _Head:
    """The head of an answer; ``length`` is None where the body comes in chunks or ends with the connection."""

    status: int
    headers: list[tuple[bytes, bytes]]
    length: int | None
    chunked: bool
    keeps: bool

    @classmethod
    def of(cls, raw: bytes) -> "_Head":
        """Raises ValueError for what is no head of an answer."""
        first, *lines = raw.split(b"\r\n")
        version, status, *_ = first.split(b" ", 2)
        if not version.startswith(b"HTTP/1.") or len(status) != _STATUS_LINE:
            raise ValueError("no HTTP/1.1")
        headers, fields = [], {}
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise ValueError("an unreadable header")
            headers.append((name, value.strip()))
            fields[name.lower()] = value.strip().lower()
        encoding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
        if encoding not in (None, b"chunked") or (encoding and length):
            raise ValueError("an unknown encoding")
        if length is not None and not length.isdigit():
            raise ValueError("an unreadable length")
        bodiless = int(status) in _WITHOUT_BODY
        keeps = version == b"HTTP/1.1" and fields.get(b"connection") != b"close"
        return cls(
            int(status),
            headers,
            0 if bodiless else int(length) if length is not None else None,
            encoding is not None and not bodiless,
            keeps,
        )


def _chunks(received: bytes) -> bytes | None:
    """A chunked body if all of it is there. Raises ValueError for what is none."""
    body: list[bytes] = []
    at = 0
    while (end := received.find(b"\r\n", at)) >= 0:
        size = int(received[at:end].partition(b";")[0], 16)
        if size < 0 or size > _LONGEST_BODY:
            raise ValueError("an unreadable chunk")
        if size == 0:
            # Trailers may follow, up to an empty line.
            whole = received.startswith(b"\r\n", end + 2) or received.find(b"\r\n\r\n", end) >= 0
            return b"".join(body) if whole else None
        if len(received) < end + 2 + size + 2:
            return None
        body.append(received[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
        if received[at - 2 : at] != b"\r\n":
            raise ValueError("an unreadable chunk")
    return None


class _Connection(asyncio.Protocol):
    """One connection, which carries one request and its answer at a time."""

    def __init__(self) -> None:
        self.usable = True
        self.used_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._head: _Head | None = None
        self._answer: asyncio.Future[httpx.Response] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    async def carry(self, request: bytes) -> httpx.Response:
        """Send a request and wait for its whole answer. Raises httpx.ReadError or httpx.RemoteProtocolError."""
        if self._transport is None:
            raise httpx.ReadError("no connection")
        self._head = None
        answer: asyncio.Future[httpx.Response] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._transport.write(request)
        try:
            return await answer
        except asyncio.CancelledError:
            # The rest of its answer would be taken for the next one's.
            self.close()
            raise

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._received += data
        if self._answer is None or self._answer.done():
            # Nobody asked for it.
            self.close()
        else:
            self._look(at_end=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self.usable = False
        if not self.ended.done():
            self.ended.set_result(None)
        if self._answer is not None and not self._answer.done():
            self._look(at_end=exc is None)
            self._fail(httpx.ReadError("the connection ended"))

    def close(self) -> None:
        """End the connection at once."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, error: httpx.RequestError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
            self.close()

    def _look(self, *, at_end: bool) -> None:
        try:
            response = self._whole(at_end=at_end)
        except ValueError as error:
            self._fail(httpx.RemoteProtocolError(str(error)))
            return
        if response is not None and self._answer is not None:
            self._answer.set_result(response)

    def _whole(self, *, at_end: bool) -> httpx.Response | None:
        """The answer if all of it is there. Raises ValueError for what is none."""
        head = self._head or self._read_head()
        if head is None:
            return None
        if len(self._received) > _LONGEST_BODY:
            raise ValueError("too long")
        body: bytes | None
        if head.chunked:
            body = _chunks(bytes(self._received))
        elif head.length is not None:
            body = bytes(self._received[: head.length]) if len(self._received) >= head.length else None
            # Whatever comes after it was asked for by nobody.
            self.usable = self.usable and len(self._received) <= head.length
        else:
            body = bytes(self._received) if at_end else None
        if body is None:
            return None
        self._received.clear()
        self.usable = self.usable and head.keeps
        return httpx.Response(head.status, headers=head.headers, content=body)

    def _read_head(self) -> _Head | None:
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = _Head.of(bytes(self._received[:end]))
            del self._received[: end + 4]
            if head.status not in _INTERIM:
                self._head = head
                return head
        if len(self._received) > _LONGEST_HEAD:
            raise ValueError("a head without an end")
        return None


class Connections(httpx.AsyncBaseTransport):
    """At most ``most`` connections at once, of which the free ones are kept for ``idle_seconds``.

    The read time-out is one for the whole answer, from the moment its request is sent.
    """

    def __init__(self, verify: ssl.SSLContext | bool = True, *, most: int = 200, idle_seconds: float = 5.0) -> None:
        self._verify = verify
        self._room = asyncio.Semaphore(most)
        self._idle_seconds = idle_seconds
        self._idle: defaultdict[_Origin, deque[_Connection]] = defaultdict(deque)
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See ``httpx.AsyncBaseTransport``. Raises httpx.RequestError of the kinds that httpx itself raises."""
        limits = request.extensions.get("timeout", {})
        url = request.url
        if url.scheme not in _PORTS or not url.host:
            raise httpx.UnsupportedProtocol("an address with http or https is needed")
        origin = _Origin(url.scheme, url.host, url.port or _PORTS[url.scheme])
        written = _written(request, await request.aread())
        await self._enter(limits.get("pool"))
        try:
            connection = self._free_one(origin) or await self._connected(origin, limits.get("connect"))
            try:
                async with asyncio.timeout(limits.get("read")):
                    return await connection.carry(written)
            except TimeoutError:
                raise httpx.ReadTimeout("no answer in time") from None
            finally:
                self._keep(origin, connection)
        finally:
            self._room.release()

    async def aclose(self) -> None:
        """End all connections that are free, and each other one as soon as its answer has come."""
        self._closed = True
        idle = [connection for connections in self._idle.values() for connection in connections]
        self._idle.clear()
        for connection in idle:
            connection.close()
        if idle:
            await asyncio.wait([connection.ended for connection in idle], timeout=_CLOSING_SECONDS)

    async def _enter(self, seconds: float | None) -> None:
        if not self._room.locked():
            await self._room.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._room.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("no free connection in time") from None

    def _free_one(self, origin: _Origin) -> _Connection | None:
        idle, now = self._idle[origin], asyncio.get_running_loop().time()
        while idle:
            connection = idle.pop()
            if connection.usable and now - connection.used_at < self._idle_seconds:
                return connection
            connection.close()
        return None

    async def _connected(self, origin: _Origin, seconds: float | None) -> _Connection:
        secure = self._context() if origin.scheme == "https" else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                _, connection = await loop.create_connection(_Connection, origin.host, origin.port, ssl=secure)
        except TimeoutError:
            raise httpx.ConnectTimeout("no connection in time") from None
        except OSError as error:
            raise httpx.ConnectError(type(error).__name__) from None
        return connection

    def _context(self) -> ssl.SSLContext:
        if not isinstance(self._verify, ssl.SSLContext):
            secure = ssl.create_default_context()
            if not self._verify:
                secure.check_hostname, secure.verify_mode = False, ssl.CERT_NONE
            self._verify = secure
        return self._verify

    def _keep(self, origin: _Origin, connection: _Connection) -> None:
        idle, now = self._idle[origin], asyncio.get_running_loop().time()
        # The one at the left has waited longest.
        while idle and (not idle[0].usable or now - idle[0].used_at >= self._idle_seconds):
            idle.popleft().close()
        if connection.usable and not self._closed:
            connection.used_at = now
            idle.append(connection)
        else:
            connection.close()


def _written(request: httpx.Request, body: bytes) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%s: %s" % (name, value) for name, value in request.headers.raw]
    return b"\r\n".join((*lines, b"", body))
