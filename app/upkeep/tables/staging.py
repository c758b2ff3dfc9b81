"""Rows on their way in, in a temporary table, so that an item's rows are found together wherever they stood."""

import json
from collections.abc import AsyncIterator, Iterator
from itertools import groupby, islice
from typing import Any

from app.kit import db
from app.upkeep.tables.layout import numbers
from app.upkeep.tables.reading import StagedRow
from app.upkeep.tables.rows import Row

MOST_ROWS = 1_000
"""Rows that one item may have."""

_COPIED = 5_000
_COLUMNS = ("item_code", "sheet", "place", "cells")

_TABLE = """
CREATE TEMPORARY TABLE staged_rows (
    item_code text COLLATE "C" NOT NULL, sheet smallint NOT NULL, place bigint NOT NULL, cells text
) ON COMMIT DROP
"""
_INDEX = "CREATE INDEX staged_rows_of_item ON staged_rows (item_code, sheet, place)"

_REPEATED = """
SELECT sheet, place, first FROM (
    SELECT sheet, place, min(place) OVER (PARTITION BY item_code) AS first FROM staged_rows WHERE sheet = $1
) AS items WHERE place > first ORDER BY place
"""
_ORPHANS = """
SELECT sheet, place FROM staged_rows AS child WHERE sheet <> $1 AND NOT EXISTS (
    SELECT FROM staged_rows AS item WHERE item.item_code = child.item_code AND item.sheet = $1
) ORDER BY sheet, place
"""
_CROWDED = """
SELECT item.sheet, item.place FROM (
    SELECT item_code FROM staged_rows GROUP BY item_code HAVING count(*) > $2
) AS crowded JOIN staged_rows AS item ON item.item_code = crowded.item_code AND item.sheet = $1
ORDER BY item.place
"""
# An item of which a row could not be read has been told; what it would mean without the row is nobody's question.
_ITEMS = """
CREATE TEMPORARY TABLE staged_items ON COMMIT DROP AS
SELECT item_code FROM staged_rows GROUP BY item_code
HAVING count(*) FILTER (WHERE sheet = {items}) = 1 AND count(*) <= {most} AND count(*) = count(cells)
"""
_ITEMS_INDEX = "CREATE UNIQUE INDEX staged_items_code ON staged_items (item_code)"
_CODES = "SELECT item_code FROM staged_items WHERE item_code > $1 ORDER BY item_code LIMIT $2"
_OF_CODES = """
SELECT item_code, sheet, place, cells FROM staged_rows WHERE item_code = ANY($1::text[])
ORDER BY item_code, sheet, place
"""


async def stage(rows: Iterator[StagedRow]) -> None:
    """Put rows into new temporary tables, which end with the caller's transaction."""
    await db.execute(_TABLE)
    while some := list(islice(rows, _COPIED)):
        records = [(row.item_code, row.sheet, row.place, _packed(row.values)) for row in some]
        async with db.connection().acquire_connection() as raw:
            await raw.copy_records_to_table("staged_rows", records=records, columns=_COLUMNS)
    await db.execute(_INDEX)
    await db.execute("ANALYZE staged_rows")
    await db.execute(_ITEMS.format(items=numbers()["items"], most=MOST_ROWS))
    await db.execute(_ITEMS_INDEX)
    await db.execute("ANALYZE staged_items")


def _packed(values: dict[str, Any] | None) -> str | None:
    # JSON without non-ASCII letters also carries what a text of PostgreSQL does not.
    return None if values is None else json.dumps(values)


async def repeated() -> AsyncIterator[tuple[int, int, int]]:
    """Rows of items whose code stood in a row before: sheet, place, and the place of the first."""
    async for row in _stream(_REPEATED, numbers()["items"]):
        yield row["sheet"], row["place"], row["first"]


async def orphans() -> AsyncIterator[tuple[int, int]]:
    """Rows of no item of the file: sheet and place."""
    async for row in _stream(_ORPHANS, numbers()["items"]):
        yield row["sheet"], row["place"]


async def crowded() -> AsyncIterator[tuple[int, int]]:
    """Rows of items that have more than ``MOST_ROWS`` rows: sheet and place."""
    async for row in _stream(_CROWDED, numbers()["items"], MOST_ROWS):
        yield row["sheet"], row["place"]


async def count_items() -> int:
    """How many items were staged of which every row could be read."""
    found = await db.row("SELECT count(*) AS items FROM staged_items")
    return int(found["items"]) if found else 0


async def batches(size: int) -> AsyncIterator[dict[str, list[Row]]]:
    """The items of which every row could be read, so many at a time, with their rows in order."""
    last = ""
    while codes := await db.rows(_CODES, last, size):
        last = codes[-1]["item_code"]
        found = await db.rows(_OF_CODES, [row["item_code"] for row in codes])
        yield {
            code: [Row(row["sheet"], row["place"], json.loads(row["cells"])) for row in some]
            for code, some in groupby(found, key=lambda row: row["item_code"])
        }


async def _stream(sql: str, *values: Any) -> AsyncIterator[Any]:
    """Rows of a statement, a few at a time; nothing else may be asked of the connection in between."""
    async with db.connection().acquire_connection() as raw:
        async for row in raw.cursor(sql, *values, prefetch=500):
            yield row
