"""Making items findable."""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from app.catalogue.guide import Guide
from app.finding.models import Reading
from app.kit import db

_POINT = """
UPDATE items SET reading = given.reading
FROM unnest($1::text[], $2::uuid[]) AS given (item_code, reading) WHERE items.item_code = given.item_code
"""


async def index_items(guides: Iterable[Guide]) -> None:
    """Make items findable by the words of their guides, within the caller's transaction."""
    readings: dict[str, Reading] = {}
    for guide in guides:
        readings[guide.item_code] = _reading(guide)
    distinct = {reading.id: reading for reading in readings.values()}
    await Reading.bulk_create(distinct.values(), ignore_conflicts=True)
    await db.execute(_POINT, list(readings), [reading.id for reading in readings.values()])


def _reading(guide: Guide) -> Reading:
    keywords = " ".join(guide.keywords)
    digest = hashlib.sha256(f"{guide.name}\n{keywords}".encode()).digest()
    return Reading(id=UUID(bytes=digest[:16]), name=guide.name, keywords=keywords)
