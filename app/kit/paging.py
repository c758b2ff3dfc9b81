"""Pages of a list: a cursor names the last row seen, so that rows that come in between shift nothing."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from tortoise import Model
from tortoise.queryset import QuerySet

from app.kit.errors import InvalidCursorError

PAGE = 20
T = TypeVar("T")
M = TypeVar("M", bound=Model)
_MAX_CURSOR = 512
_MAX_INTEGER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page: its rows and the cursor of the next one, None at the end."""

    items: list[T]
    next_cursor: str | None


def encode_cursor(*key: Any) -> str:
    """The cursor that names a row by its sort key."""
    return base64.urlsafe_b64encode(json.dumps(key, ensure_ascii=False).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The sort key in a cursor, one value per kind; None for the first page.

    Raises InvalidCursorError, also where PostgreSQL could not take a value: a text that holds NUL or half a surrogate
    pair, a number beyond 32 bits.
    """
    if not cursor:
        return None
    try:
        padded = cursor[:_MAX_CURSOR] + "=" * (-len(cursor) % 4)
        key = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise InvalidCursorError from error
    if not isinstance(key, list) or len(key) != len(kinds):
        raise InvalidCursorError
    if not all(type(value) is kind for value, kind in zip(key, kinds, strict=True)):
        raise InvalidCursorError
    if not all(value.isprintable() if isinstance(value, str) else abs(value) <= _MAX_INTEGER for value in key):
        raise InvalidCursorError
    return tuple(key)


async def newest_first(query: QuerySet[M], cursor: str | None) -> Page[M]:
    """One page of rows whose ids are UUIDv7, the newest first. Raises InvalidCursorError."""
    key = decode_cursor(cursor, str)
    if key:
        try:
            query = query.filter(id__lt=UUID(key[0]))
        except ValueError as error:
            raise InvalidCursorError from error
    found = await query.order_by("-id").limit(PAGE + 1)
    return Page(found[:PAGE], encode_cursor(str(found[PAGE - 1].pk)) if len(found) > PAGE else None)
