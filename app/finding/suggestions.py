"""Phrases while somebody types: names, keywords and everyday words that have the letters typed."""

from dataclasses import dataclass
from functools import cache

from app.finding import words
from app.finding.everyday import everyday
from app.finding.matching import Parameters, offered, places_above
from app.finding.rules import LONGEST_QUERY
from app.kit import db

MOST = 8
"""Phrases that are suggested."""

_SHORT = 2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A phrase, and the item that it leads to."""

    text: str
    item_code: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, as the beginnings of the ends of phrases (``words.ends``)."""

    beginnings: tuple[str, ...]

    def tsquery(self, weights: str = "") -> str:
        """Phrases that have one of the beginnings, among ends of these weights."""
        return " | ".join(f"'{beginning}':*{weights}" for beginning in self.beginnings)

    def place_in(self, ends: dict[str, str]) -> int | None:
        """0 where a phrase begins so, 1 where it has it within, None where it does not."""
        weights = {weight for end, weight in ends.items() if end.startswith(self.beginnings)}
        return 0 if weights & set("AB") else 1 if weights else None


def read_typed(text: str) -> Typed | None:
    """What somebody has typed so far; None where there is no character or letter yet.

    One or two Latin letters ask for beginnings alone.
    """
    typed = words.plain(text[:LONGEST_QUERY])
    if not typed:
        return None
    if not words.is_chinese(typed):
        return Typed((f"f/{typed}",) if len(typed) <= _SHORT else (f"t/{typed}", f"i/{typed}", f"p/{typed}"))
    # A keyboard's slip among characters that sound the same; of a single one that would be too many.
    sounds = () if len(typed) == 1 else (f"p/{words.sound(typed)}",)
    return Typed((f"t/{typed}", *sounds))


@cache
def _everyday_ends() -> dict[str, dict[str, str]]:
    return {word: words.ends(word, named=False) for word in everyday()}


async def suggest(text: str, region: str) -> list[Suggestion]:
    """At most ``MOST`` phrases that begin with ``text`` or have it within, in characters, pinyin or initials.

    With a region only what is offered there. Raises RegionUnknownError.
    """
    places = await places_above(region) if region else []
    typed = read_typed(text)
    if typed is None:
        return []
    values = Parameters()
    hits = f"{_written(typed, values)} UNION ALL {_spoken(typed, values)}"
    here = offered(places, values, "item_code, basic_code, name, short_name", services="hits")
    statement = f"""
        WITH hits AS MATERIALIZED ({hits}), offered AS MATERIALIZED ({here}), best AS (
            SELECT DISTINCT ON (text) text, place, item_code, COALESCE(uses, 0) AS uses
            FROM offered JOIN hits USING (basic_code) LEFT JOIN popularity USING (basic_code)
            WHERE NOT named OR text IN (name, short_name)
            ORDER BY text, place, COALESCE(uses, 0) DESC, named DESC, item_code
        )
        SELECT text, item_code FROM best ORDER BY place, uses DESC, length(text), text LIMIT {MOST}
    """
    return [Suggestion(row["text"], row["item_code"]) for row in await db.rows(statement, *values.values)]


def _written(typed: Typed, values: Parameters) -> str:
    every, first = values.add(typed.tsquery()), values.add(typed.tsquery("AB"))
    return f"""
        SELECT text, basic_code, named, CASE WHEN parts @@ {first}::tsquery THEN 0 ELSE 1 END AS place
        FROM phrases WHERE parts @@ {every}::tsquery
    """


def _spoken(typed: Typed, values: Parameters) -> str:
    """Everyday words of ours, each with the service whose name or keyword its first official word begins or is in."""
    found = {word: place for word, ends in _everyday_ends().items() if (place := typed.place_in(ends)) is not None}
    chosen = sorted(found, key=lambda word: (found[word], len(word), word))[:MOST]
    official = [f"'t/{words.plain(everyday()[word][0])}':*" for word in chosen]
    given = ", ".join(
        f"{values.add(column)}::{kind}[]"
        for column, kind in ((chosen, "text"), (official, "text"), ([found[word] for word in chosen], "int"))
    )
    return f"""
        SELECT word, target.basic_code, false, place
        FROM unnest({given}) AS everyday (word, official, place) CROSS JOIN LATERAL (
            SELECT basic_code FROM phrases WHERE parts @@ official::tsquery
            ORDER BY named DESC, length(plain), basic_code LIMIT 1
        ) AS target
    """
