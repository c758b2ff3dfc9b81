"""Ordinary requests and answers are read and written as Sanic reads and writes them, and the others are left to it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import Forbidden
from sanic.response.types import ResponseStream
from sanic.server.protocols.http_protocol import HttpProtocol

from miniapp_api.answers import json_answer
from miniapp_api.http1 import OrdinaryHttp
from miniapp_api.stopping import Protocol
from miniapp_api.wire import guard

HEAD = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
BEHIND = b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def _stream(stream: Any) -> None:
    for piece in ("one", "two"):
        await stream.response.send(piece)


async def _echo(request: Request, path: str) -> Any:
    """What the handler was given."""
    del path
    seen = {
        "method": request.method,
        "url": request.raw_url.decode(),
        "headers": [[name, value.encode(errors="surrogateescape").hex()] for name, value in request.headers.items()],
        "body": request.body.hex(),
        "version": request.version,
    }
    status = int(request.headers.get("x-status", "200"))
    match request.headers.get("x-how"):
        case "raise":
            raise Forbidden("no")
        case "stream":
            return ResponseStream(_stream, 200, {"X-Any": "1"}, "text/plain")
        case "respond":
            await request.respond(HTTPResponse("said already", content_type="text/plain"))
            return None
        case "long":
            return HTTPResponse(b"0123456789" * 300_000, status, content_type="text/plain")
        case "json" | "json and more" as how:
            guard(written := json_answer(seen, status=status), "r-1", over_tls=True)
            if how == "json and more":
                written.add_cookie("a", "1")
            return written
        case "own length":
            return HTTPResponse("abc", status, {"Content-Length": "3", "Content-Type": "text/csv"})
    answer = HTTPResponse(None if status in {204, 304} else json.dumps(seen), status, content_type="application/json")
    answer.headers["X-Broken"] = "one\r\nX-Two: two"
    answer.headers.add("Set-Cookie", "a=1")
    answer.headers.add("Set-Cookie", "b=2")
    return answer


# A server that hangs up with bytes unread takes back its answer, where that has not been read yet.
_TRIES = 5


class Servers:
    """Sanic as it is, and ours, with the same handler."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}

    async def says(self, which: str, *pieces: bytes) -> bytes:
        """All that a connection brings when it sends these pieces, one after the other, and then no more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[which])
        answered = b""
        # Sanic hangs up on what it cannot read, with what it did not read.
        with suppress(OSError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                # Until the server has read it.
                for _ in range(5):
                    await asyncio.sleep(0)
            writer.write_eof()
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                while more := await reader.read(65536):
                    answered += more
        writer.close()
        return answered

    async def both(self, *pieces: bytes) -> tuple[bytes, bytes]:
        """What each of them says."""
        for _ in range(_TRIES):
            said = await self.says("sanic", *pieces), await self.says("ours", *pieces)
            if all(said):
                break
        return said


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    """Both listen."""
    found, listening = Servers(), []
    app: Sanic[Any, Any] = Sanic(f"http1-{id(found)}", configure_logging=False)
    app.config.update(ACCESS_LOG=False, TOUCHUP=False, REQUEST_MAX_SIZE=30_000, REQUEST_BUFFER_SIZE=10_000)
    app.add_route(_echo, "/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], name="echo")
    app.ctx.stopping = False
    await app._startup()  # type: ignore[no-untyped-call]
    loop, state = asyncio.get_running_loop(), {"requests_count": 0}
    for name, kind in (("sanic", HttpProtocol), ("ours", Protocol)):
        made = await loop.create_server(
            lambda kind=kind: kind(loop=loop, app=app, state=state, connections=set()),  # type: ignore[misc]
            "127.0.0.1",
            0,
        )
        listening.append(made)
        found.ports[name] = made.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        for one in listening:
            one.close()
        Sanic._app_registry.pop(app.name, None)


def _lines(said: bytes) -> list[bytes]:
    """What a connection brought, without regard to the order of headers."""
    # Sanic says ``alt-svc`` where it does not know on how many ports it serves, and None for no type.
    said = re.sub(rb"(?i)(alt-svc:.*|content-type: none)\r\n", b"", said)
    return sorted(said.replace(b"Content-Type", b"content-type").split(b"\r\n"))


ORDINARY = (
    HEAD,
    b"DELETE /a HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Space:   two words \r\nX-Colon: a:b\r\n\r\n",
    b"DELETE /a HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n",
    b"GET /%E4%BD%B3?q=%E5%8A%9E HTTP/1.1\r\nhost: x\r\nX-Bytes: \xe4\xbd\xb3\xff\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /a HTTP/1.1\r\nHost: x\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-Status: 404\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-How: json\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-How: json and more\r\n\r\n",
)
OTHERS = (
    b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HEAD /a HTTP/1.1\r\nHost: x\r\nX-How: json\r\n\r\n",
    b"GET /a HTTP/1.0\r\nHost: x\r\n\r\n",
    b"GET /a HTTP/1.0\r\nHost: x\r\nX-How: json\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-Status: 204\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\nhello",
    "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: ５\r\n\r\nhello".encode(),
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello",
    b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: nothing\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /a HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
    b"GET /a  HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"get /a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"BREW /a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /\xe4\xbd\xb3 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /a HTTP/1.1\r\n\r\n",
    b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-How: raise\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nX-How: raise\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-How: stream\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-How: respond\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-How: own length\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: x\r\nX-How: long\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 25000\r\n\r\n" + b"a" * 25_000,
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 35000\r\n\r\n" + b"a" * 35_000,
    b"OPTIONS /a HTTP/1.1\r\nHost: x\r\n\r\n",
)


@pytest.mark.parametrize("sent", [*ORDINARY, *OTHERS], ids=range(len(ORDINARY) + len(OTHERS)))
async def test_a_request_is_read_and_answered_as_sanic_does(servers: Servers, sent: bytes) -> None:
    """The handler is given the same, the caller gets the same, and what follows is still a request of its own."""
    for pieces in (
        (sent,),
        (sent, BEHIND),
        (sent + BEHIND,),
        (sent[:7], sent[7:], BEHIND),
        (sent[:-2], sent[-2:], BEHIND),
    ):
        theirs, ours = await servers.both(*pieces)
        assert _lines(ours) == _lines(theirs)


@pytest.mark.parametrize("sent", ORDINARY, ids=range(len(ORDINARY)))
async def test_an_ordinary_request_takes_the_quick_way(
    servers: Servers, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not Sanic's."""
    quick: list[bool] = []
    read = OrdinaryHttp._read

    def note(self: OrdinaryHttp, head: bytes) -> bool:
        quick.append(read(self, head))
        return quick[-1]

    monkeypatch.setattr(OrdinaryHttp, "_read", note)
    await servers.says("ours", sent)
    assert quick == [True]


