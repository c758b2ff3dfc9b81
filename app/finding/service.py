"""Making items findable, and counting how often they are used."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from tortoise.backends.base.client import TransactionalDBClient

from app.catalogue.guide import Guide
from app.finding import words
from app.finding.indexed_words import forget_words
from app.kit import clock, db
from app.kit.ids import new_id

# Part of what a reading is named by: raise it with every change of what is made of a guide's words.
_MAKING = 1

# Letters of a phrase by which slips are forgiven.
_LONGEST_SOUND = 60

_KNOWN = "SELECT id FROM readings WHERE id = ANY($1::uuid[])"
_ADD_READINGS = """
INSERT INTO readings (id, basic_code, name, title, keywords, department, audience, themes, words, texts)
SELECT id, basic_code, name, title, keywords, department, audience::jsonb, themes::jsonb, words::tsvector,
    array_to_tsvector(ARRAY(SELECT jsonb_array_elements_text(texts::jsonb)))
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[]) AS given (id, basic_code, name, title, keywords, department, audience, themes, words, texts)
ON CONFLICT (id) DO NOTHING RETURNING id
"""
# In the order of the words, so that two who index at once never wait for each other.
_COUNT_WORDS = """
INSERT INTO search_words (word, readings)
SELECT word, readings FROM unnest($1::text[], $2::int[]) AS given (word, readings) ORDER BY word
ON CONFLICT (word) DO UPDATE SET readings = search_words.readings + excluded.readings
"""
_KNOWN_PHRASES = """
SELECT basic_code, text, named FROM phrases
JOIN unnest($1::text[], $2::text[], $3::bool[]) AS given (basic_code, text, named) USING (basic_code, text, named)
"""
_ADD_PHRASES = """
INSERT INTO phrases (id, basic_code, text, plain, named, sound, parts)
SELECT id, basic_code, text, plain, named, sound, parts::tsvector
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[])
    AS given (id, basic_code, text, plain, named, sound, parts)
ORDER BY basic_code, text, named
ON CONFLICT (basic_code, text, named) DO NOTHING
"""
_POINT = """
UPDATE items SET reading = given.reading
FROM unnest($1::text[], $2::uuid[]) AS given (item_code, reading)
WHERE items.item_code = given.item_code AND items.reading IS DISTINCT FROM given.reading
"""
_COUNT_USE = """
INSERT INTO item_uses (item_code, day, count) VALUES ($1, $2, 1)
ON CONFLICT (item_code, day) DO UPDATE SET count = item_uses.count + 1
"""


async def index_items(guides: Iterable[Guide]) -> None:
    """Make items findable by the words of their guides, within the caller's transaction.

    A guide whose words are known already costs a digest and its share of three statements.
    """
    readings: dict[UUID, Guide] = {}
    of_items: dict[str, UUID] = {}
    for guide in guides:
        of_items[guide.item_code] = reading = _digest(guide)
        readings[reading] = guide
    if not of_items:
        return
    known = {row["id"] for row in await db.rows(_KNOWN, list(readings))}
    new = {reading: guide for reading, guide in readings.items() if reading not in known}
    if new:
        await _add(new)
    await _add_phrases(readings.values())
    await db.execute(_POINT, list(of_items), list(of_items.values()))


async def count_use(item_code: str) -> None:
    """Count that somebody used an item today: began an application. Who it was is written nowhere.

    To be called when the caller's transaction is over: all who use an item on a day share a row, whose lock would be
    held until then. RuntimeError within one.
    """
    if isinstance(db.connection(), TransactionalDBClient):
        raise RuntimeError("uses are counted outside transactions")  # noqa: TRY004  # no type that a caller gave
    await db.execute(_COUNT_USE, item_code, clock.today())


def _texts(guide: Guide) -> list[str]:
    return [
        *guide.conditions,
        *(material.name for material in guide.materials),
        *(entry.question for entry in guide.questions),
    ]


def _digest(guide: Guide) -> UUID:
    """What a reading is named by: all that is searched and filtered by it."""
    said = [
        *(_MAKING, guide.basic_code, guide.department, guide.name, guide.short_name),
        *(list(guide.audience), guide.themes, guide.keywords, _texts(guide)),
    ]
    return UUID(bytes=hashlib.sha256(json.dumps(said).encode()).digest()[:16])


async def _add(readings: dict[UUID, Guide]) -> None:
    documents = {
        reading: words.document([guide.name, guide.short_name], guide.keywords) for reading, guide in readings.items()
    }
    rows = [
        (
            reading,
            guide.basic_code,
            guide.name,
            words.plain(guide.name),
            "\n".join(words.plain(keyword) for keyword in guide.keywords),
            guide.department,
            json.dumps(guide.audience),
            json.dumps(guide.themes),
            words.tsvector(documents[reading]),
            json.dumps(sorted(words.text_words(_texts(guide)))),
        )
        for reading, guide in readings.items()
    ]
    added = {row["id"] for row in await db.rows(_ADD_READINGS, *map(list, zip(*rows, strict=True)))}
    counts = Counter(word for reading in added for word in ("", *documents[reading]))
    await db.rows(_COUNT_WORDS, list(counts), list(counts.values()))
    forget_words()


async def _add_phrases(guides: Iterable[Guide]) -> None:
    """Add the phrases that are missing, also those of readings that are known: pinyin is made of no others."""
    said = sorted(
        {
            (guide.basic_code, text, named)
            for guide in guides
            for named, texts in ((True, (guide.name, guide.short_name)), (False, guide.keywords))
            for text in texts
        }
    )
    known = {
        (row["basic_code"], row["text"], row["named"])
        for row in await db.rows(_KNOWN_PHRASES, *map(list, zip(*said, strict=True)))
    }
    rows = [
        (
            new_id(),
            basic_code,
            text,
            words.plain(text),
            named,
            words.sound(text)[:_LONGEST_SOUND],
            words.tsvector(words.ends(text, named=named)),
        )
        for basic_code, text, named in said
        if (basic_code, text, named) not in known
    ]
    if rows:
        await db.rows(_ADD_PHRASES, *map(list, zip(*rows, strict=True)))
