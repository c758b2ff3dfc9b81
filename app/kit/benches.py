"""Benches: work that takes the processor or much memory, done apart from requests by one thread, with few who wait."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, TypeVar

from app.kit.errors import TemporarilyUnavailableError

T = TypeVar("T")


class Place:
    """A place at a bench."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread
        self.work: Future[Any] | None = None

    async def do(self, work: Callable[..., T], *values: Any) -> T:
        """What ``work`` returns for ``values``, from the bench's thread. Raises what it raises."""
        begun = self._thread.submit(work, *values)
        self.work = begun
        return await asyncio.wrap_future(begun)


class Bench:
    """One thread, and places for it and for those who wait: more threads would share the processor with requests."""

    def __init__(self, name: str, *, places: int) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._places = BoundedSemaphore(places)

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Take a place. Raises TemporarilyUnavailableError where all are taken.

        Whoever leaves before the work is done, since a caller hung up, leaves the place taken until it is.
        """
        if not self._places.acquire(blocking=False):
            raise TemporarilyUnavailableError
        taken = Place(self._thread)
        try:
            yield taken
        finally:
            if taken.work is None:
                self._places.release()
            else:
                taken.work.add_done_callback(lambda _: self._places.release())