async def test_what_is_no_url_is_told_so(servers: Servers) -> None:
    """Sanic hangs up on it."""
    said = await servers.says("ours", b"GET a HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")


NAMES = st.sampled_from(
    ["Host", "content-length", "Transfer-Encoding", "Connection", "X-Any", "Expect", "Upgrade", "x y", "", "Cookie"]
)
VALUES = st.one_of(
    st.sampled_from(["0", "3", "03", " 3", "3 ", "chunked", "keep-alive", "close", "h2c", "100-continue", "x"]),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=12),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "GE T", ""]),
    url=st.sampled_from(["/a", "/a?b=%20", "*", "//x/y", "http://x/a", ""]),
    version=st.sampled_from(["HTTP/1.1"] * 4 + ["HTTP/1.0", "HTTP/2.0", ""]),
    headers=st.lists(st.tuples(NAMES, st.sampled_from([":", ": ", ""]), VALUES), max_size=5),
    body=st.sampled_from([b"", b"abc", b"3\r\nabc\r\n0\r\n\r\n"]),
)
async def test_heads_of_any_kind_are_read_as_sanic_reads_them(
    servers: Servers, method: str, url: str, version: str, headers: list[tuple[str, str, str]], body: bytes
) -> None:
    """Whatever delimits a message is heeded alike, so that no request hides in another."""
    lines = [f"{method} {url} {version}", *("".join(parts) for parts in headers)]
    sent = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
    theirs, ours = await servers.both(sent)
    assert _lines(ours) == _lines(theirs)
