"""Searching: what is named exactly is found, with what lists need of it. How the rest is ranked is each side's own."""

from typing import Any

import httpx

from app.kit import db
from bench.town import Town

_FIELDS = (
    *("item_code", "name", "short_name", "department", "region", "level", "audience", "handling", "promised_days"),
    "online_depth",
)
_UNIQUE = (
    "SELECT min(name) AS name, min(region) AS region FROM items GROUP BY name HAVING count(*) = 1 ORDER BY name LIMIT 5"
)


async def see(town: Town, client: httpx.AsyncClient) -> dict[str, Any]:
    """What a side answers in each case."""
    del town
    seen: dict[str, Any] = {}
    for row in await db.rows(_UNIQUE):
        answer = await client.get("/api/v1/items", params={"q": row["name"], "region": row["region"]})
        found = [item for item in answer.json()["items"] if item["name"] == row["name"]]
        seen[row["name"]] = (answer.status_code, [{name: item[name] for name in _FIELDS} for item in found])
    return seen
