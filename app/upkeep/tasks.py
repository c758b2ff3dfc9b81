"""What the worker does for the catalogue by the clock."""

import logging

from app.catalogue.service import BATCH, bring_into_effect, items_due, lock_publishing
from app.finding.service import index_items
from app.kit.apart import Apart
from app.kit.db import transaction

_log = logging.getLogger(__name__)


async def take_effect() -> None:
    """Put the versions whose day has come into the lists and the search, a batch at a time.

    A guide itself is read by its day: this only follows in what is listed. Where an item fails, the others of its batch
    go one by one. Raises RowsFailedError.
    """
    codes = await items_due()
    with Apart("upkeep.take_effect") as apart:
        for start in range(0, len(codes), BATCH):
            batch = codes[start : start + BATCH]
            try:
                await _bring(batch)
            except Exception:
                _log.exception("batch_failed", extra={"items": len(batch)})
                for code in batch:
                    with apart.row(code):
                        await _bring([code])


async def _bring(codes: list[str]) -> None:
    async with transaction():
        await lock_publishing()
        await index_items(await bring_into_effect(codes))
