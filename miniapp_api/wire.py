"""Requests and answers as Sanic has them, made cheaper: a number for each request, headers encoded once."""

import secrets
from collections.abc import Iterable
from functools import lru_cache
from itertools import count

from sanic import HTTPResponse, Request
from sanic.response.types import ResponseStream

_RUN = secrets.token_hex(8)
_NUMBERS = count(1)
# What these headers say comes from the code alone, in few variants.
_CONSTANT = {
    "alt-svc",
    "cache-control",
    "connection",
    "content-security-policy",
    "content-type",
    "cross-origin-opener-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
}
_UNFRAMED = "frame-ancestors 'none'"
_TLS_ONLY = "max-age=31536000"
_BREAKS = str.maketrans("", "", "\r\n\0")


class NumberedRequest(Request):
    """A request whose id is this process' own name, drawn at its start, and a number."""

    @property
    def id(self) -> str:
        """The id by which logs, errors and the header X-Request-Id name this request."""
        if self._id is None:
            self._id = f"{_RUN}-{next(_NUMBERS):x}"
        return str(self._id)


class Answer(HTTPResponse):
    """An answer whose constant headers are encoded once."""

    @property
    def processed_headers(self) -> Iterable[tuple[bytes, bytes]]:  # type: ignore[override]  # Sanic only iterates
        """Names and values as they are sent; no value breaks out of its line."""
        headers = self.headers
        if self.content_type and self.status not in _WITHOUT_BODY:
            headers.setdefault("content-type", self.content_type)
        return [
            _encoded_once(name, value) if name.lower() in _CONSTANT else _encoded(name, value)
            for name, value in headers.items()
        ]


_WITHOUT_BODY = {204, 304}


def _encoded(name: str, value: object) -> tuple[bytes, bytes]:
    return name.encode("ascii"), f"{value}".translate(_BREAKS).encode(errors="surrogateescape")


_encoded_once = lru_cache(maxsize=256)(_encoded)


def guard(answer: HTTPResponse | ResponseStream, *, over_tls: bool) -> None:
    """Have a browser frame no answer, take it for nothing but what it is and, where we are served over TLS, come by
    no other way from now on (RFC 6797). What an answer says itself stays.
    """
    headers = answer.headers
    headers.setdefault("Content-Security-Policy", _UNFRAMED)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if over_tls:
        headers["Strict-Transport-Security"] = _TLS_ONLY
