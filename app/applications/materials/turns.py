"""Turns: of each account one file is looked at at a time, so that nobody takes the threads from everybody else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from app.applications.materials.errors import TooManyInspectionsError

T = TypeVar("T")


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    files: int = 0


class Turns:
    """``most`` files of an account, the one that is looked at included, wait within a process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._turns: dict[UUID, _Turn] = {}

    async def do(self, account: UUID, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """What ``work`` returns, from one of ``threads``, when it is the account's turn.

        Whoever hangs up has no turn before the work is done. Raises TooManyInspectionsError, and what ``work`` raises.
        """
        turn = self._turns.setdefault(account, _Turn())
        if turn.files >= self._most:
            raise TooManyInspectionsError
        turn.files += 1
        try:
            await turn.lock.acquire()
        except BaseException:
            self._leave(account, turn)
            raise
        loop = asyncio.get_running_loop()

        def over() -> None:
            turn.lock.release()
            self._leave(account, turn)

        try:
            begun = threads.submit(work)
        except BaseException:
            over()
            raise

        def tell(_: object) -> None:
            # At the end of the process there may be nobody left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(over)

        begun.add_done_callback(tell)
        return await asyncio.wrap_future(begun)

    def _leave(self, account: UUID, turn: _Turn) -> None:
        turn.files -= 1
        if not turn.files:
            del self._turns[account]
