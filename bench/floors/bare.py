"""HTTP without a framework: httptools' parser on asyncio's protocols with uvloop, and a pool of connections."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

import asyncpg
import httptools
import uvloop
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.bootstrap import install_keyring
from app.kit import clock
from config.settings import Settings, load_settings

Handle = Callable[["Request"], Awaitable[tuple[int, bytes]]]
_REASONS = {
    200: b"OK",
    201: b"Created",
    401: b"Unauthorized",
    403: b"Forbidden",
    404: b"Not Found",
    409: b"Conflict",
    422: b"Invalid",
}


class Request:
    """A request: its method, its path, its headers by their names in small letters, its body."""

    __slots__ = ("body", "headers", "method", "path")

    def __init__(self) -> None:
        self.method = self.path = b""
        self.headers: dict[bytes, bytes] = {}
        self.body = b""


class Bearers:
    """Whose access tokens are genuine: each is a JWT whose signature is checked."""

    def __init__(self, settings: Settings, audience: str) -> None:
        keys = settings.keys.session_signing
        self._keys = {
            name: Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key.get_secret_value())).public_key()
            for name, key in keys.items()
        }
        self._audience = audience

    def session(self, header: bytes) -> UUID | None:
        """The session of an Authorization header's token, None where it has none that is genuine and alive."""
        scheme, _, token = header.partition(b" ")
        try:
            signed, _, signature = token.rpartition(b".")
            head, _, body = signed.partition(b".")
            self._keys[json.loads(_decoded(head))["kid"]].verify(_decoded(signature), signed)
            claims = json.loads(_decoded(body))
            right = (claims["aud"], claims["iss"]) == (self._audience, "jiaban")
            session = UUID(claims["sid"])
        except (InvalidSignature, KeyError, TypeError, ValueError):
            return None
        return session if right and scheme == b"Bearer" and claims["exp"] > clock.now().timestamp() else None


def _decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


class _Connection(asyncio.Protocol):
    def __init__(self, handle: Handle) -> None:
        self._handle, self._request = handle, Request()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.WriteTransport
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._request.path = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._request.body += body

    def on_message_complete(self) -> None:
        request, self._request = self._request, Request()
        request.method = self._parser.get_method()
        task = asyncio.get_running_loop().create_task(self._answer(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: Request) -> None:
        status, body = await self._handle(request)
        head = b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % (status, _REASONS[status], len(body)) + body)


def serve(make: Callable[[asyncpg.Pool, Settings], Awaitable[Handle]]) -> None:
    """Serve on the port that the command line names what ``make`` makes of the pool and the settings."""
    uvloop.run(_serve(make, int(sys.argv[1])))


async def _serve(make: Callable[[asyncpg.Pool, Settings], Awaitable[Handle]], port: int) -> None:
    pool, settings = await opened()
    await listen(await make(pool, settings), port)


async def listen(handle: Handle, port: int) -> None:
    """Serve on a local port until it is ended."""
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(handle), "127.0.0.1", port)
    await server.serve_forever()


async def opened() -> tuple[asyncpg.Pool, Settings]:
    """The pool and the settings that all sides share; the keyring is installed."""
    settings = load_settings()
    install_keyring(settings)

    async def read_json(connection: Any) -> None:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")

    most = int(os.environ["BENCH_POOL"])
    url = settings.database_url.get_secret_value()
    return await asyncpg.create_pool(url, min_size=most, max_size=most, init=read_json), settings
