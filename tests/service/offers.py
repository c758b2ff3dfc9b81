"""Items that tests of finding add to the catalogue, each gone at the end of its test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.catalogue.guide import Guide
from app.catalogue.models import Item, Region
from app.catalogue.queries import get_item
from app.finding.service import index_items

FOOD = "11230800JB0000017Q3000131001001"
_DIGITS = {"city": 3, "county": 4, "township": 5, "village": 6}


async def offer(region: Region, item_code: str = FOOD, **changes: Any) -> Guide:
    """What an office of this region offers: an item of the city's under a code of its own, with changes."""
    guide = (await get_item(item_code)).guide
    code = f"11{region.code:0<12}TEST{_DIGITS[region.level]}{changes.get('basic_code', guide.basic_code)}"
    return guide.model_copy(update={"item_code": code, "region": region.code, "level": region.level, **changes})


@asynccontextmanager
async def listed(*guides: Guide) -> AsyncIterator[None]:
    """Items that are in the lists and can be found while the context lasts."""
    columns = [name for name in Item._meta.db_fields if name not in {"reading", "version"}]
    codes = [guide.item_code for guide in guides]
    await Item.bulk_create(Item(**{name: getattr(guide, name) for name in columns}, version=1) for guide in guides)
    try:
        await index_items(guides)
        yield
    finally:
        await Item.filter(item_code__in=codes).delete()


async def some_places() -> tuple[Region, Region, Region]:
    """A county, a township in it, a village in that."""
    county = await Region.filter(level="county").order_by("code").first()
    assert county
    township = await Region.filter(parent=county.code).order_by("code").first()
    assert township
    village = await Region.filter(parent=township.code).order_by("code").first()
    assert village
    return county, township, village
