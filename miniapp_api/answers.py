"""How answers are written: JSON in UTF-8, never cached unless a route says so."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel
from sanic import HTTPResponse
from sanic.compat import Header
from sanic.response.types import ResponseStream

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_OF_JSON = {**_HEADERS, "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
_JSON = "application/json; charset=utf-8"
_LINES_OF_JSON = "".join(f"{name}: {value}\r\n" for name, value in {**_OF_JSON, "Content-Type": _JSON}.items())


class JsonAnswer(HTTPResponse):
    """An answer whose body is written already. While it says what every such answer does, nobody makes its headers."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str] | None) -> None:
        """``headers`` are those that it has beside the ones of every answer in JSON, or instead of them."""
        self.asgi, self.stream, self._cookies = False, None, None
        self.body, self.status, self.content_type = body, status, _JSON
        self._also = ""
        self._headers = Header({**_OF_JSON, **headers}) if headers else None

    @property
    def headers(self) -> Header:  # type: ignore[override]  # Sanic has an attribute
        """Its headers, to be changed."""
        if self._headers is None:
            lines = [line.partition(": ") for line in self._also.splitlines()]
            self._headers = Header({**_OF_JSON, **{name: value for name, _, value in lines}})
        return self._headers

    def say(self, lines: str) -> bool:
        """Have its head end with these lines too, each ``Name: value`` and its end; False where it has headers."""
        if self._headers is not None:
            return False
        self._also += lines
        return True

    @property
    def lines(self) -> str | None:
        """The lines of its head, without those that delimit it; None where its headers say them."""
        return f"{_LINES_OF_JSON}{self._also}" if self._headers is None else None


def json_answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    """An answer in JSON. A model is written by its schema, anything else by the standard library."""
    if isinstance(body, BaseModel):
        # What model_dump_json does, which decodes it for whoever wants text.
        content = body.__pydantic_serializer__.to_json(body, by_alias=True)
    else:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    return JsonAnswer(content, status, headers)


def cacheable_answer(
    content: str | bytes, etag: str, asked: str | None, *, content_type: str = _JSON, seconds: int = 0
) -> HTTPResponse:
    """What anybody may keep for so many seconds and asks about again; 304 where ``asked`` (If-None-Match) names it."""
    age = f"max-age={seconds}" if seconds else "no-cache"
    headers = {"Cache-Control": f"public, {age}", "ETag": f'"{etag}"', "X-Content-Type-Options": "nosniff"}
    if _names(asked, etag):
        return HTTPResponse(status=304, headers=headers)
    return HTTPResponse(content, headers=headers, content_type=content_type)


async def owned_answer(
    make: Callable[[], Awaitable[bytes]], content_type: str, etag: str, asked: str | None
) -> HTTPResponse:
    """A file that only its owner's phone may keep; it is made unless ``asked`` (If-None-Match) names what it is."""
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{etag}"', "X-Content-Type-Options": "nosniff"}
    if _names(asked, etag):
        return HTTPResponse(status=304, headers=headers)
    return HTTPResponse(await make(), headers=headers, content_type=content_type)


def _names(asked: str | None, etag: str) -> bool:
    """Whether an If-None-Match names this ETag (RFC 9110, 13.1.2)."""
    known = {tag.strip().removeprefix("W/") for tag in (asked or "").split(",")}
    return f'"{etag}"' in known or "*" in known


def file_answer(content: bytes, content_type: str) -> HTTPResponse:
    """A file that nobody on the way may keep."""
    return HTTPResponse(content, headers=_HEADERS, content_type=content_type)


def zip_answer(pieces: AsyncIterator[bytes], size: int, name: str) -> ResponseStream:
    """A ZIP of ``size`` bytes, sent piece by piece, that nobody on the way may keep."""

    async def send(stream: Any) -> None:
        async for piece in pieces:
            await stream.response.send(piece)

    headers = {"Content-Length": str(size), "Content-Disposition": f'attachment; filename="{name}"'}
    return ResponseStream(send, headers={**_HEADERS, **headers}, content_type="application/zip")
