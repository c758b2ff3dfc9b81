"""Life events that a search finds."""

from dataclasses import dataclass
from functools import lru_cache

from app.catalogue.life_events import LifeEventDefinition
from app.finding import words
from app.finding.rules import Search
from app.kit import db
from app.kit.lately import Lately
from app.kit.quick import Quick

_ALL = "SELECT definition::text AS definition FROM life_events ORDER BY position"
_lately: Lately[Quick, list[LifeEventDefinition]] = Lately()


@dataclass(frozen=True, slots=True)
class LifeEventEntry:
    """A life event in a list."""

    code: str
    name: str
    summary: str


async def find_life_events(search: Search | None, audience: str, theme: str) -> list[LifeEventEntry]:
    """Life events that a search looks for: by their name or keywords, the best first. An empty one finds none.

    They are what they were a second ago at most.
    """
    if search is None or not search.core:
        return []
    ranked = [
        (likeness(search, [event.name, *event.keywords]), event)
        for event in await _events()
        if (not audience or audience in event.audience) and (not theme or theme in event.themes)
    ]
    ranked = sorted((pair for pair in ranked if pair[0]), key=lambda pair: -pair[0])
    return [LifeEventEntry(event.code, event.name, event.summary) for _, event in ranked]


async def _events() -> list[LifeEventDefinition]:
    found = _lately.get(quick := db.quick())
    if found is None:
        found = _lately[quick] = [_read(row["definition"]) for row in await db.rows(_ALL)]
    return found


@lru_cache(maxsize=256)
def _read(definition: str) -> LifeEventDefinition:
    return LifeEventDefinition.model_validate_json(definition)


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A phrase as it is compared: plain, the ends that are all of it, and all its ends, each on a line of its own."""

    plain: str
    whole: frozenset[str]
    ends: str


@lru_cache(maxsize=1024)
def _phrase(text: str) -> _Phrase:
    """Made once: life events are few, and their sounds take longer than all else of a search."""
    ends = words.ends(text, named=True)
    whole = frozenset(end for end, weight in ends.items() if weight == "A")
    return _Phrase(words.plain(text), whole, "".join(f"\n{end}" for end in ends))


def likeness(search: Search, phrases: list[str]) -> int:
    """How well a search fits the best of some phrases: 3 the same, 2 one within the other, 0 not at all."""
    core = search.core
    asked = [f"p/{core}", f"i/{core}"] if search.is_spelled else [f"t/{core}"]
    best = 0
    for phrase in map(_phrase, phrases):
        if not phrase.whole.isdisjoint(asked):
            return 3
        begins = len(core) > 1 and any(f"\n{end}" in phrase.ends for end in asked)
        if begins or (len(phrase.plain) > 1 and phrase.plain in core):
            best = 2
    return best
