"""Interleavings that are forced by a row that is held."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.kit import db
from app.kit.db import transaction

_WAITING = """
SELECT 1 AS found FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def _somebody_waits() -> None:
    """Until a transaction waits for another one."""
    async with asyncio.timeout(10):
        while True:
            if await db.row(_WAITING):
                return
            await asyncio.sleep(0.01)


async def while_held(
    hold: Callable[[], Awaitable[Any]], meanwhile: Awaitable[Any], then: Callable[[], Awaitable[Any]]
) -> Any:
    """Run ``meanwhile`` into a lock that ``hold`` takes; ``then`` goes on in the transaction that holds it."""
    held, go = asyncio.Event(), asyncio.Event()

    async def holder() -> None:
        async with transaction():
            await hold()
            held.set()
            await go.wait()
            await then()

    first = asyncio.create_task(holder())
    await held.wait()
    second = asyncio.ensure_future(meanwhile)
    await _somebody_waits()
    go.set()
    await first
    return await second
