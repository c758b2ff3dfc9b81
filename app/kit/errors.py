"""Domain errors: what a citizen, a member of staff or another system is told when something cannot be done.

    DomainError
      one class per published code, beside the rule that raises it (each room's ``errors.py``)

A class names a stable ``code`` and a ``kind``. The Chinese sentence stands under that code in
``config/texts/zh-CN.yaml``; ``miniapp_api/errors.py`` alone turns a kind into an HTTP status.
"""

from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """Why something cannot be done, without a word about HTTP."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


class DomainError(Exception):
    """Base of all published errors. ``context`` is public: never put a personal value into it."""

    code: ClassVar[str]
    kind: ClassVar[Kind]
    published: ClassVar[dict[str, type["DomainError"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        other = DomainError.published.setdefault(cls.code, cls)
        if other is not cls:
            raise TypeError(f"two errors share the code {cls.code}")

    def __init__(self, **context: Any) -> None:
        super().__init__(self.code)
        self.context = context


class NotFoundError(DomainError):
    """No such thing, or it is somebody else's: both look the same from outside."""

    code, kind = "not_found", Kind.NOT_FOUND


class InvalidCursorError(DomainError):
    """A page cursor that this service did not make."""

    code, kind = "invalid_cursor", Kind.INVALID


class RateLimitedError(DomainError):
    """Too many tries; ``retry_after`` seconds stand in the context."""

    code, kind = "rate_limited", Kind.RATE_LIMITED


class TemporarilyUnavailableError(DomainError):
    """Something this needs is away for the moment; nothing was done."""

    code, kind = "temporarily_unavailable", Kind.UNAVAILABLE
