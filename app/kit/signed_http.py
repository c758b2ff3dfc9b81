"""The client side of signed HTTP: one request, and which of a port's three errors its failure is."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from app.kit import clock
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError
from app.kit.signing import Signer

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_PASSING = {401, 408, 425, 429}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: its status and its JSON."""

    status: int
    body: Any


class SignedHttp:
    """Signed requests to one partner."""

    def __init__(self, http: httpx.AsyncClient, signer: Signer) -> None:
        """``http`` carries the partner's base address and time-outs."""
        self._http, self._signer = http, signer

    async def request(self, method: str, path: str, body: Any = None, *, expected: frozenset[int]) -> Answer:
        """Send one request and return its answer, whose status is one of ``expected``.

        Raises TryLaterError where it certainly was not done, RefusedError for any other 4xx, and AmbiguousError where
        the answer is missing or unreadable.
        """
        content = b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = self._signer.headers(method, path, content, now=clock.now().timestamp())
        if content:
            headers["Content-Type"] = "application/json"
        try:
            response = await self._http.request(method, path, content=content, headers=headers)
        except _NOT_SENT as error:
            raise TryLaterError("unreachable") from error
        except httpx.HTTPError as error:
            raise AmbiguousError("no_answer") from error
        if response.status_code in expected:
            return Answer(response.status_code, _json(response))
        if response.status_code in _PASSING:
            raise TryLaterError(f"status_{response.status_code}")
        if response.is_client_error:
            raise RefusedError(f"status_{response.status_code}")
        raise AmbiguousError(f"status_{response.status_code}")


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        raise AmbiguousError("unreadable_answer") from error
