"""What the worker does for the catalogue by the clock."""

from app.catalogue.service import BATCH, bring_into_effect, items_due, lock_publishing
from app.finding.service import index_items
from app.kit.db import transaction


async def take_effect() -> None:
    """Put the versions whose day has come into the lists and the search, a batch at a time.

    A guide itself is read by its day: this only follows in what is listed.
    """
    codes = await items_due()
    for start in range(0, len(codes), BATCH):
        async with transaction():
            await lock_publishing()
            await index_items(await bring_into_effect(codes[start : start + BATCH]))
