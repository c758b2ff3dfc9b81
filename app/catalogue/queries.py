"""Reads of the catalogue."""

import json
from dataclasses import dataclass
from typing import Any

from app.catalogue.errors import ItemNotFoundError, RegionUnknownError
from app.catalogue.guide import Guide
from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.models import ITEM_CODE_LENGTH, Department, Item, LicenceType, Region
from app.kit import db
from app.kit.errors import NotFoundError
from app.kit.paging import PAGE, Page, decode_cursor, encode_cursor

# rank: 0 the name begins so, 1 it stands in the name, 2 in the everyday words, 3 alike but for a slip of the finger.
# $1 text, $2 the same with LIKE's signs escaped, $3 region, $4 audience, $5 and $6 the last row seen, $7 rows.
_SEARCH = """
WITH RECURSIVE above AS (
    SELECT code, parent FROM regions WHERE code = $3
    UNION SELECT region.code, region.parent FROM regions AS region JOIN above ON region.code = above.parent
), ranked AS (
    SELECT item_code, name, short_name, department, region, audience::text AS audience,
      guide ->> 'handling' AS handling, (guide ->> 'promised_days')::int AS promised_days,
      (guide ->> 'online_depth')::int AS online_depth,
      CASE WHEN $1 = '' THEN 0
           WHEN name ILIKE $2 || '%' THEN 0
           WHEN name ILIKE '%' || $2 || '%' THEN 1
           WHEN keywords ILIKE '%' || $2 || '%' THEN 2
           WHEN word_similarity($1, name || ' ' || keywords) >= 0.5 THEN 3
      END AS rank
    FROM items
    WHERE ($3 = '' OR region IN (SELECT code FROM above)) AND ($4 = '' OR audience ? $4)
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


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """An item with its whole guide, its department's name, and the digest of this version."""

    guide: Guide
    department_name: str
    digest: str


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


async def get_item(item_code: str) -> ItemDetail:
    """An item with its guide. Raises ItemNotFoundError."""
    # Tortoise refuses to look for what is longer than the column.
    item = await Item.get_or_none(item_code=item_code) if len(item_code) <= ITEM_CODE_LENGTH else None
    if item is None:
        raise ItemNotFoundError
    department = await get_department(item.department)
    return ItemDetail(Guide.model_validate(item.guide), department.name, item.digest)


async def get_department(code: str) -> Department:
    """A department by its code. Raises NotFoundError."""
    department = await Department.get_or_none(code=code)
    if department is None:
        raise NotFoundError
    return department


async def get_licence_type(code: str) -> LicenceTypeDefinition:
    """A licence type by its code. Raises NotFoundError."""
    found = await LicenceType.get_or_none(code=code)
    if found is None:
        raise NotFoundError
    return LicenceTypeDefinition.model_validate(found.definition)
