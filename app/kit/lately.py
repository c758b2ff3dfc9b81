"""What a process was told a moment ago and believes for a second at most."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_HALF_SECONDS = 0.5


class Lately(Generic[K, V]):
    """Values by their keys, each for half a second at least and a second at most.

    All of half a second go at once: on paths that every request takes, looking up and keeping cost next to nothing, and
    what is kept needs no limit but what comes within a second.
    """

    __slots__ = ("_before", "_clock", "_now", "_turn")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` tells seconds that never go back."""
        self._clock = clock
        self._now: dict[K, V] = {}
        self._before: dict[K, V] = {}
        self._turn = clock() + _HALF_SECONDS

    def get(self, key: K) -> V | None:
        """The value of a key, None where it is not known any more."""
        if self._clock() >= self._turn:
            self._pass()
        value = self._now.get(key)
        return self._before.get(key) if value is None else value

    def __setitem__(self, key: K, value: V) -> None:
        """Keep a value, which is not None."""
        if self._clock() >= self._turn:
            self._pass()
        self._now[key] = value

    def forget(self, key: K) -> None:
        """Know nothing of a key."""
        self._now.pop(key, None)
        self._before.pop(key, None)

    def _pass(self) -> None:
        late = self._clock() - self._turn >= _HALF_SECONDS
        self._before = {} if late else self._now
        self._now = {}
        self._turn = (self._clock() if late else self._turn) + _HALF_SECONDS
