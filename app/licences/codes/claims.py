"""What a code says to somebody without a network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.catalogue.licence_type import Preset

NONCE_BYTES = 16
_LONGEST_HOLDER = 4
"""Characters of a masked name: how many are hidden helps nobody to compare it, and costs a finer symbol."""


class CodeKind(StrEnum):
    """A code for now, one that was fetched beforehand for a place without network, or one printed at a window."""

    LIVE = "live"
    HELD = "held"
    PAPER = "paper"


LONGEST: Mapping[CodeKind, timedelta] = {
    CodeKind.LIVE: timedelta(seconds=60),
    CodeKind.HELD: timedelta(hours=12),
    CodeKind.PAPER: timedelta(days=365),
}
"""How long a code of a kind lives at most; one that says more is none."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a code says, which is no more than its holder chose to show.

    ``nonce`` has 16 bytes, ``reference`` (that of the licence) 8. ``licence_type`` and ``valid_until`` are None where
    the preset does not tell them, ``valid_until`` also where the licence has no end. ``facts`` are true or false by
    name; there is one, ``over_60``. ``status_list`` and ``status_index`` are the place in the published status lists.
    """

    kind: CodeKind
    nonce: bytes
    issued_at: datetime
    expires_at: datetime
    reference: bytes
    licence_type: str | None
    masked_holder: str
    valid_until: date | None
    preset: Preset
    facts: Mapping[str, bool] = field(default_factory=dict)
    status_list: int | None = None
    status_index: int | None = None


@dataclass(frozen=True, slots=True)
class SignedCode:
    """A code: its token as written in the QR, and the SHA-256 of all its bytes in hexadecimal."""

    token: str
    digest: str
    claims: Claims


def shortened(masked: str) -> str:
    """A masked name that fits into a code: of a longer one fewer of the hidden characters are told."""
    if len(masked) <= _LONGEST_HOLDER:
        return masked
    return masked[0] + "*" * (_LONGEST_HOLDER - 2) + masked[-1]
