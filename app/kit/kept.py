"""Documents of other systems that are read now and then and kept in between."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from app.kit import clock

T = TypeVar("T")


class Kept(Generic[T]):
    """What ``read`` returns, kept for ``max_age``. It lives on one event loop.

    Callers at once share one reading and its outcome, so that a system that is down is not asked once for each, and a
    caller that hangs up stops nobody else. What ``read`` raises is not kept.
    """

    def __init__(self, read: Callable[[], Awaitable[T]], max_age: timedelta, *, renew_every: timedelta) -> None:
        """``renew_every`` is the least time between two readings that ``renew`` causes."""
        self._read, self._max_age, self._renew_every = read, max_age, renew_every
        self._held: tuple[T, datetime] | None = None
        self._renewed_at: datetime | None = None
        self._flight: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """What is held, or read anew where that is too old."""
        if self._held is not None and self._is_younger(self._held[1], self._max_age):
            return self._held[0]
        return await self._fly()

    async def renew(self) -> T:
        """Read anew whatever the age, unless that was done a moment ago: then as ``get``."""
        if self._flight is None:
            if self._renewed_at is not None and self._is_younger(self._renewed_at, self._renew_every):
                return await self.get()
            self._renewed_at = clock.now()
        return await self._fly()

    @staticmethod
    def _is_younger(moment: datetime, age: timedelta) -> bool:
        return timedelta(0) <= clock.now() - moment < age

    async def _fly(self) -> T:
        if self._flight is None:
            self._flight = asyncio.create_task(self._obtain())
            self._flight.add_done_callback(self._landed)
        return await asyncio.shield(self._flight)

    async def _obtain(self) -> T:
        value = await self._read()
        self._held = (value, clock.now())
        return value

    def _landed(self, flight: asyncio.Task[T]) -> None:
        self._flight = None
        if not flight.cancelled():
            flight.exception()  # marks it as seen, should every caller have hung up
