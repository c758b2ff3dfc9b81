"""What the approval system's result says of the licence that it leads to. No I/O.

``data`` of the event ``approved`` may have ``valid_from`` and ``valid_until`` as YYYY-MM-DD of 1900 to 2999, and
``licence``. That has ``fields`` that no form asks for, by their names, and where it follows an earlier licence its
``relation`` (``change``, ``renewal`` or ``replacement``) and ``follows``, the earlier one's identifier, number or case
number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

_LONGEST = 2000
# Systems write the first and the last day that there is for "none".
_EARLIEST, _LATEST = date(1900, 1, 1), date(2999, 12, 31)


class Relation(StrEnum):
    """How a licence follows an earlier one."""

    CHANGE = "change"
    RENEWAL = "renewal"
    REPLACEMENT = "replacement"


@dataclass(frozen=True, slots=True)
class LicenceResult:
    """A result as far as it is about the licence.

    Without ``relation`` it is a licence of its own. ``follows`` is empty where the holder's only one is meant.
    """

    valid_from: date
    valid_until: date | None = None
    relation: Relation | None = None
    follows: str = ""
    fields: dict[str, Any] = field(default_factory=dict, repr=False)


def read_result(data: Mapping[str, Any], today: date) -> LicenceResult:
    """What a result says; what cannot be read of it counts as not said, and without a day it begins today."""
    licence = data.get("licence")
    said: Mapping[str, Any] = licence if isinstance(licence, dict) else {}
    written = said.get("fields")
    return LicenceResult(
        valid_from=_day(data.get("valid_from")) or today,
        valid_until=_day(data.get("valid_until")),
        relation=next((one for one in Relation if one == said.get("relation")), None),
        follows=str(said.get("follows") or "").strip(),
        fields={name: value for name, value in written.items() if _is_value(value)}
        if isinstance(written, dict)
        else {},
    )


def _day(written: object) -> date | None:
    try:
        day = date.fromisoformat(str(written)) if written else None
    except ValueError:
        return None
    return day if day and _EARLIEST <= day <= _LATEST else None


def _is_value(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, str) and len(one) <= _LONGEST for one in value)
    return isinstance(value, str | int | float) and len(str(value)) <= _LONGEST
