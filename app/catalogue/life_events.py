"""Life events (一件事): several items that people come for together, asked for by one form."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.errors import LifeEventItemsInvalidError
from app.catalogue.guide import Audience

_STRICT = ConfigDict(extra="forbid", frozen=True)


class CoveredItem(BaseModel):
    """An item of a life event; one that is not ``required`` may be left out by whoever does not need it."""

    model_config = _STRICT
    item_code: str
    required: bool


class LifeEventDefinition(BaseModel):
    """A life event as it stands in ``config/city/life_events/``.

    Each entry of ``same`` names by item the field that means one thing under different names; the first one's
    definition is what is asked by.
    """

    model_config = _STRICT
    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)
    name: str
    summary: str
    audience: list[Audience] = Field(min_length=1)
    themes: list[str]
    keywords: list[str]
    items: list[CoveredItem] = Field(min_length=2)
    same: list[dict[str, str]]


Place = tuple[str, str]
"""A field of an item's form: the item's code and the field's name."""

_KIND = ("type", "enum", "format", "x-codes", "x-widget")


@dataclass(frozen=True, slots=True)
class Links:
    """Which fields of several forms mean one thing: each place to the place that it is asked at.

    A field is asked at the first item that has it, in the life event's order.
    """

    asked_at: dict[Place, Place]

    @property
    def item_codes(self) -> list[str]:
        """The items, in the life event's order."""
        return list(dict.fromkeys(code for code, _ in self.asked_at))

    def asked(self, item_code: str) -> list[str]:
        """The fields that are asked for with an item, in its form's order: those that no earlier item asked for."""
        return [place[1] for place, leader in self.asked_at.items() if place[0] == item_code and leader == place]

    def spread(self, item_code: str, changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Changes to one item's form as changes to every form that has the same fields, by item."""
        found: dict[str, dict[str, Any]] = {item_code: dict(changes)}
        for name, value in changes.items():
            leader = self.asked_at.get((item_code, name))
            for (code, field), other in self.asked_at.items():
                if leader is not None and other == leader and code != item_code:
                    found.setdefault(code, {})[field] = value
        return found


def link_fields(event: LifeEventDefinition, schemas: Mapping[str, dict[str, Any]]) -> Links:
    """Which fields of the items' forms are asked once; ``schemas`` are those of the items that were chosen.

    Fields of one name are one where they are of one kind; ``same`` joins fields of several names.
    """
    aliases = {(code, field): number for number, names in enumerate(event.same) for code, field in names.items()}
    leaders: dict[tuple[Any, ...], Place] = {}
    asked_at: dict[Place, Place] = {}
    for code in (item.item_code for item in event.items if item.item_code in schemas):
        for name, definition in schemas[code].get("properties", {}).items():
            number = aliases.get((code, name))
            kind = tuple(repr(definition.get(keyword)) for keyword in _KIND)
            key = ("same", number) if number is not None else (name, *kind)
            asked_at[code, name] = leaders.setdefault(key, (code, name))
    return Links(asked_at)


def choose_items(event: LifeEventDefinition, chosen: Collection[str]) -> list[str]:
    """The codes of the items chosen, in the life event's order.

    Raises LifeEventItemsInvalidError where one is no item of it, or one that it needs is missing.
    """
    known = [item.item_code for item in event.items]
    needed = {item.item_code for item in event.items if item.required}
    if not needed <= set(chosen) <= set(known):
        raise LifeEventItemsInvalidError
    return [code for code in known if code in chosen]
