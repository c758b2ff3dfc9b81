"""What is used most, as it was counted last night."""

from datetime import timedelta

from app.finding.matching import Parameters, offered, places_above
from app.finding.queries import ITEM_COLUMNS, ItemEntry, entry_of
from app.kit import clock, db

MOST = 12
"""Items that are shown as popular."""

_DAYS, _KEPT_DAYS = 30, 400

_COUNT = """
INSERT INTO popularity (basic_code, uses)
SELECT basic_code, sum(count) FROM item_uses JOIN items USING (item_code) WHERE day >= $1 GROUP BY basic_code
"""


async def popular_items(region: str) -> list[ItemEntry]:
    """The most used services, each with its nearest office's item for a region, else with its highest office's.

    Where fewer were ever used, what can be done online goes on. Raises RegionUnknownError.
    """
    places, values = await places_above(region) if region else [], Parameters()
    here = offered(places, values, ITEM_COLUMNS, services="readings")
    statement = f"""
        SELECT offered.* FROM ({here}) AS offered LEFT JOIN popularity USING (basic_code)
        ORDER BY COALESCE(uses, 0) DESC, online_depth DESC, item_code LIMIT {MOST}
    """
    return [entry_of(row) for row in await db.rows(statement, *values.values)]


async def count_popularity() -> None:
    """Count the uses of the last days anew, within the caller's transaction, and forget those of long ago."""
    today = clock.today()
    await db.execute("DELETE FROM popularity")
    await db.rows(_COUNT, today - timedelta(days=_DAYS))
    await db.execute("DELETE FROM item_uses WHERE day < $1", today - timedelta(days=_KEPT_DAYS))
