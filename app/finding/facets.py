"""Facets: how many services a search would find with each choice of its filters."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from app.catalogue.models import Department, LifeEvent, Region, Theme
from app.finding.matching import LEVELS, RANK, Filters, Parameters, needs_sound, places_above, read_query, scored
from app.finding.places import widest_place
from app.finding.rules import Search
from app.kit import db, texts


@dataclass(frozen=True, slots=True)
class Offer:
    """An item as facets count it; ``matches`` what was looked for. Without a place it stands for all of its reading."""

    basic_code: str
    region: str
    level: str
    department: str
    audience: frozenset[str]
    themes: frozenset[str]
    matches: bool
    item_code: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice of a filter, its Chinese name, and how many services are found with it."""

    code: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """The choices of each filter that find something. ``regions`` are the places within the present one."""

    departments: list[Choice]
    audiences: list[Choice]
    themes: list[Choice]
    levels: list[Choice]
    regions: list[Choice]
    life_events: list[Choice]


def nearest(offers: Iterable[Offer], places: list[str], level: str = "") -> list[Offer]:
    """Of each service the nearest office's offer among those that serve the last of ``places``."""
    depth = {place: number for number, place in enumerate(places)}
    best: dict[str, Offer] = {}
    for offer in offers:
        if offer.region in depth and level in {"", offer.level}:
            other = best.get(offer.basic_code)
            if other is None or _nearness(offer, depth) > _nearness(other, depth):
                best[offer.basic_code] = offer
    return list(best.values())


def _nearness(offer: Offer, depth: dict[str, int]) -> tuple[int, int, tuple[int, ...]]:
    return depth[offer.region], LEVELS.index(offer.level), tuple(-ord(character) for character in offer.item_code)


def found(offers: Iterable[Offer], filters: Filters, covered: dict[str, set[str]]) -> set[str]:
    """Services among these offers that match and pass the filters. ``covered`` are those of each life event."""
    return {offer.basic_code for offer in offers if _passes(offer, filters, covered)}


def tally(
    offers: Iterable[Offer],
    filters: Filters,
    covered: dict[str, set[str]],
    of: Callable[[Offer], Iterable[str]],
) -> dict[str, int]:
    """How many services pass the filters, for each value that ``of`` gives of their offers."""
    services: dict[str, set[str]] = {}
    for offer in offers:
        if _passes(offer, filters, covered):
            for value in of(offer):
                services.setdefault(value, set()).add(offer.basic_code)
    return {value: len(codes) for value, codes in services.items()}


def _passes(offer: Offer, filters: Filters, covered: dict[str, set[str]]) -> bool:
    return (
        offer.matches
        and filters.department in {"", offer.department}
        and (not filters.audience or filters.audience in offer.audience)
        and (not filters.theme or filters.theme in offer.themes)
        and (not filters.life_event or offer.basic_code in covered.get(filters.life_event, ()))
    )


async def count_facets(text: str, filters: Filters) -> Facets:
    """What each choice of each filter would find, the other filters as they are; only choices that find something.

    Raises RegionUnknownError.
    """
    search = await read_query(text)
    here = await places_above(filters.region or await widest_place())
    children = await Region.filter(parent=here[-1]).order_by("code")
    by_sound = await needs_sound(search)
    local = await _offers(search, [*here, *(child.code for child in children)], by_sound=by_sound)
    everywhere = [] if filters.region else await _anywhere(search, by_sound=by_sound)
    covered = await _covered()
    names = await _Names.read()

    def seen(level: str) -> list[Offer]:
        if filters.region:
            return nearest(local, here, level)
        return [one for one in everywhere if level in {"", one.level}]

    def choices(filter_name: str, names: dict[str, str], of: Callable[[Offer], Iterable[str]]) -> list[Choice]:
        counted = tally(seen(filters.level), replace(filters, **{filter_name: ""}), covered, of)
        return _sorted(Choice(code, names[code], count) for code, count in counted.items() if code in names)

    levels = [Choice(level, name, len(found(seen(level), filters, covered))) for level, name in names.levels.items()]
    within = [
        Choice(child.code, child.name, len(found(nearest(local, [*here, child.code], filters.level), filters, covered)))
        for child in children
    ]
    return Facets(
        departments=choices("department", names.departments, lambda offer: [offer.department]),
        audiences=choices("audience", names.audiences, lambda offer: offer.audience),
        themes=choices("theme", names.themes, lambda offer: offer.themes),
        levels=[choice for choice in levels if choice.count],
        regions=[choice for choice in within if choice.count],
        life_events=choices(
            "life_event", names.life_events, lambda offer: [one for one in covered if offer.basic_code in covered[one]]
        ),
    )


def _sorted(choices: Iterable[Choice]) -> list[Choice]:
    return sorted(choices, key=lambda choice: (-choice.count, choice.code))


@dataclass(frozen=True, slots=True)
class _Names:
    """Every choice there may be, code to Chinese name."""

    departments: dict[str, str]
    audiences: dict[str, str]
    themes: dict[str, str]
    levels: dict[str, str]
    life_events: dict[str, str]

    @classmethod
    async def read(cls) -> "_Names":
        """What the database and the texts say."""
        return cls(
            departments={one.code: one.name async for one in Department.all().only("code", "name")},
            audiences={code: texts.text("audience", code) for code in ("person", "company")},
            themes={one.code: one.name async for one in Theme.all().only("code", "name")},
            levels={level: texts.text("level", level) for level in LEVELS},
            life_events={one.code: one.name async for one in LifeEvent.all().only("code", "name")},
        )


async def _covered() -> dict[str, set[str]]:
    """The services that each life event covers."""
    statement = "SELECT DISTINCT life_event, basic_code FROM life_event_items JOIN items USING (item_code)"
    found: dict[str, set[str]] = {}
    for row in await db.rows(statement):
        found.setdefault(row["life_event"], set()).add(row["basic_code"])
    return found


_COLUMNS = "readings.basic_code, readings.department, readings.audience, readings.themes"


async def _offers(search: Search | None, places: list[str], *, by_sound: bool) -> list[Offer]:
    """Whatever is offered at these places themselves."""
    values = Parameters()
    statement = f"""
        WITH {scored(search, values, by_sound=by_sound)}
        SELECT {_COLUMNS}, items.item_code, items.region, items.level, scored.id IS NOT NULL AS matches
        FROM items JOIN readings ON readings.id = items.reading LEFT JOIN scored ON scored.id = items.reading
        WHERE items.region = ANY({values.add(places)}::text[])
    """
    return [_offer(row) for row in await db.rows(statement, *values.values)]


async def _anywhere(search: Search | None, *, by_sound: bool) -> list[Offer]:
    """What matches, once for each reading and level at which it is offered."""
    values = Parameters()
    statement = f"""
        WITH {scored(search, values, by_sound=by_sound)}
        SELECT DISTINCT {_COLUMNS}, '' AS item_code, '' AS region, level, true AS matches
        FROM scored JOIN readings ON readings.id = scored.id
            CROSS JOIN unnest({values.add(list(LEVELS))}::text[]) WITH ORDINALITY AS one (level, place)
        WHERE EXISTS (SELECT FROM items WHERE items.reading = readings.id AND {_RANK_OF_ITEM} = one.place - 1)
    """
    return [_offer(row) for row in await db.rows(statement, *values.values)]


_RANK_OF_ITEM = RANK.replace("CASE level", "CASE items.level")


def _offer(row: dict[str, Any]) -> Offer:
    audience, themes = frozenset(json.loads(row.pop("audience"))), frozenset(json.loads(row.pop("themes")))
    return Offer(**row, audience=audience, themes=themes)
