"""The SQL that searches and facets share: which readings match, how well, and which items are offered where."""

from dataclasses import dataclass, field
from typing import Any

from app.catalogue.models import Region
from app.finding import words
from app.finding.errors import RegionUnknownError
from app.finding.indexed_words import indexed_words
from app.finding.rules import Search, understand
from app.kit import db

RANK = "(CASE level WHEN 'city' THEN 0 WHEN 'county' THEN 1 WHEN 'township' THEN 2 ELSE 3 END)"
"""The level of an office as a number, the highest first: written as in the indexes of ``items``."""

LEVELS = ("city", "county", "township", "village")

# Where nothing fits as well as this, in 1/1000, the query may have been mistyped.
_SURE = 650

# What fits less well is no match; texts fit no better.
_LEAST = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a search; an empty text does not. ``region`` is where the citizen is, ``level`` the office's."""

    region: str = ""
    audience: str = ""
    department: str = ""
    theme: str = ""
    life_event: str = ""
    level: str = ""


@dataclass(slots=True)
class Parameters:
    """The values of a statement that is put together, and their places in it."""

    values: list[Any] = field(default_factory=list)

    def add(self, value: Any) -> str:
        """The place of one more value."""
        self.values.append(value)
        return f"${len(self.values)}"


async def read_query(query: str) -> Search | None:
    """What a query looks for, by the words that are indexed; None where it is empty and looks for all."""
    if not query.strip():
        return None
    return understand(query, await indexed_words())


async def needs_sound(search: Search | None) -> bool:
    """Whether to look for what sounds alike: where it is spelled in letters, or where no reading fits well."""
    needed = sound_by_itself(search)
    if search is None or needed is not None:
        return bool(needed)
    values = Parameters()
    statement = f"WITH {scored(search, values, by_sound=False)} SELECT max(base) AS best FROM scored"
    found = await db.row(statement, *values.values)
    return not fits_well(found["best"] if found else None)


def sound_by_itself(search: Search | None) -> bool | None:
    """The same, as far as what is looked for tells it; None where it depends on how well readings fit."""
    if search is None or search.known or not search.core:
        return False
    return True if search.is_spelled or not search.concepts else None


def fits_well(best: int | None) -> bool:
    """Whether the best ``base`` of all readings, None where none matches, leaves no doubt what was meant."""
    return (best or 0) >= _SURE


async def places_above(region: str) -> list[str]:
    """A region and all above it, the highest first. Raises RegionUnknownError."""
    found = await Region.get_or_none(code=region).only("code", "path")
    if found is None:
        raise RegionUnknownError
    return found.path.split(".") if found.path else [found.code]


def scored(search: Search | None, values: Parameters, *, by_sound: bool) -> str:
    """Tables of a WITH: ``scored``, the readings that match, each with ``base``, its share of what is asked in 1/1000.

    With ``by_sound`` also those that have all of it in their texts, else those whose names or keywords sound like it.
    Whatever is far behind the best is left out.
    """
    if search is None:
        return "scored AS (SELECT id, 0 AS base FROM readings)"
    tables, sources = [], []
    if search.concepts:
        tables.append(_concepts(search, values))
        sources.append(_by_words(search, values))
    if by_sound and search.core:
        telling = f"texts @@ {values.add(search.in_texts)}::tsquery" if search.in_texts else "false"
        tables.append(f"telling AS MATERIALIZED (SELECT id FROM readings WHERE {telling})")
        tables.append(_by_sound(search, values))
        sources.append(f"SELECT id, {_LEAST} FROM telling")
        sources.append("SELECT readings.id, sounding.base FROM sounding JOIN readings USING (basic_code)")
    if not sources:
        sources.append("SELECT id, 0 AS base FROM readings WHERE false")
    tables.append(f"""
        matching AS (SELECT id, max(base) AS base FROM ({" UNION ALL ".join(sources)}) AS one (id, base) GROUP BY id),
        scored AS MATERIALIZED (
            SELECT id, base::int FROM (SELECT id, base, max(base) OVER () AS best FROM matching) AS one
            WHERE base >= {_LEAST} AND base * 10 >= best * 3
        )
    """)
    return ", ".join(tables)


