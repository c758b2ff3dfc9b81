"""How much a process has begun, and when it takes nothing more: what it has begun is worth more than what comes.

By Little's law as many requests as are under way at once make each take as long as the others need before it. So a
process that has begun as many as it may answers 503 before it looks at anything, and whoever asks comes again. How many
it may follows from how long they take: while they take far longer than the same routes do when the process has little
to do, it is fewer, down to what keeps a processor and the database busy; after a pause it is as many as ever. Whoever
waits for another system takes long at any time, and makes it no fewer.
"""

from collections import deque
from dataclasses import dataclass

from app.kit import db

_PATIENT_SECONDS = 1.0
_RESTED_SECONDS = 0.25
_LEAST, _LEAST_SHARE = 2, 32
# So many times as long as usual is too long, and so is it well; one request counts for no more than the last.
_TOO_LONG, _WELL, _MOST = 4.0, 3.0, 10.0
_FEWER, _MORE = 0.9, 0.1
_WEIGHT = 0.05


@dataclass(slots=True)
class Begun:
    """A request to a route that was begun at a moment of the performance counter, as the ``number``-th of all.

    ``is_first`` where no other was under way then; ``is_young`` until it has aged or ended.
    """

    route: str
    at: float
    number: int
    is_first: bool
    is_young: bool = True


class Load:
    """The requests of this process that are under way."""

    def __init__(self, at_once: int) -> None:
        """``at_once`` is how many may be, where they take no longer than usual."""
        self._at_once = at_once
        self._least = min(at_once, max(_LEAST, at_once // _LEAST_SHARE))
        self._limit = float(at_once)
        self._usual: dict[str, float] = {}
        self._took = self._would_take = self._ended = 0.0
        self._young: deque[Begun] = deque()
        self._number = self._many = self._many_young = 0

    @property
    def limit(self) -> int:
        """How many may be under way as things are."""
        return int(self._limit)

    def begin(self, route: str, now: float) -> Begun | None:
        """Take a request; ``end`` must follow. None where it is one too many."""
        if self.is_full(now):
            return None
        if not self._many_young and now - self._ended > _RESTED_SECONDS:
            self._limit, self._took = float(self._at_once), self._would_take
        self._number += 1
        begun = Begun(route, now, self._number, is_first=not self._many_young)
        self._young.append(begun)
        self._many += 1
        self._many_young += 1
        return begun

    def end(self, begun: Begun, now: float) -> None:
        """Note that a request was answered."""
        self._many -= 1
        self._many_young -= begun.is_young
        begun.is_young = False
        self._ended = now
        self._learn(begun, now - begun.at)

    def _learn(self, begun: Begun, seconds: float) -> None:
        usual = self._usual.setdefault(begun.route, seconds)
        was_alone = begun.is_first and begun.number == self._number
        if seconds < usual or was_alone:
            usual = self._usual[begun.route] = usual + _WEIGHT * (seconds - usual)
        self._took += _WEIGHT * (min(seconds, _MOST * usual) - self._took)
        self._would_take += _WEIGHT * (usual - self._would_take)
        if self._took > _TOO_LONG * self._would_take:
            self._limit = max(self._least, _FEWER * self._limit)
        elif self._took < _WELL * self._would_take:
            self._limit = min(self._at_once, self._limit + _MORE)

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
