"""Finding items."""

import json
from dataclasses import dataclass
from typing import Any

from app.catalogue.models import Region
from app.finding.errors import RegionUnknownError
from app.kit import db
from app.kit.paging import PAGE, Page, decode_cursor, encode_cursor

# rank: 0 the name begins so, 1 it stands in the name, 2 in the everyday words, 3 alike but for a slip of the finger.
# $1 text, $2 the same with LIKE's signs escaped, $3 region, $4 audience, $5 and $6 the last row seen, $7 rows.
_SEARCH = """
WITH ranked AS (
    SELECT item_code, items.name, short_name, department, region, audience::text AS audience, handling, promised_days,
      online_depth,
      CASE WHEN $1 = '' THEN 0
           WHEN items.name ILIKE $2 || '%' THEN 0
           WHEN items.name ILIKE '%' || $2 || '%' THEN 1
           WHEN keywords ILIKE '%' || $2 || '%' THEN 2
           WHEN word_similarity($1, items.name || ' ' || keywords) >= 0.5 THEN 3
      END AS rank
    FROM items JOIN readings ON readings.id = items.reading
    WHERE ($3 = '' OR region IN (
        SELECT above.code FROM regions AS above JOIN regions AS here ON above.path @> here.path WHERE here.code = $3
    )) AND ($4 = '' OR audience ? $4)
)
SELECT * FROM ranked
WHERE rank IS NOT NULL AND (rank, item_code) > ($5, $6)
ORDER BY rank, item_code LIMIT $7
"""


@dataclass(frozen=True, slots=True)
class ItemEntry:
    """An item in a list. Time limits are in working days."""

    item_code: str
    name: str
    short_name: str
    department: str
    region: str
    audience: list[str]
    handling: str
    promised_days: int
    online_depth: int


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


async def search_items(text: str, region: str, audience: str, cursor: str | None) -> Page[ItemEntry]:
    """Items whose name or everyday words hold ``text``, the nearest first; an empty argument asks for all.

    An item that a city or county offers is found in each of its places. Raises RegionUnknownError or
    InvalidCursorError.
    """
    if region and not await Region.exists(code=region):
        raise RegionUnknownError
    rank, last = decode_cursor(cursor, int, str) or (-1, "")
    text = text.strip()
    found = await db.rows(_SEARCH, text, _escaped(text), region, audience, rank, last, PAGE + 1)
    more = encode_cursor(found[PAGE - 1]["rank"], found[PAGE - 1]["item_code"]) if len(found) > PAGE else None
    return Page([_entry(entry) for entry in found[:PAGE]], more)


def _entry(entry: dict[str, Any]) -> ItemEntry:
    del entry["rank"]
    return ItemEntry(**{**entry, "audience": json.loads(entry["audience"])})