def offered(places: list[str], values: Parameters, columns: str, *, more: str = "", services: str = "") -> str:
    """One item of each service: of the nearest office that serves the last of ``places``, or of the highest of all.

    ``more`` are further conditions, from AND on; ``services`` a table of the basic codes that are wanted, which alone
    makes it quick without places.
    """
    if places:
        above = values.add(places)
        return f"""
            SELECT DISTINCT ON (basic_code) {columns} FROM items WHERE region = ANY({above}::text[]) {more}
            ORDER BY basic_code, array_position({above}::text[], region::text) DESC, {RANK} DESC, item_code
        """
    return f"""
        SELECT one.* FROM (SELECT DISTINCT basic_code FROM {services}) AS services CROSS JOIN LATERAL (
            SELECT {columns} FROM items WHERE items.basic_code = services.basic_code {more}
            ORDER BY {RANK}, item_code LIMIT 1
        ) AS one
    """


def narrowed(filters: Filters, values: Parameters) -> str:
    """The conditions of the filters that readings answer."""
    conditions = ["true"]
    if filters.audience:
        conditions.append(f"readings.audience ? {values.add(filters.audience)}")
    if filters.department:
        conditions.append(f"readings.department = {values.add(filters.department)}")
    if filters.theme:
        conditions.append(f"readings.themes ? {values.add(filters.theme)}")
    if filters.life_event:
        conditions.append(
            "readings.basic_code IN (SELECT basic_code FROM life_event_items JOIN items USING (item_code)"
            f" WHERE life_event = {values.add(filters.life_event)})"
        )
    return " AND ".join(conditions)


def of_level(filters: Filters, values: Parameters) -> str:
    """The condition of the level, as a rank: the indexes are sorted by it."""
    return f"AND {RANK} = {values.add(LEVELS.index(filters.level))}" if filters.level else ""


def _concepts(search: Search, values: Parameters) -> str:
    names = ("in_name", "as_keyword", "in_keywords", "in_parts")
    columns = [f"{values.add([getattr(one, name) for one in search.concepts])}::text[]::tsquery[]" for name in names]
    weights = values.add([one.weight for one in search.concepts])
    given = ", ".join((*names, "weight"))
    unnested = f"SELECT * FROM unnest({', '.join(columns)}, {weights}::int[]) AS one ({given})"
    return f"concepts AS MATERIALIZED ({unnested})"


def _by_words(search: Search, values: Parameters) -> str:
    total, anything = values.add(search.total), values.add(search.anything)
    return f"""
        SELECT readings.id, (
            SELECT sum(weight * CASE WHEN words @@ in_name THEN 100 WHEN words @@ as_keyword THEN 95
                WHEN words @@ in_keywords THEN 70 WHEN words @@ in_parts THEN 55 ELSE 0 END) FROM concepts
        ) * 10 / {total}::int AS base
        FROM readings WHERE words @@ {anything}::tsquery
    """


def _by_sound(search: Search, values: Parameters) -> str:
    # A name before a keyword, its beginning before what stands within it; all of it before a part of it. What stands
    # in texts as it was typed is no slip; others are looked for where nothing sounds the same, among the short phrases
    # that are indexed for it: a long name has a short one beside it.
    every, named, first, within = (values.add(search.by_end(weights)) for weights in ("", "A", "AB", "ABC"))
    whole, sound = values.add(search.by_end("AB", whole=True)), values.add(words.sound(search.core))
    return f"""
        ending AS MATERIALIZED (
            SELECT basic_code, CASE WHEN parts @@ {named}::tsquery THEN 900 WHEN parts @@ {first}::tsquery THEN 850
                WHEN parts @@ {within}::tsquery THEN 700 ELSE 600 END
                + CASE WHEN parts @@ {whole}::tsquery THEN 100 ELSE 0 END AS base
            FROM phrases WHERE parts @@ {every}::tsquery AND NOT EXISTS (SELECT FROM telling)
        ),
        sounding AS MATERIALIZED (
            SELECT basic_code, max(base) AS base FROM (
                SELECT basic_code, base FROM ending UNION ALL
                SELECT basic_code, (850 * word_similarity({sound}, sound))::int FROM phrases
                WHERE NOT EXISTS (SELECT FROM ending) AND NOT EXISTS (SELECT FROM telling)
                    AND length({sound}) > 3 AND length(plain) <= 16 AND {sound} <% sound
            ) AS one GROUP BY basic_code
        )
    """
