"""Reads of status lists, as they are served."""

from dataclasses import dataclass

from app.licences.status.models import StatusList

_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Published:
    """A list's token, and its SHA-256 in hexadecimal."""

    token: bytes
    digest: str


async def published_list(number: int) -> Published | None:
    """A list as the worker made it last; None where there is none."""
    if not 0 <= number <= _MOST:
        return None
    found = await StatusList.get_or_none(number=number, token__isnull=False).values("token", "digest")
    return Published(bytes(found["token"]), found["digest"]) if found else None


async def published_numbers() -> list[int]:
    """The numbers of all lists that are served."""
    served = StatusList.filter(token__isnull=False).order_by("number").only("id", "number")
    return [one.number for one in await served]
