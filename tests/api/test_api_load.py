"""When a process takes nothing more."""

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count

import pytest

from app.kit import db
from miniapp_api.load import Begun, Load, times_waited


@pytest.fixture(autouse=True)
def spare(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the database has a connection to spare: the last one said."""
    said = [True]
    monkeypatch.setattr(db, "has_connection_to_spare", lambda: said[-1])
    monkeypatch.setattr(db, "has_place_to_spare", lambda: said[-1])
    return said


def come(load: Load, many: int, now: float) -> list[Begun]:
    """So many come at a moment; those that are taken."""
    return [begun for _ in range(many) if (begun := load.begin(now))]


def test_one_too_many_is_turned_away_until_one_ends() -> None:
    """At the same moment of the clock."""
    load = Load(2)
    first, _ = come(load, 2, 0.0)
    assert load.begin(0.0) is None
    load.end(first)
    assert len(come(load, 2, 0.0)) == 1


def test_who_waits_for_somebody_outside_keeps_nobody_out(spare: list[bool]) -> None:
    """Unless no connection is to spare: then it waits for the database, as others would."""
    load = Load(2)
    old = [*come(load, 1, 0.0), *come(load, 1, 0.1)]
    assert load.is_full(0.9)
    assert not load.is_full(1.2)
    spare.append(False)
    assert load.is_full(1.2)
    spare.append(True)
    for one in (*old, *come(load, 1, 1.2)):
        load.end(one)
    assert not load.is_full(1.2)
    assert len(come(load, 3, 1.2)) == 2, "and nothing is counted twice"


Request = list[tuple[float, float]]
"""Seconds of the processor, and then of waiting for others, one pair after the other."""
_TURNING_AWAY = 0.00004


@dataclass
class Process:
    """A process of one processor, which does what is ready in the order in which it became so."""

    at_once: int = 64
    times_waited: int = 0
    came: int = 0
    turned_away: list[float] = field(default_factory=list)
    took: list[tuple[float, float]] = field(default_factory=list)
    """When each was answered, and how long it took from its coming."""
    now: float = 0.0

    def __post_init__(self) -> None:
        self.load = Load(self.at_once, lambda: self.times_waited)
        self._ready: deque[Callable[[], None]] = deque()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()

    def serve(self, requests: Iterator[tuple[float, Request]], until: float) -> None:
        """Requests come at these moments, and no more after ``until``; all are answered."""
        at, request = next(requests)
        while self._ready or self._later or at < until:
            if not self._ready:
                self.times_waited += 1
                self.now = max(self.now, min(at if at < until else math.inf, self._soonest))
            while at < until and at <= self.now:
                self._at(at, partial(self._come, at, request))
                at, request = next(requests)
            while self._soonest <= self.now:
                self._ready.append(heappop(self._later)[2])
            if self._ready:
                self._ready.popleft()()

    @property
    def _soonest(self) -> float:
        return self._later[0][0] if self._later else math.inf

    def _at(self, moment: float, what: Callable[[], None]) -> None:
        heappush(self._later, (moment, next(self._number), what))

    def _come(self, at: float, request: Request) -> None:
        self.came += 1
        begun = self.load.begin(self.now)
        if begun:
            self._go_on(at, begun, request)
        else:
            self.now += _TURNING_AWAY
            self.turned_away.append(self.now)

    def _go_on(self, at: float, begun: Begun, request: Request) -> None:
        if request:
            (busy, waiting), *rest = request
            self.now += busy
            self._at(self.now + waiting, lambda: self._go_on(at, begun, rest))
        else:
            self.load.end(begun)
            self.took.append((self.now, self.now - at))


Kind = Callable[[random.Random], Request]


def coming(kind: Kind, per_second: float, since: float = 0.0) -> Iterator[tuple[float, Request]]:
    """Requests of a kind that come independently of each other."""
    rng, at = random.Random(7), since
    while True:
        at += rng.expovariate(per_second)
        yield at, kind(rng)


def searches(rng: random.Random) -> Request:
    """The processor, the database, and the processor again, 0.4 ms of it in all, more or less."""
    much = rng.lognormvariate(-0.1, 0.44)
    return [(0.0002 * much, 0.0004), (0.0002 * much, 0.0)]


def mixed(rng: random.Random) -> Request:
    """Some are refused at once, and some wait long for another system."""
    return [(0.0002, 0.0)] if rng.random() < 0.6 else [(0.0005, 0.05), (0.0003, 0.0)]


def uneven(rng: random.Random) -> Request:
    """A few take the processor twenty times as long as most."""
    return [(0.0004 if rng.random() < 0.95 else 0.008, 0.001), (0.0002, 0.0)]


@pytest.mark.parametrize(
    ("kind", "per_second"),
    [(searches, 500), (searches, 2000), (searches, 2250), (mixed, 200), (mixed, 1000), (uneven, 600)],
)
def test_nobody_is_turned_away_while_a_process_can_do_what_comes(kind: Kind, per_second: float) -> None:
    """Up to nine tenths of what it can do, however different its requests are."""
    process = Process()
    process.serve(coming(kind, per_second), until=20.0)
    assert not process.turned_away
    assert process.load.limit == 64


def test_of_too_many_as_many_are_answered_as_can_be_and_soon() -> None:
    """The first ones aside, which come together."""
    process = Process()
    process.serve(coming(searches, 6000), until=10.0)
    later = sorted(seconds for at, seconds in process.took if 1 < at < 10)
    can_be = (1 - _TURNING_AWAY * len(process.turned_away) / 10) / 0.0004
    assert len(later) / 9 > 0.85 * can_be
    assert later[int(0.99 * len(later))] < 0.006


def test_once_no_more_come_than_it_can_do_nobody_is_turned_away_any_more() -> None:
    """It need not become quiet for that."""
    process = Process()
    process.serve(coming(searches, 6000), until=5.0)
    process.serve(coming(searches, 2000, since=process.now), until=10.0)
    assert len([at for at in process.turned_away if at > 5.5]) == 0
    assert process.load.limit == 64


def test_a_burst_is_taken_whole_and_so_is_the_next() -> None:
    """As many as may be at once."""
    process = Process()
    burst: Request = [(0.0002, 0.0004), (0.0002, 0.0)]
    for moment in (1.0, 2.0, 3.0):
        process.serve(iter([*[(moment, burst)] * 64, (math.inf, burst)]), until=moment + 0.5)
    assert not process.turned_away
    assert len(process.took) == 3 * 64


def test_fewer_are_taken_while_all_wait_for_the_database(spare: list[bool]) -> None:
    """Also where the processor has little to do, and as many as before once a connection is free again."""
    load, waited = Load(64, iter(range(1_000_000)).__next__), 0.0
    spare.append(False)
    come(load, 65, waited)
    for number in range(20):
        come(load, 1, 0.02 * number)
    assert load.limit == 2
    spare.append(True)
    for number in range(20, 40):
        come(load, 1, 0.02 * number)
    assert load.limit == 64


async def test_a_loop_that_has_nothing_to_do_is_seen_to_wait() -> None:
    """Each time."""
    before = times_waited()
    for _ in range(5):
        await asyncio.sleep(0.001)
    assert times_waited() >= before + 5
