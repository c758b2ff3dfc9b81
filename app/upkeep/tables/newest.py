"""The newest published version of items: what tables are made from, and compared with."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

from app.catalogue.guide import Guide
from app.catalogue.service import BATCH
from app.kit import db

_NEWEST = """
SELECT DISTINCT ON (item_code) item_code, guide, offered, effective_on FROM item_versions
WHERE state = 'published' AND {which} ORDER BY item_code, number DESC
"""
_OF_CODES = _NEWEST.format(which="item_code = ANY($1::text[])")
_PAGE = _NEWEST.format(which="item_code > $1") + "LIMIT $2"


async def count_newest() -> int:
    """How many items have a published version."""
    found = await db.row("SELECT count(DISTINCT item_code) AS items FROM item_versions WHERE state = 'published'")
    return int(found["items"]) if found else 0


async def newest_guides() -> AsyncIterator[list[Guide]]:
    """The guides of all items that have not ended, by their codes, a batch at a time."""
    last = ""
    while found := await db.rows(_PAGE, last, BATCH):
        last = found[-1]["item_code"]
        yield [Guide.model_validate_json(row["guide"]) for row in found if row["offered"]]


async def newest_of(codes: Sequence[str], by: date) -> dict[str, Guide | None]:
    """The newest guide of each of these items ever published; None of one that has ended or holds after ``by``."""
    return {
        row["item_code"]: Guide.model_validate_json(row["guide"])
        if row["offered"] and row["effective_on"] <= by
        else None
        for row in await db.rows(_OF_CODES, list(codes))
    }


def same(one: Guide, other: Guide) -> bool:
    """Whether two guides say the same: the order of a form's fields counts, that of other keys means nothing."""
    return _plain(one) == _plain(other)


def _plain(guide: Guide) -> str:
    return json.dumps(_with_order(guide.model_dump(mode="json")), sort_keys=True)


def _with_order(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_order(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: [[name, _with_order(field)] for name, field in one.items()]
        if key == "properties" and isinstance(one, dict)
        else _with_order(one)
        for key, one in value.items()
    }
