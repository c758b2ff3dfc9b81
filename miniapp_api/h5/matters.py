"""What a mandate covers, named for people."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.catalogue.queries import all_licence_types, names_of
from app.mandates.rules import EVERYTHING
from miniapp_api.citizen.items import ItemQuery, search_items

MOST_FOUND = 8


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter by its code (``item:<item code>``, ``licence:<type code>``) with its name."""

    code: str
    name: str


async def licence_matters() -> list[Matter]:
    """Every kind of licence, as a matter."""
    return [Matter(f"licence:{kind.code}", kind.name) for kind in await all_licence_types()]


async def found_matters(words: str) -> list[Matter]:
    """The items that a search finds first, as matters."""
    if not words.strip():
        return []
    found = await search_items(ItemQuery(q=words))
    return [Matter(f"item:{item.item_code}", item.name) for item in found.items[:MOST_FOUND]]


async def named_matters(codes: Iterable[str]) -> list[Matter]:
    """Matters with their names, in order; one that the city offers no more keeps its code. Not ``*``."""
    wanted = [code for code in dict.fromkeys(codes) if code != EVERYTHING]
    items = await names_of(code.partition(":")[2] for code in wanted if code.startswith("item:"))
    known = {f"item:{code}": name for code, name in items.items()}
    known |= {matter.code: matter.name for matter in await licence_matters()}
    return [Matter(code, known.get(code, code.partition(":")[2])) for code in wanted]
