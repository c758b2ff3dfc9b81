"""Things that are looked up one by one, by requests that do not know of each other, and found many at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_LONGEST_SECONDS = 10.0


class Batches(Generic[K, V]):
    """What ``find`` finds for keys; those that are asked for while it is at it go together into its next call.

    So an answer is never older than its question, and nobody waits longer than for two calls. It lives on one event
    loop. A caller who hangs up stops nobody else; what ``find`` raises goes to all who wait for that call, and
    TimeoutError where it takes longer than ten seconds: the next ones must not wait for what never ends.
    """

    def __init__(
        self, find: Callable[[list[K]], Awaitable[Mapping[K, V]]], longest_seconds: float = _LONGEST_SECONDS
    ) -> None:
        self._find, self._longest = find, longest_seconds
        self._asked: list[tuple[K, asyncio.Future[V | None]]] = []
        self._finding: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """What is found for a key, or None. Raises what ``find`` raises, and TimeoutError."""
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._asked.append((key, answer))
        if self._finding is None or self._finding.done():
            self._finding = asyncio.create_task(self._find_all())
        return await answer

    async def _find_all(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, []
                await self._answer(asked)
        finally:
            self._finding = None
            # None, unless this was ended.
            for _, answer in self._asked:
                answer.cancel()
            self._asked = []

    async def _answer(self, asked: list[tuple[K, asyncio.Future[V | None]]]) -> None:
        waiting = [(key, answer) for key, answer in asked if not answer.done()]
        if not waiting:
            return
        try:
            async with asyncio.timeout(self._longest):
                found = await self._find(list(dict.fromkeys(key for key, _ in waiting)))
        except Exception as error:
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
            return
        except BaseException:
            for _, answer in waiting:
                answer.cancel()
            raise
        for key, answer in waiting:
            if not answer.done():
                answer.set_result(found.get(key))
