"""What the fields of a form are chosen from, as far as one page shows it."""

from typing import Any

from app.catalogue.choices import CODES, REGION_LEVELS
from app.catalogue.models import CodeList
from app.finding.places import Family, get_family, widest_place
from app.kit.errors import NotFoundError
from miniapp_api.h5.form_fields import Lists, Options, choosing, level_of


async def lists_of(schema: dict[str, Any], form: dict[str, Any]) -> Lists:
    """The lists that a form chooses from: every code of a list, of places those beside and below what is chosen."""
    chosen = list(choosing(schema, form))
    named = {definition[CODES] for _, definition, _ in chosen if CODES in definition}
    lists = await CodeList.filter(code__in=named) if named else []
    regions = [(path, definition, value) for path, definition, value in chosen if CODES not in definition]
    city = await get_family(await widest_place()) if regions else None
    return Lists(
        codes={one.code: [(entry["code"], entry["name"]) for entry in one.entries] for one in lists},
        places={path: await _places(city, level_of(definition), value) for path, definition, value in regions if city},
    )


async def _places(city: Family, level: str, value: Any) -> list[tuple[Options, str]]:
    """Level by level what may be chosen, down to ``level`` or to the place that is chosen already."""
    here = await _family(value)
    line = _line(city, here) if here else []
    deepest = max(REGION_LEVELS.index(level), REGION_LEVELS.index(here.level) if here and line else 0)
    found: list[tuple[Options, str]] = []
    at: Family | None = city
    for depth in range(REGION_LEVELS.index(city.level) + 1, deepest + 1):
        chosen = line[len(found)] if len(found) < len(line) else ""
        found.append(([(place.code, place.name) for place in at.children] if at else [], chosen))
        at = await _family(chosen) if depth < deepest else None
    return found


def _line(city: Family, here: Family) -> list[str]:
    """The codes from below the city down to a place; empty for one that does not lie in it."""
    above = [place.code for place in here.above]
    return [*above[above.index(city.code) + 1 :], here.code] if city.code in above else []


async def _family(code: Any) -> Family | None:
    try:
        return await get_family(code) if isinstance(code, str) and code else None
    except NotFoundError:
        return None
