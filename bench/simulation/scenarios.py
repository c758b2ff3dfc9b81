"""What is simulated: how busy processes may be, an item that opens, the echo of a broadcast. Seeded."""

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from operator import truediv

from bench.simulation.figures import Figures
from bench.simulation.queues import Seconds, Seen, quantile, simulate, steady

SEED = 20_261_127

# Of a run that begins with nobody waiting, the beginning says less than what follows.
_FIRST_OUT = 0.1
_STEP = 10.0


@dataclass(frozen=True, slots=True)
class Busy:
    """What 99 of a hundred requests do not exceed at such a business of the processes, in milliseconds.

    ``stuck``: a connection stays with its process; ``shared``: whichever process is free takes the next request.
    """

    share: float
    stuck: float
    shared: float


@dataclass(frozen=True, slots=True)
class Opening:
    """An item that opened, at one pace of its approval system: how many cases wait after so many minutes.

    ``median`` and ``longest`` are how long they wait, in minutes.
    """

    pace: float
    waiting: list[tuple[float, int]]
    median: float
    longest: float

    @property
    def most(self) -> int:
        """The most that wait at once."""
        return max(many for _, many in self.waiting)


@dataclass(frozen=True, slots=True)
class Echo:
    """A broadcast's echo with so many web processes: requests a second by minutes, which share was turned away.

    ``can_a_second`` is what the processes can do; ``p99`` is of those that were answered, in milliseconds.
    """

    processes: int
    can_a_second: float
    asked: list[tuple[float, float]]
    shed: float
    p99: float


def how_busy(figures: Figures, seed: int = SEED) -> list[Busy]:
    """How long requests of a visit take at several degrees of business."""
    said = figures.scenarios.busy
    rng = random.Random(seed)
    service, mean = _service(figures, rng, "web")
    after, _ = _service(figures, rng, "postgres")
    found = []
    for share in said.shares:
        a_second = share * said.processes / mean
        took = []
        for queues, servers in ((said.processes, 1), (1, said.processes)):
            arrivals = steady(rng, a_second, said.requests)
            seen = simulate(rng, arrivals, service, queues=queues, servers=servers, after=after)
            took.append(1000 * quantile(seen.stayed[int(_FIRST_OUT * said.requests) :], 0.99))
        found.append(Busy(share, *took))
    return found


def item_opens(figures: Figures, seed: int = SEED) -> list[Opening]:
    """How long cases wait for their delivery, at each pace that the approval system might take."""
    said = figures.scenarios.opening
    found = []
    for pace in said.paces:
        rng = random.Random(seed)
        came = sorted(rng.expovariate(math.log(2) / said.minutes_to_half / 60) for _ in range(said.applicants))
        seen = simulate(rng, iter(came), partial(truediv, 1, pace))
        minutes = [wait / 60 for wait in seen.waited]
        found.append(Opening(pace, _waiting(seen), quantile(minutes, 0.5), max(minutes)))
    return found


def broadcast_echoes(figures: Figures, seed: int = SEED) -> list[Echo]:
    """What reaches the web processes after a broadcast, and how many of these take it.

    Since connections stay with their process, one process is simulated, with its part of all visits.
    """
    said = figures.scenarios.echo
    found = []
    for processes in said.processes:
        rng = random.Random(seed)
        service, mean = _service(figures, rng, "web")
        came = sorted(_echo(figures, rng, said.messages / processes))
        seen = simulate(rng, iter(came), service, most=figures.machines.requests_at_once)
        counted = Counter(int(at // _STEP) for at in came)
        asked = [(step * _STEP / 60, counted[step] * processes / _STEP) for step in sorted(counted)]
        shed, p99 = len(seen.shed) / len(came), 1000 * quantile(seen.stayed, 0.99)
        found.append(Echo(processes, processes / mean, asked, shed, p99))
    return found


def _echo(figures: Figures, rng: random.Random, messages: float) -> Iterator[float]:
    """When each request comes: the message's turn, the time until it is opened, then a visit of two minutes."""
    said = figures.scenarios.echo
    lasts, each = said.messages / said.a_second, int(sum(figures.visit.values()))
    for _ in range(int(messages * said.opened)):
        opened = rng.uniform(0, lasts) + rng.expovariate(math.log(2) / said.minutes_to_half / 60)
        for _ in range(each):
            yield opened + rng.uniform(0, 120)


def _waiting(seen: Seen) -> list[tuple[float, int]]:
    """How many wait, at each end of a step, in minutes."""
    steps = Counter(int(at // _STEP) for at in seen.came)
    steps.subtract(int((at + wait) // _STEP) for at, wait in zip(seen.came, seen.waited, strict=True))
    numbers = range(max(steps) + 1)
    return [
        (step * _STEP / 60, many) for step, many in zip(numbers, accumulate(steps[at] for at in numbers), strict=True)
    ]


def _service(figures: Figures, rng: random.Random, part: str) -> tuple[Seconds, float]:
    """What draws the seconds of a request of a visit, each kind's spread exponentially, and their mean."""
    kinds, shares = list(figures.visit), list(figures.visit.values())
    means = {kind: getattr(figures.costs[kind], part) / 1000 for kind in kinds}
    bounds = list(accumulate(shares))

    def draw() -> float:
        kind = rng.choices(kinds, cum_weights=bounds)[0]
        return rng.expovariate(1 / means[kind])

    return draw, sum(means[kind] * share for kind, share in figures.visit.items()) / bounds[-1]
