"""Values that are chosen from the city's lists: codes (``x-codes``) and places (``x-widget: region``)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REGION = "region"
CODES, WIDGET, LEVEL = "x-codes", "x-widget", "x-level"
REGION_LEVELS = ("province", "city", "county", "township", "village")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the values in a form: the codes of each list named, the level of each place that exists.

    Where one of them is None nobody knows it, and any code or place passes.
    """

    codes: Mapping[str, frozenset[str]] | None = field(default_factory=dict)
    regions: Mapping[str, str] | None = field(default_factory=dict)


UNLOOKED = Known(codes=None, regions=None)
"""For a form that is tried without a look at the city's lists."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that was chosen: where it stands in the form, and the definition of its field."""

    path: tuple[str | int, ...]
    definition: dict[str, Any]
    value: str

    @property
    def codes(self) -> str | None:
        """The list that it is chosen from, None for a place."""
        return str(self.definition[CODES]) if CODES in self.definition else None


def choices(schema: dict[str, Any], form: Any) -> Iterator[Choice]:
    """Every value of a form that is chosen from a list. What is no text is none: its type is wrong already."""
    return _choices(schema, form, ())


def _choices(definition: Any, value: Any, path: tuple[str | int, ...]) -> Iterator[Choice]:
    if not isinstance(definition, dict):
        return
    if isinstance(value, dict):
        for name, child in definition.get("properties", {}).items():
            if name in value:
                yield from _choices(child, value[name], (*path, name))
    elif isinstance(value, list):
        for place, entry in enumerate(value[: definition.get("maxItems")]):
            yield from _choices(definition.get("items"), entry, (*path, place))
    elif isinstance(value, str) and (CODES in definition or definition.get(WIDGET) == REGION):
        yield Choice(path, definition, value)


def wrong(choice: Choice, known: Known) -> str | None:
    """Why a choice is none: ``x-codes``, ``region`` for no place of ours, ``x-level`` for one that is too large."""
    if choice.codes is not None:
        fine = known.codes is None or choice.value in known.codes.get(choice.codes, frozenset())
        return None if fine else CODES
    if known.regions is None:
        return None
    level = known.regions.get(choice.value)
    if level is None:
        return REGION
    least = choice.definition.get(LEVEL)
    fine = least not in REGION_LEVELS or REGION_LEVELS.index(level) >= REGION_LEVELS.index(least)
    return None if fine else LEVEL
