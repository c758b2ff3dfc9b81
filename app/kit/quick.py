"""Single statements on hot paths: straight to asyncpg, prepared once, each a transaction of its own.

The ORM's pool takes a connection, gives it back and resets it around every statement, which costs more than a small
statement does. These connections hold no state, so they need none of that. Within ``db.transaction()`` they see what
others see: nothing of the open transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import asyncpg

from app.kit.batches import Batches

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MOST = 4
"""Connections of a process: one that serves is rarely waiting in more statements at once."""


Watcher = Callable[[str, tuple[Any, ...]], None]
"""Is told of a statement and its values before it is executed."""
_watcher: Watcher | None = None


@contextmanager
def watched(by: Watcher) -> Iterator[None]:
    """Tell somebody of every statement of this process; of one watcher at a time."""
    global _watcher  # noqa: PLW0603  # of the whole process; a log would keep the values, which are people's
    _watcher = by
    try:
        yield
    finally:
        _watcher = None


Finder = Callable[["Quick", list[K]], Awaitable[Mapping[K, T]]]
"""Finds things by their keys."""


class Quick:
    """A few connections to one database; the one used last is used next."""

    def __init__(self, **where: Any) -> None:
        """``where`` is what ``asyncpg.connect`` takes."""
        self._where = where
        self._free: list[asyncpg.Connection[asyncpg.Record]] = []
        self._places = asyncio.Semaphore(MOST)
        self._batches: dict[Finder[Any, Any], Batches[Any, Any]] = {}

    async def row(self, sql: str, *values: Any) -> asyncpg.Record | None:
        """The first row that a statement answers, or None. Raises what asyncpg does, and OSError."""
        if _watcher:
            _watcher(sql, values)
        return await self._with(lambda connection: connection.fetchrow(sql, *values))

    async def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """All rows that a statement answers. Raises as ``row`` does."""
        if _watcher:
            _watcher(sql, values)
        return await self._with(lambda connection: connection.fetch(sql, *values))

    async def found(self, find: Finder[K, T], key: K) -> T | None:
        """What ``find`` finds for a key, or None; see ``Batches``. Raises what ``find`` raises."""
        batches: Batches[K, T] | None = self._batches.get(find)
        if batches is None:
            batches = self._batches[find] = Batches(partial(find, self))
        return await batches.get(key)

    async def _with(self, ask: Callable[[asyncpg.Connection[asyncpg.Record]], Awaitable[T]]) -> T:
        async with self._places:
            connection = await self._take()
            try:
                answer = await ask(connection)
            except asyncpg.PostgresError:
                self._free.append(connection)
                raise
            except BaseException:
                # Cancelled half-way, or broken: what it would answer next is not known.
                connection.terminate()
                raise
            self._free.append(connection)
            return answer

    async def _take(self) -> asyncpg.Connection[asyncpg.Record]:
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
        # A statement may hold what is known of a whole city, and is sent once.
        return await asyncpg.connect(**self._where, max_cacheable_statement_size=0)

    @property
    def has_place_to_spare(self) -> bool:
        """Whether a statement would not have to wait for another's connection."""
        return not self._places.locked()

    async def close(self) -> None:
        """End every connection."""
        while self._free:
            await self._free.pop().close()
