"""A token that all processes of an app share, and that one of them at a time renews.

It is kept in stores, the quickest first (such as Redis, then a database). The first one that answers has the lock, the
others are read before WeChat is asked and written afterwards, so that a store which lost everything is filled again
from the next. With every store away each process keeps a token of its own.
"""

import asyncio
import logging
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

_log = logging.getLogger(__name__)

# WeChat renews a token in the last five minutes of its life: let go of ours before that.
_MARGIN_SECONDS = 300.0
# How long a process trusts its own copy before it looks at the shared one again.
_LOCAL_SECONDS = 10.0
_POLL_SECONDS = 0.05


def usable(lifetime: int) -> float:
    """How many of the seconds that a token lives it is used for."""
    return lifetime - min(_MARGIN_SECONDS, lifetime / 10)


class StoreAwayError(Exception):
    """A store cannot be reached; ``str`` names the kind of failure."""


@dataclass(frozen=True, slots=True)
class Held:
    """A token and the seconds it may still be used for."""

    token: str = field(repr=False)
    seconds: float


class TokenStore(Protocol):
    """Where processes share one token. Every method raises StoreAwayError, within a second or two."""

    async def read(self) -> Held | None:
        """The token, if there is one that may still be used."""
        ...

    async def write(self, token: str, seconds: float) -> None:
        """Keep a token for so many seconds."""
        ...

    async def try_lock(self, owner: str) -> bool:
        """Become the one who renews, unless another is; the lock of a process that dies must come free by itself."""
        ...

    async def unlock(self, owner: str) -> None:
        """Give the lock back, if it is still ``owner``'s."""
        ...


class SharedToken(ABC):
    """One token.

    ``patience`` is how many seconds to wait for another process that is fetching; ``clock`` gives seconds that never go
    back.
    """

    def __init__(
        self,
        stores: Sequence[TokenStore] = (),
        *,
        patience: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stores = tuple(stores)
        self._patience = patience
        self._clock = clock
        self._token = ""
        self._fresh_until = 0.0
        self._flights: dict[str | None, asyncio.Task[str]] = {}

    @abstractmethod
    async def fetch(self, stale: str | None) -> tuple[str, float]:
        """A token from WeChat, if possible another than ``stale``, and the seconds to use it; nothing is remembered.

        Raises the errors of ``wechat.errors``.
        """

    async def get(self) -> str:
        """The token in force. Raises the errors of ``fetch`` where none can be had."""
        return self._local() or await self._fly(None)

    async def refresh(self, stale: str) -> str:
        """Another token than ``stale``, which WeChat has refused: the shared one or a new one.

        Raises the errors of ``fetch``.
        """
        token = self._local()
        return token if token and token != stale else await self._fly(stale)

    def _local(self) -> str:
        return self._token if self._clock() < self._fresh_until else ""

    def _remember(self, token: str, seconds: float) -> str:
        self._token, self._fresh_until = token, self._clock() + seconds
        return token

    async def _fly(self, stale: str | None) -> str:
        # One task for all callers: a failure is everybody's at once, and a caller that hangs up stops nobody else.
        flight = self._flights.get(stale)
        if flight is None:
            flight = self._flights[stale] = asyncio.create_task(self._obtain(stale))
            flight.add_done_callback(lambda done: self._landed(stale, done))
        return await asyncio.shield(flight)

    def _landed(self, stale: str | None, flight: asyncio.Task[str]) -> None:
        del self._flights[stale]
        if not flight.cancelled():
            flight.exception()  # marks it as seen, should every caller have hung up

    async def _obtain(self, stale: str | None) -> str:
        for place, store in enumerate(self._stores):
            try:
                held, shared = await self._share(store, self._stores[place + 1 :], stale)
            except StoreAwayError as away:
                _say_away(away)
            else:
                return self._remember(held.token, min(held.seconds, _LOCAL_SECONDS) if shared else held.seconds)
        return self._remember(*await self.fetch(stale))

    async def _share(self, store: TokenStore, others: Sequence[TokenStore], stale: str | None) -> tuple[Held, bool]:
        """The token and whether others can find it. Raises StoreAwayError, before anything was fetched."""
        owner, deadline = secrets.token_hex(16), time.monotonic() + self._patience
        while True:
            if held := _another(await store.read(), stale):
                return held, True
            # After too long a wait it is fetched without the lock: fetching twice does no harm, and giving back a lock
            # that is not ours leaves the other's alone.
            if await store.try_lock(owner) or time.monotonic() >= deadline:
                break
            await asyncio.sleep(_POLL_SECONDS)
        try:
            # Another process may have stored a token between our look and our lock.
            if held := _another(await store.read(), stale):
                return held, True
            return await self._renew(store, others, stale)
        finally:
            await _worked(store.unlock(owner))

    async def _renew(self, store: TokenStore, others: Sequence[TokenStore], stale: str | None) -> tuple[Held, bool]:
        for other in others:
            if held := _another(await _found(other), stale):
                return held, await _worked(store.write(held.token, held.seconds))
        token, seconds = await self.fetch(stale)
        written = [await _worked(one.write(token, seconds)) for one in (store, *others)]
        return Held(token, seconds), any(written)


def _another(held: Held | None, stale: str | None) -> Held | None:
    return held if held is not None and held.token != stale else None


async def _found(store: TokenStore) -> Held | None:
    try:
        return await store.read()
    except StoreAwayError as away:
        _say_away(away)
        return None


async def _worked(doing: Awaitable[None]) -> bool:
    try:
        await doing
    except StoreAwayError as away:
        _say_away(away)
        return False
    return True


def _say_away(away: StoreAwayError) -> None:
    _log.warning("a shared store of WeChat's tokens is away: %s", away)
