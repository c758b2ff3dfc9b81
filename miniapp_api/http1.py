"""HTTP/1.1 as phones and proxies ordinarily speak it, read, answered and written in one go.

A head that came whole, of a well-known method, with nothing in it that changes how its message is delimited, needs no
more than being cut at its lines; an answer whose body is at hand needs no more than its lines joined. Everything else
(heads in pieces, chunks, Expect, Upgrade, HTTP/1.0, HEAD, streams) is Sanic's, which reads it from the first byte.
"""

import re
from asyncio import CancelledError, Future
from http import HTTPStatus
from time import monotonic
from typing import Any, cast

from sanic import HTTPResponse, Request
from sanic.http import Http, Stage
from sanic.response import BaseHTTPResponse
from sanic.server.protocols.http_protocol import HttpProtocol

from miniapp_api.answers import JsonAnswer

_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
# What delimits a message, or lasts longer than it; only the words that change nothing are ordinary.
_DELIMITING = {"transfer-encoding", "expect", "upgrade", "connection", "content-length"}
_LENGTH = re.compile("[0-9]{1,18}")
_WITHOUT_BODY = {204, 304}
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n"
    for status in HTTPStatus
    if status >= HTTPStatus.OK and status not in _WITHOUT_BODY
}
_KEEP, _CLOSE = "\r\nconnection: keep-alive\r\n\r\n", "\r\nconnection: close\r\n\r\n"


class OrdinaryHttp(Http):
    """Sanic's, quicker where there is nothing special about a request or an answer."""

    # As they are while a request is read and answered; Sanic's own types leave some of it out.
    protocol: "OrdinaryProtocol"
    request_body: Any
    request_bytes: Any
    request_bytes_left: Any

    async def http1_request_header(self) -> None:
        """Read a head into ``self.request`` and leave what follows it in the buffer."""
        end = self.recv_buffer.find(b"\r\n\r\n")
        if not (0 <= end < self.HEADER_MAX_SIZE and self._read(bytes(self.recv_buffer[:end]))):
            await super().http1_request_header()  # type: ignore[no-untyped-call]  # Sanic's own
            return
        del self.recv_buffer[: end + 4]

    def _read(self, head: bytes) -> bool:
        """Whether this head is ordinary; ``self`` is as Sanic would leave it then, and unchanged otherwise."""
        first, *lines = head.decode(errors="surrogateescape").split("\r\n")
        method, _, rest = first.partition(" ")
        url, _, version = rest.partition(" ")
        if version != "HTTP/1.1" or method not in _METHODS or not url.isascii():
            return False
        length, headers = None, []
        for line in lines:
            name, colon, value = line.partition(":")
            name, value = name.lower(), value.lstrip()
            if name in _DELIMITING:
                if name == "content-length" and length is None and _LENGTH.fullmatch(value):
                    length = int(value)
                elif name != "connection" or value.lower() != "keep-alive":
                    return False
            if not colon:
                return False
            headers.append((name, value))
        protocol = self.protocol
        if not protocol.keeps_alive:
            return False
        request = protocol.request_class(
            url_bytes=url.encode(),
            headers=headers,  # type: ignore[arg-type]  # it makes its own of them
            head=head,
            version="1.1",
            method=method,
            transport=protocol.transport,
            app=protocol.app,
        )
        Request._current.set(request)
        self.url, self.keep_alive, self.head_only, self.upgrade_websocket = url, True, False, False
        self.request_bytes = self.request_bytes_left = length or 0
        self.request_body = None if length is None else True
        self.request, request.stream = request, self
        protocol.state["requests_count"] += 1
        return True

    def take_body(self) -> bytes | None:
        """The body of the request, where it came whole; None where it is Sanic's to read, and nothing is changed."""
        left, buffer = self.request_bytes_left, self.recv_buffer
        if self.request_body is not True or left > self.request_max_size or left > len(buffer):
            return None
        body = bytes(buffer[:left])
        del buffer[:left]
        self.request_bytes_left, self.request_body = 0, None
        return body

    async def http1_response_header(self, data: bytes, end_stream: bool) -> None:
        """Begin an answer, and end it where its body is at hand."""
        if data or not end_stream or not self.write_whole(self.response):
            await super().http1_response_header(data, end_stream)

    def write_whole(self, answer: object) -> bool:
        """Write an answer at once; False where there is something special about it, and nothing is written."""
        if not isinstance(answer, HTTPResponse) or self.head_only or self.expecting_continue:
            return False
        protocol, first = self.protocol, _STATUS_LINES.get(answer.status)
        transport = protocol.transport
        if first is None or transport.is_closing() or not protocol.can_write:
            return False
        lines = (answer.lines if isinstance(answer, JsonAnswer) else None) or _lines(answer)
        if lines is None:
            return False
        body = answer.body or b""
        last = _KEEP if self.keep_alive else _CLOSE
        head = f"{first}{lines}content-length: {len(body)}{last}"
        transport.write(head.encode(errors="surrogateescape") + body)
        protocol._time = monotonic()
        self.response, self.response_size, self.response_func = answer, len(body), None  # type: ignore[assignment]
        self.stage = Stage.IDLE
        return True


