"""HTTP/1.1 as phones and proxies ordinarily speak it, read and written in one go.

A head that came whole, of a well-known method, with nothing in it that changes how its message is delimited, needs no
more than being cut at its lines; an answer whose body is at hand needs no more than its lines joined. Everything else
(heads in pieces, chunks, Expect, Upgrade, HTTP/1.0, HEAD, streams) is Sanic's, which reads it from the first byte.
"""

from functools import lru_cache
from http import HTTPStatus

from sanic import HTTPResponse, Request
from sanic.compat import Header
from sanic.http import Http, Stage

_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
# What delimits a message, or lasts longer than it; only the words that change nothing are ordinary.
_DELIMITING = {"transfer-encoding", "expect", "upgrade", "connection", "content-length"}
_WITHOUT_BODY = {204, 304}
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
# What these headers say comes from the code alone, in few variants.
_CONSTANT = {
    "Cache-Control",
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "content-type",
}
_BREAKS = str.maketrans("", "", "\r\n\0")


class OrdinaryHttp(Http):
    """Sanic's, quicker where there is nothing special about a request or an answer."""

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
                if name == "content-length" and length is None and value.isascii() and value.isdecimal():
                    length = int(value)
                elif name != "connection" or value.lower() != "keep-alive":
                    return False
            if not colon:
                return False
            headers.append((name, value))
        protocol = self.protocol
        if not protocol.app.config.KEEP_ALIVE:
            return False
        request = protocol.request_class(
            url_bytes=url.encode(),
            headers=Header(headers),
            head=head,
            version="1.1",
            method=method,
            transport=protocol.transport,  # type: ignore[arg-type]  # Sanic's own types do not agree
            app=protocol.app,
        )
        Request._current.set(request)
        self.url, self.keep_alive, self.head_only, self.upgrade_websocket = url, True, False, False
        self.request_bytes = self.request_bytes_left = length or 0
        self.request_body = None if length is None else True  # type: ignore[assignment]  # likewise
        self.request, request.stream = request, self
        protocol.state["requests_count"] += 1
        return True

    async def http1_response_header(self, data: bytes, end_stream: bool) -> None:
        """Write an answer whose body is at hand."""
        answer = self.response
        body = data or getattr(answer, "body", None) or b""
        is_whole = end_stream and type(answer) is HTTPResponse and answer.status in _STATUS_LINES
        if not is_whole or self.head_only or self.expecting_continue or answer.status in _WITHOUT_BODY:
            await super().http1_response_header(data, end_stream)
            return
        headers = answer.headers
        headers["content-length"] = len(body)
        if answer.content_type:
            headers.setdefault("content-type", answer.content_type)
        lines = [
            _line_once(name, value) if name in _CONSTANT else _line(name, value) for name, value in headers.items()
        ]
        self.response_size = len(body)
        self.response_func = None  # type: ignore[assignment]  # likewise
        ending = b"connection: keep-alive\r\n\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        await self._send(b"".join((_STATUS_LINES[answer.status], *lines, ending, body)))
        self.stage = Stage.IDLE


def _line(name: str, value: object) -> bytes:
    """A header as it is sent; no value breaks out of its line."""
    return f"{name}: {f'{value}'.translate(_BREAKS)}\r\n".encode(errors="surrogateescape")


_line_once = lru_cache(maxsize=256)(_line)
