"""HTTP/1.1 connections that are kept and used again: an httpx transport for many small calls at once.

httpx's own transport looks at all of its connections for each request, which at two hundred calls at once takes many
times as long as the calls (``docs/wechat.md`` has the figures). Here a free connection is the last one that was used.
Nothing is ever sent twice. Answers are read by httptools (Node.js's llhttp).
"""

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import NamedTuple, cast

import httptools
import httpx

_LONGEST_HEAD = 65_536
_LONGEST_BODY = 32 * 1024 * 1024
_INTERIM = range(100, 200)
_CLOSING_SECONDS = 1.0
_PORTS = {"https": 443, "http": 80}


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int


class _Reading:
    """An answer on its way, fed to the parser as it comes; ``begun_again`` says that more came than was asked for."""

    def __init__(self) -> None:
        self.complete = False
        self.begun_again = False
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._received = 0
        self._headed = False
        self._keeps = False

    def feed(self, data: bytes) -> None:
        """Read some more. Raises httptools.HttpParserError for what is no answer."""
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise httptools.HttpParserError("another protocol") from None
        except httptools.HttpParserError:
            if not self.complete:
                raise
            self.begun_again = True
        if self._received > (_LONGEST_BODY if self._headed else _LONGEST_HEAD):
            raise httptools.HttpParserError("too long")

    def end(self) -> None:
        """The connection ended, and with it an answer that does not say its length."""
        says_its_length = {b"content-length", b"transfer-encoding"} & {name.lower() for name, _ in self._headers}
        self.complete = self.complete or (self._headed and not says_its_length)

    def keeps(self) -> bool:
        """Whether the connection may carry another answer."""
        return self._keeps and not self.begun_again

    def answer(self) -> tuple[int, bytes]:
        """The status and the content. Raises httpx.DecodingError."""
        if any(name.lower() == b"content-encoding" for name, _ in self._headers):
            return self._status, self.response().content
        return self._status, b"".join(self._body)

    def response(self) -> httpx.Response:
        """The whole answer. Raises httpx.DecodingError."""
        return httpx.Response(self._status, headers=self._headers, content=b"".join(self._body))

    def on_message_begin(self) -> None:
        """See ``httptools``."""
        self.begun_again = self.complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """See ``httptools``."""
        if name.lower() == b"transfer-encoding" and value.lower() != b"chunked":
            raise ValueError("an unknown encoding")
        if not self.complete:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """See ``httptools``."""
        if not self.complete:
            self._status = self._parser.get_status_code()
            self._headed = self._status not in _INTERIM

    def on_body(self, body: bytes) -> None:
        """See ``httptools``."""
        if not self.complete:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """See ``httptools``."""
        if self._headed and not self.complete:
            self.complete, self._keeps = True, bool(self._parser.should_keep_alive())
        elif not self.complete:
            self._headers.clear()


class _Connection(asyncio.Protocol):
    """One connection, which carries one request and its answer at a time."""

    def __init__(self) -> None:
        self.usable = True
        self.used_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._reading = _Reading()
        self._answer: asyncio.Future[_Reading] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        # Other loops' transports, such as uvloop's, are none of asyncio's class.
        self._transport = cast(asyncio.Transport, transport)

    async def carry(self, request: bytes) -> _Reading:
        """Send a request and wait for its whole answer. Raises httpx.ReadError or httpx.RemoteProtocolError."""
        if self._transport is None:
            raise httpx.ReadError("no connection")
        self._reading = _Reading()
        answer: asyncio.Future[_Reading] = asyncio.get_running_loop().create_future()
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
        if self._answer is None or self._answer.done():
            # Nobody asked for it.
            self.close()
            return
        try:
            self._reading.feed(data)
            self._settle()
        except httptools.HttpParserError as error:
            self._fail(httpx.RemoteProtocolError(type(error).__name__))

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self.usable = False
        if not self.ended.done():
            self.ended.set_result(None)
        if exc is None:
            self._reading.end()
        self._settle()
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

    def _settle(self) -> None:
        if not self._reading.complete or self._answer is None or self._answer.done():
            return
        self.usable = self.usable and self._reading.keeps()
        self._answer.set_result(self._reading)


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
        lines = [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
        lines += [b"%s: %s" % (name, value) for name, value in request.headers.raw]
        written = b"\r\n".join((*lines, b"", await request.aread()))
        return (await self._exchange(request.url, written, request.extensions.get("timeout", {}))).response()

    async def exchange(self, url: httpx.URL, written: bytes, limits: Mapping[str, float | None]) -> tuple[int, bytes]:
        """Send a request as it is ``written`` to where ``url`` leads; the answer's status and content.

        An httpx request and its answer take as long to make as all the rest of a call. ``limits`` are seconds by
        "pool", "connect" and "read". Raises what ``handle_async_request`` raises.
        """
        return (await self._exchange(url, written, limits)).answer()

    async def _exchange(self, url: httpx.URL, written: bytes, limits: Mapping[str, float | None]) -> _Reading:
        if url.scheme not in _PORTS or not url.host:
            raise httpx.UnsupportedProtocol("an address with http or https is needed")
        origin = _Origin(url.scheme, url.host, url.port or _PORTS[url.scheme])
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
