"""How much a process has begun, and when it takes nothing more: what it has begun is worth more than what comes.

By Little's law as many requests as are under way at once make each take as long as the others need before it. So a
process that has begun ``at_once`` answers 503 before it looks at anything, and whoever asks comes again.
"""

from collections import deque
from dataclasses import dataclass

from prometheus_client import Counter

from app.kit import db
from app.kit.errors import TemporarilyUnavailableError

_PATIENT_SECONDS = 1.0

_TURNED_AWAY = Counter("jiaban_requests_turned_away_total", "requests that came while too many were under way")


@dataclass(slots=True)
class Begun:
    """A request that was begun at a moment of the performance counter; ``is_young`` until it has aged or ended."""

    at: float
    is_young: bool = True


class Load:
    """The requests of this process that are under way."""

    def __init__(self, at_once: int) -> None:
        """``at_once`` is how many may be."""
        self._at_once = at_once
        self._young: deque[Begun] = deque()
        self._many = self._many_young = 0

    def begin(self, now: float) -> Begun:
        """Take a request; ``end`` must follow. Raises TemporarilyUnavailableError where it is one too many."""
        if self.is_full(now):
            _TURNED_AWAY.inc()
            raise TemporarilyUnavailableError
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

    def is_full(self, now: float) -> bool:
        """Whether as many are under way as may be.

        One that takes longer than a second waits for somebody outside, and is in nobody's way, unless the database has
        no connection to spare.
        """
        self._let_age(now - _PATIENT_SECONDS)
        if self._many < self._at_once:
            return False
        return self._many_young >= self._at_once or not db.has_connection_to_spare()

    def _let_age(self, before: float) -> None:
        while self._young and (self._young[0].at < before or not self._young[0].is_young):
            begun = self._young.popleft()
            self._many_young -= begun.is_young
            begun.is_young = False
