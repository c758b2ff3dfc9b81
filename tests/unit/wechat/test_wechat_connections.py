"""The library's own HTTP connections: what an answer may look like, what breaks one, and which are used again."""

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from wechat.connections import Connections, _Connection

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers the requests that come, on whatever connection, with the next of ``answers``; None hangs up."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections: list[asyncio.StreamWriter] = []
        self.asked, self.ended = asyncio.Event(), asyncio.Event()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections.append(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                self.requests.append(head + body)
                self.asked.set()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
                if b"until the end" in answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended.set()
        finally:
            writer.close()


@asynccontextmanager
async def served(*answers: bytes | None, secure: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server with these answers."""
    server = Server(*answers)
    running = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=secure)
    server.port = running.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        running.close()
        for connection in server.connections:
            connection.close()


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    """Connections with much patience."""
    made = Connections()
    yield made
    await made.aclose()


async def ask(connections: Connections, port: int, *, scheme: str = "http", **seconds: float) -> httpx.Response:
    """One request."""
    url = f"{scheme}://127.0.0.1:{port}/path?a=%20"
    limits = {"connect": 20.0, "read": 20.0, "pool": 20.0, **seconds}
    request = httpx.Request("POST", url, content=b"sent", extensions={"timeout": limits})
    return await connections.handle_async_request(request)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (PLAIN, 200, b"{}"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length:3\r\n\r\nabc", 404, b"abc"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN, 200, b"{}"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=1\r\nc\r\n0\r\n\r\n", 200, b"abc"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\nX: 1\r\n\r\n",
            200,
            b"0123456789",
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
    ],
)
async def test_an_answer_in_each_of_its_forms(
    connections: Connections, answer: bytes, status: int, body: bytes
) -> None:
    async with served(answer) as server:
        response = await ask(connections, server.port)
        assert (response.status_code, response.content) == (status, body)
        head, sent = server.requests[0].split(b"\r\n\r\n")
        assert head.startswith(b"POST /path?a=%20 HTTP/1.1\r\n")
        assert f"Host: 127.0.0.1:{server.port}".encode() in head
        assert sent == b"sent"


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n Content-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
async def test_what_is_no_answer_breaks_the_call_and_the_connection(connections: Connections, answer: bytes) -> None:
    async with served(answer, PLAIN) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(connections, server.port)
        assert (await ask(connections, server.port)).content == b"{}"
        assert len(server.connections) == 2


async def test_an_answer_that_cannot_be_unpacked_breaks_the_call(connections: Connections) -> None:
    async with served(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}") as server:
        with pytest.raises(httpx.DecodingError):
            await ask(connections, server.port)


def test_the_web_servers_event_loop_carries_calls_as_well(tmp_path: Path) -> None:
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    async def calls() -> None:
        connections = Connections(ssl.create_default_context(cafile=file))
        for scheme, secure in (("http", None), ("https", context)):
            async with served(PLAIN, secure=secure) as server:
                for _ in range(2):
                    assert (await ask(connections, server.port, scheme=scheme)).content == b"{}"
                assert len(server.connections) == 1
        await connections.aclose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(calls())


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nuntil the end"])
async def test_an_answer_that_breaks_off_is_none_and_nothing_is_sent_again(
    connections: Connections, answer: bytes | None
) -> None:
    async with served(answer) as server:
        with pytest.raises(httpx.ReadError):
            await ask(connections, server.port)
        assert len(server.requests) == 1


async def test_one_connection_carries_one_call_after_the_other(connections: Connections) -> None:
    async with served(PLAIN) as server:
        for _ in range(5):
            await ask(connections, server.port)
        assert len(server.connections) == 1
        await asyncio.gather(*(ask(connections, server.port) for _ in range(5)))
        assert len(server.connections) == 5


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        PLAIN + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nforge",
    ],
)
async def test_a_connection_that_is_to_end_or_says_too_much_is_not_used_again(
    connections: Connections, answer: bytes
) -> None:
    async with served(answer, PLAIN) as server:
        for _ in range(2):
            assert (await ask(connections, server.port)).content == b"{}"
        assert len(server.connections) == 2


@pytest.mark.parametrize("unasked", [PLAIN, None])
async def test_what_happens_to_a_free_connection_is_seen_before_the_next_call(
    connections: Connections, unasked: bytes | None
) -> None:
    async with served(PLAIN) as server:
        await ask(connections, server.port)
        if unasked is None:
            server.connections[0].close()
        else:
            server.connections[0].write(unasked)
        await asyncio.wait_for(server.ended.wait(), 20)
        assert (await ask(connections, server.port)).content == b"{}"
        assert len(server.connections) == 2


async def test_a_connection_is_kept_for_a_while_only() -> None:
    connections = Connections(idle_seconds=0)
    async with served(PLAIN) as server:
        for _ in range(2):
            await ask(connections, server.port)
        assert len(server.connections) == 2
        await connections.aclose()


async def test_the_answer_to_a_call_that_was_given_up_is_not_taken_for_the_next_ones(connections: Connections) -> None:
    slow = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"
    async with served(slow, PLAIN) as server:
        task = asyncio.create_task(ask(connections, server.port))
        await asyncio.wait_for(server.asked.wait(), 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await ask(connections, server.port)).content == b"{}"
        assert len(server.connections) == 2


async def test_every_wait_has_an_end() -> None:
    connections = Connections(most=1)
    hanging = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"
    async with served(hanging) as server:
        with pytest.raises(httpx.ReadTimeout):
            await ask(connections, server.port, read=0.05)
        first = asyncio.create_task(ask(connections, server.port))
        await asyncio.sleep(0)
        with pytest.raises(httpx.PoolTimeout):
            await ask(connections, server.port, pool=0.05)
        first.cancel()
        # Nobody shakes hands here.
        with pytest.raises(httpx.ConnectTimeout):
            await ask(connections, server.port, scheme="https", connect=0.05)
    await connections.aclose()


async def test_nobody_listening_is_a_failed_connection(connections: Connections, dead_port: int) -> None:
    with pytest.raises(httpx.ConnectError):
        await ask(connections, dead_port)


async def test_another_kind_of_address_is_none(connections: Connections) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await connections.handle_async_request(httpx.Request("GET", "ftp://127.0.0.1/"))


def certificate(folder: Path) -> Path:
    """A key and a certificate of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


async def test_tls_holds_the_other_side_to_its_certificate(tmp_path: Path) -> None:
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    async with served(PLAIN, secure=context) as server:
        trusting = Connections(ssl.create_default_context(cafile=file))
        for _ in range(2):
            assert (await ask(trusting, server.port, scheme="https")).content == b"{}"
        assert len(server.connections) == 1
        await trusting.aclose()
        with pytest.raises(httpx.ConnectError):
            await ask(Connections(), server.port, scheme="https")


ANSWERS = [
    PLAIN,
    b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nX: 1\r\n\r\n",
]


class Written(asyncio.Transport):
    """A transport that goes nowhere."""

    def write(self, data: object) -> None:
        """Forget it."""

    def abort(self) -> None:
        """Nothing to end."""


async def outcome(pieces: list[bytes]) -> tuple[int, bytes] | type[Exception]:
    """What comes of an answer in these pieces, after which the connection ends."""
    connection = _Connection()
    connection.connection_made(Written())
    task = asyncio.create_task(connection.carry(b""))
    await asyncio.sleep(0)
    for piece in pieces:
        connection.data_received(piece)
    connection.connection_lost(None)
    try:
        return (await task).answer()
    except httpx.RequestError as error:
        return type(error)


@given(answer=st.sampled_from(ANSWERS), cuts=st.lists(st.integers(1, 90), max_size=8))
def test_it_does_not_matter_in_which_pieces_an_answer_comes(answer: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in set(cuts) if cut < len(answer)), len(answer)]
    pieces = [answer[start:end] for start, end in itertools.pairwise(places)]
    assert asyncio.run(outcome(pieces)) == asyncio.run(outcome([answer])) != httpx.ReadError


@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"Content-Encoding: gzip\r\n", b"\r\n\r\n", b"0\r\n", *ANSWERS]),
        max_size=6,
    )
)
def test_whatever_comes_is_an_answer_or_a_refused_one(pieces: list[bytes]) -> None:
    result = asyncio.run(outcome(pieces))
    assert isinstance(result, tuple) or result in {httpx.ReadError, httpx.RemoteProtocolError, httpx.DecodingError}