def _lines(answer: HTTPResponse) -> str | None:
    """The lines of an answer's head, without those that delimit it; None where that is not for us to say."""
    headers = answer.headers
    if "content-length" in headers:
        return None
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    if answer.content_type and "content-type" not in headers:
        lines.append(f"content-type: {answer.content_type}\r\n")
    text = "".join(lines)
    # No value breaks out of its line: Sanic takes out what would.
    if text.count("\n") != len(lines) or text.count("\r") != len(lines) or "\0" in text:
        return None
    return text


class OrdinaryProtocol(HttpProtocol):
    """Sanic's connection, which has requests answered by ``serve``."""

    HTTP_CLASS = OrdinaryHttp
    __slots__ = ("_most", "_paused", "_waiting", "keeps_alive")
    transport: Any

    def _setup(self) -> None:
        super()._setup()  # type: ignore[no-untyped-call]  # Sanic's own
        config = self.app.config
        self.request_handler = serve
        self.keeps_alive: bool = config.KEEP_ALIVE
        self._most: int = config.REQUEST_BUFFER_SIZE
        self._waiting: Future[None] | None = None
        self._paused = False

    @property
    def can_write(self) -> bool:
        """Whether whoever reads at the other end keeps up."""
        return self._can_write.is_set()

    async def receive_more(self) -> None:
        """Wait until more has come into the buffer."""
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        self._waiting = self.loop.create_future()
        await self._waiting

    def data_received(self, data: bytes) -> None:
        """Keep what came, and go on with whoever waits for it."""
        self._time = monotonic()
        self.recv_buffer += data
        if len(self.recv_buffer) >= self._most:
            self._paused = True
            self.transport.pause_reading()
        waiting = self._waiting
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


async def serve(request: Request) -> None:
    """Have the route of a request answer it, as Sanic does for an application without middleware and signals."""
    app, stream = request.app, cast("Any", request.stream)
    try:
        route, handler, arguments = app.router.get(request.path, request.method, request.headers.getone("host", None))
        request.route, request._match_info = route, {**arguments}
        if stream.request_body and not route.extra.ignore_body:
            body = stream.take_body()
            if body is None:
                await request.receive_body()  # type: ignore[no-untyped-call]  # Sanic's own
            else:
                request.body = body
        said: Any = await handler(request, **arguments)
        if not request.responded and stream.write_whole(said):
            return
        said = stream.response if request.responded else await request.respond(said)
        if isinstance(said, BaseHTTPResponse):
            await said.send(end_stream=True)
        else:
            await said(request)
            await said.eof()
    except CancelledError:
        raise
    except Exception as error:
        await app.handle_exception(request, error)
