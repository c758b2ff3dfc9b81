"""Finding items."""

import json
from dataclasses import dataclass
from typing import Any

from app.finding.matching import (
    RANK,
    Filters,
    Parameters,
    fits_well,
    narrowed,
    needs_sound,
    of_level,
    offered,
    places_above,
    read_query,
    scored,
    sound_by_itself,
)
from app.finding.rules import Search
from app.kit import db
from app.kit.paging import PAGE, Page, decode_cursor, encode_cursor

ITEM_COLUMNS = """items.item_code, items.basic_code, items.name, items.short_name, items.department, items.region,
    items.level, items.audience, items.handling, items.promised_days, items.online_depth, items.reading"""
"""What of an item lists are made from."""


@dataclass(frozen=True, slots=True)
class ItemEntry:
    """An item in a list. Time limits are in working days; ``level`` is that of the office that handles it."""

    item_code: str
    name: str
    short_name: str
    department: str
    region: str
    level: str
    audience: list[str]
    handling: str
    promised_days: int
    online_depth: int


def entry_of(row: dict[str, Any]) -> ItemEntry:
    """A row that has the columns of an entry."""
    return ItemEntry(
        **{name: row[name] for name in ItemEntry.__dataclass_fields__ if name != "audience"},
        audience=json.loads(row["audience"]),
    )


async def search_items(
    text: str,
    region: str,
    audience: str,
    cursor: str | None,
    *,
    department: str = "",
    theme: str = "",
    life_event: str = "",
    level: str = "",
) -> Page[ItemEntry]:
    """Services that ``text`` looks for, as ``find_items`` finds them; an empty text asks for all."""
    filters = Filters(region, audience, department, theme, life_event, level)
    return await find_items(await read_query(text), filters, cursor)


async def find_items(search: Search | None, filters: Filters, cursor: str | None) -> Page[ItemEntry]:
    """Services that a search looks for, None for all, the best match first, then the most used: one item of each.

    With a region it is the item of the nearest office among those that serve the region, without one that of the
    highest. Raises RegionUnknownError or InvalidCursorError.
    """
    places = await places_above(filters.region) if filters.region else []
    after = decode_cursor(cursor, int, int, int, str)
    by_sound = bool(after[0]) if after else sound_by_itself(search)
    found = await _page(search, filters, places, after, by_sound=bool(by_sound))
    if by_sound is None:
        by_sound = not fits_well(found[0]["best"]) if found else await needs_sound(search)
        if by_sound:
            found = await _page(search, filters, places, after, by_sound=True)
    last = found[PAGE - 1] if len(found) > PAGE else None
    more = encode_cursor(int(by_sound), -last["score"], -last["uses"], last["item_code"]) if last else None
    return Page([entry_of(row) for row in found[:PAGE]], more)


async def _page(
    search: Search | None, filters: Filters, places: list[str], after: tuple[Any, ...] | None, *, by_sound: bool
) -> list[dict[str, Any]]:
    values = Parameters()
    tables = scored(search, values, by_sound=by_sound)
    score = f"scored.base + {_bonus(values.add(search.core))}" if search else "0"
    shown = _nearest(filters, places, values, score) if places else _highest(filters, values, score)
    best = ", (SELECT max(base) FROM scored) AS best" if search else ""
    behind = ""
    if after:
        key = ", ".join(values.add(value) for value in after[1:])
        behind = f"WHERE (-score, -uses, item_code) > ({key})"
    statement = f"""
        WITH {tables}, shown AS ({shown}),
        ranked AS (SELECT shown.*, COALESCE(uses, 0) AS uses FROM shown LEFT JOIN popularity USING (basic_code))
        SELECT *{best} FROM ranked {behind} ORDER BY -score, -uses, item_code LIMIT {PAGE + 1}
    """
    return await db.rows(statement, *values.values)


def _bonus(core: str) -> str:
    """What a match in one piece is worth, in 1/1000: a name that begins so, one that holds it, a keyword."""
    return f"""(
        CASE WHEN title = {core} THEN 700 WHEN title LIKE {core} || '%' THEN 600
            WHEN title LIKE '%' || {core} || '%' THEN 400 ELSE 0 END
        + CASE WHEN E'\\n' || keywords || E'\\n' LIKE E'%\\n' || {core} || E'\\n%' THEN 500
            WHEN keywords LIKE '%' || {core} || '%' AND title NOT LIKE '%' || {core} || '%' THEN 100 ELSE 0 END
        + CASE WHEN title LIKE '%' || {core} || '%' THEN 50 * length({core}) / length(title) ELSE 0 END
    )"""


def _nearest(filters: Filters, places: list[str], values: Parameters, score: str) -> str:
    """Of what is offered here, the nearest office's item of each service, where it matches."""
    here = offered(places, values, ITEM_COLUMNS, more=of_level(filters, values))
    return f"""
        SELECT offered.*, scored.base, {score} AS score
        FROM ({here}) AS offered JOIN scored ON scored.id = offered.reading JOIN readings ON readings.id = scored.id
        WHERE {narrowed(filters, values)}
    """


def _highest(filters: Filters, values: Parameters, score: str) -> str:
    """Of what matches, the highest office's item of each service."""
    return f"""
        SELECT DISTINCT ON (readings.basic_code) offered.*, scored.base, {score} AS score
        FROM scored JOIN readings ON readings.id = scored.id CROSS JOIN LATERAL (
            SELECT {ITEM_COLUMNS}, {RANK} AS rank FROM items WHERE reading = readings.id {of_level(filters, values)}
            ORDER BY {RANK}, item_code LIMIT 1
        ) AS offered
        WHERE {narrowed(filters, values)}
        ORDER BY readings.basic_code, offered.rank, score DESC, offered.item_code
    """
