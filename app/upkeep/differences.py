"""What became of a guide between two versions, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_KEYS = ("id", "value")
_ORDERED = "properties"
"""Fields of a form are shown in the order in which they stand."""


class Kind(StrEnum):
    """What happened at a place."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Difference:
    """A change at a place, such as ``materials.site_photo.copies``.

    Entries that have an ``id`` or a ``value`` are named by it, others by their position. ``before`` and ``after`` are
    what stood there; of what ``moved`` they are the names in their order, those of entries in both alone.
    """

    path: str
    kind: Kind
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """How two values as JSON has them differ; nothing where they are the same."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_names(before, after, path, ordered=path.rpartition(".")[2] == _ORDERED)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    elif _differ(before, after):
        yield Difference(path, Kind.CHANGED, before, after)


def _differ(before: Any, after: Any) -> bool:
    """In JSON a truth value is no number, which Python holds to be equal."""
    return before != after or isinstance(before, bool) is not isinstance(after, bool)


def _of_names(before: dict[str, Any], after: dict[str, Any], path: str, *, ordered: bool) -> Iterator[Difference]:
    for name in [*before, *(name for name in after if name not in before)]:
        place = f"{path}.{name}" if path else name
        if name not in after:
            yield Difference(place, Kind.REMOVED, before[name], None)
        elif name not in before:
            yield Difference(place, Kind.ADDED, None, after[name])
        else:
            yield from differences(before[name], after[name], place)
    if ordered:
        was, now = [name for name in before if name in after], [name for name in after if name in before]
        if was != now:
            yield Difference(path, Kind.MOVED, was, now)


def _of_lists(before: list[Any], after: list[Any], path: str) -> Iterator[Difference]:
    key = next((key for key in _KEYS if _named(before, key) and _named(after, key)), None)
    if key:
        was, now = ({entry[key]: entry for entry in entries} for entries in (before, after))
        yield from _of_names(was, now, path, ordered=True)
    elif len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}.{place}")
    else:
        yield Difference(path, Kind.CHANGED, before, after)


def _named(entries: list[Any], key: str) -> bool:
    """Whether each entry has a name of its own under a key."""
    names = [entry.get(key) for entry in entries if isinstance(entry, dict)]
    return len(names) == len(entries) and all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
