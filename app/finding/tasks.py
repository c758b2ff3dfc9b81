"""What the worker does for finding by the clock."""

from app.catalogue.service import lock_publishing
from app.finding.indexed_words import forget_words
from app.finding.popular import count_popularity
from app.kit import db
from app.kit.db import transaction

_DROP_READINGS = "DELETE FROM readings WHERE NOT EXISTS (SELECT FROM items WHERE items.reading = readings.id)"
_DROP_PHRASES = """
DELETE FROM phrases WHERE NOT EXISTS (
    SELECT FROM readings WHERE readings.basic_code = phrases.basic_code
    AND CASE WHEN named THEN readings.title = phrases.plain
        ELSE phrases.plain = ANY(string_to_array(keywords, E'\\n')) END
) AND NOT (named AND EXISTS (
    SELECT FROM items WHERE items.basic_code = phrases.basic_code AND items.short_name = phrases.text
))
"""
_COUNT_WORDS = """
INSERT INTO search_words (word, readings)
SELECT word, ndoc FROM ts_stat('SELECT words FROM readings') UNION ALL SELECT '', count(*) FROM readings
"""


async def tidy() -> None:
    """Drop what no item says any more, count words anew, and count what is popular.

    Nobody publishes meanwhile, so that nothing is dropped that an item is about to point to.
    """
    async with transaction():
        await lock_publishing()
        await db.execute(_DROP_READINGS)
        await db.execute(_DROP_PHRASES)
        await db.execute("DELETE FROM search_words")
        await db.rows(_COUNT_WORDS)
        await count_popularity()
    forget_words()
