"""Life events that a search finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.catalogue.life_events import LifeEventDefinition
from app.catalogue.models import LifeEvent
from app.finding import words
from app.finding.matching import read_query
from app.finding.rules import Search


@dataclass(frozen=True, slots=True)
class LifeEventEntry:
    """A life event in a list."""

    code: str
    name: str
    summary: str


async def find_life_events(text: str, audience: str, theme: str) -> list[LifeEventEntry]:
    """Life events that ``text`` looks for: by their name or keywords, the best first. An empty text finds none."""
    search = await read_query(text)
    if search is None or not search.core:
        return []
    events = [LifeEventDefinition.model_validate(row.definition) async for row in LifeEvent.all().order_by("position")]
    ranked = [
        (likeness(search, [event.name, *event.keywords]), event)
        for event in events
        if (not audience or audience in event.audience) and (not theme or theme in event.themes)
    ]
    ranked = sorted((pair for pair in ranked if pair[0]), key=lambda pair: -pair[0])
    return [LifeEventEntry(event.code, event.name, event.summary) for _, event in ranked]


@lru_cache(maxsize=1024)
def _ends(phrase: str) -> Mapping[str, str]:
    """Made once: life events are few, and their sounds take longer than all else of a search."""
    return words.ends(phrase, named=True)


def likeness(search: Search, phrases: list[str]) -> int:
    """How well a search fits the best of some phrases: 3 the same, 2 one within the other, 0 not at all."""
    asked = {f"p/{search.core}", f"i/{search.core}"} if search.is_spelled else {f"t/{search.core}"}
    best = 0
    for phrase in phrases:
        text, ends = words.plain(phrase), _ends(phrase)
        if any(ends.get(end) == "A" for end in asked):
            return 3
        begins = len(search.core) > 1 and any(end.startswith(tuple(asked)) for end in ends)
        if begins or (len(text) > 1 and text in search.core):
            best = 2
    return best
