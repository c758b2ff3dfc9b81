"""The way back to the product: signed HTTP, repeated until it is answered."""

import asyncio
import hashlib
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import httpx

from app.kit.signing import Signer

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 5.0
_MAX_DOUBLINGS = 10
_REFUSALS = 5
_TIMEOUT = httpx.Timeout(5.0, pool=None)
_LIMITS = httpx.Limits(max_connections=20)
_PASSING = {401, 408, 409, 429}


class Reply(NamedTuple):
    """A status, or None where no answer came, and the SHA-256 of the body in lower-case hexadecimal."""

    status: int | None
    sha256: str = ""


def is_final(status: int) -> bool:
    """Whether an answer says that the same request will never be taken: 4xx other than 401, 408, 409 and 429."""
    return httpx.codes.is_client_error(status) and status not in _PASSING


async def persist(attempt: Callable[[], Awaitable[Reply]]) -> Reply | None:
    """Repeat ``attempt`` until it is answered with 2xx, waiting 0.2 s, then twice as long each time, at most 5 s.

    None where the fifth final answer came.
    """
    refusals = 0
    for count in itertools.count():
        reply = await attempt()
        if reply.status is not None:
            if httpx.codes.is_success(reply.status):
                return reply
            refusals += is_final(reply.status)
        if refusals >= _REFUSALS:
            break
        await asyncio.sleep(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(count, _MAX_DOUBLINGS)))
    return None


class Product:
    """The product's address and the key shared with it. It lives on one event loop."""

    def __init__(self, base_url: str, signer: Signer) -> None:
        self._signer = signer
        self._http = httpx.AsyncClient(base_url=base_url, timeout=_TIMEOUT, limits=_LIMITS, trust_env=False)

    async def post(self, path: str, body: bytes) -> Reply:
        """POST a JSON body once, signed anew."""
        return await self._send("POST", path, body)

    async def get(self, path: str) -> Reply:
        """GET a path once, signed anew."""
        return await self._send("GET", path, b"")

    async def _send(self, method: str, path: str, body: bytes) -> Reply:
        request = self._http.build_request(method, path, content=body, headers={"Content-Type": "application/json"})
        target = request.url.raw_path.decode("ascii")
        request.headers.update(self._signer.headers(method, target, body, now=time.time()))
        digest = hashlib.sha256()
        try:
            response = await self._http.send(request, stream=True)
            try:
                async for chunk in response.aiter_bytes():
                    digest.update(chunk)
            finally:
                await response.aclose()
        except httpx.HTTPError:
            return Reply(None)
        return Reply(response.status_code, digest.hexdigest())

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
