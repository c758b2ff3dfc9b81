"""The words that are indexed, as each process knows them: a few thousand, of which every query asks for some."""

from collections.abc import Mapping
from dataclasses import dataclass

from cachetools import LRUCache

from app.kit import db
from app.kit.lately import Lately
from app.kit.quick import Quick

# Whoever changes a count counts the readings too: the row of "" is another one each time.
_STAMP = "SELECT xmin::text AS stamp FROM search_words WHERE word = ''"
_WORDS = "SELECT word, readings, xmin::text AS stamp FROM search_words WHERE readings > 0 OR word = ''"


@dataclass(frozen=True, slots=True)
class _Words:
    stamp: str | None
    readings: Mapping[str, int]


_lately: Lately[Quick, _Words] = Lately()
_last: LRUCache[Quick, _Words] = LRUCache(maxsize=4)


async def indexed_words() -> Mapping[str, int]:
    """In how many readings each word stands, under "" how many there are; as it was a second ago at most."""
    quick = db.quick()
    words = _lately.get(quick) or await quick.found(_read, "")
    return words.readings if words else {}


def forget_words() -> None:
    """Have this process read them anew, since they change."""
    _lately.forget(db.quick())


async def _read(quick: Quick, _: list[str]) -> dict[str, _Words]:
    """Who asks while they are read gets these too."""
    if words := _lately.get(quick):
        return {"": words}
    row, words = await quick.row(_STAMP), _last.get(quick)
    if words is None or words.stamp != (row["stamp"] if row else None):
        found = await quick.rows(_WORDS)
        stamp = next((row["stamp"] for row in found if not row["word"]), None)
        words = _last[quick] = _Words(stamp, {row["word"]: row["readings"] for row in found if row["readings"] > 0})
    _lately[quick] = words
    return {"": words}
