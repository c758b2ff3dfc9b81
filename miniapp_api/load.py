"""How much a process has begun, and when it takes nothing more: what it has begun is worth more than what comes.

By Little's law as many requests as are under way at once make each take as long as the others need before it. So a
process that has begun as many as it may answers 503 before it looks at anything, and whoever asks comes again.

How many it may follows from whether more would help. Where it turns somebody away and had not a moment to wait in, or
no connection to the database to spare, it has enough to do with fewer, and each of them takes less long. Otherwise it
may begin more. How long requests take says nothing about it: some wait for other systems, some are refused at once.
"""

import resource
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.kit import db

_PATIENT_SECONDS = 1.0
_LOOK_SECONDS = 0.005
_LEAST = 2
_FEWER, _MORE = 0.7, 1.2
"""What the limit becomes each time that it is looked at. In balance a third of the times it was too many."""

# Only Linux counts for a thread; where any thread's waiting counts, the limit stays as high as it may be.
_WHOSE = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)


def times_waited() -> int:
    """How often this thread had nothing to do so far and was put to sleep by the system (getrusage(2), ru_nvcsw)."""
    return resource.getrusage(_WHOSE).ru_nvcsw


@dataclass(slots=True)
class Begun:
    """A request that was begun at a moment of the performance counter; ``is_young`` until it has aged or ended."""

    at: float
    is_young: bool = True


class Load:
    """The requests of this process that are under way."""

    def __init__(self, at_once: int, times_waited: Callable[[], int] = times_waited) -> None:
        """``at_once`` is how many may be at most; ``times_waited`` is how often the process had nothing to do."""
        self._at_once, self._limit = at_once, float(at_once)
        self._least = min(at_once, _LEAST)
        self._times_waited = times_waited
        self._young: deque[Begun] = deque()
        self._many = self._many_young = 0
        self._looked, self._waited = 0.0, 0
        self._turned_away = self._had_to_spare = False

    @property
    def limit(self) -> int:
        """How many may be under way as things are."""
        return int(self._limit)

    def begin(self, now: float) -> Begun | None:
        """Take a request; ``end`` must follow. None where it is one too many."""
        if now - self._looked >= _LOOK_SECONDS:
            self._look(now)
        self._had_to_spare = self._had_to_spare or db.has_place_to_spare()
        if self.is_full(now):
            self._turned_away = True
            return None
        begun = Begun(now)
        self._young.append(begun)
        self._many += 1
        self._many_young += 1
        return begun

    def end(self, begun: Begun) -> None:
        """Note that a request was answered."""
        self._many -= 1
        self._many_young -= begun.is_young
        begun.is_young = False

    def _look(self, now: float) -> None:
        waited = self._times_waited()
        if waited != self._waited and self._had_to_spare:
            looks = min((now - self._looked) / _LOOK_SECONDS, self._at_once)
            self._limit = min(float(self._at_once), self._limit * _MORE**looks)
        elif self._turned_away:
            self._limit = max(float(self._least), self._limit * _FEWER)
        self._looked, self._waited = now, waited
        self._turned_away = self._had_to_spare = False

    def is_full(self, now: float) -> bool:
        """Whether as many are under way as may be.

        One that takes longer than a second waits for somebody outside, and is in nobody's way, unless the database has
        no connection to spare.
        """
        self._let_age(now - _PATIENT_SECONDS)
        if self._many < self.limit:
            return False
        return self._many_young >= self.limit or not db.has_connection_to_spare()

    def _let_age(self, before: float) -> None:
        while self._young and (self._young[0].at < before or not self._young[0].is_young):
            begun = self._young.popleft()
            self._many_young -= begun.is_young
            begun.is_young = False
