"""Rounds: every side does the same work in short turns, so that what else the machine does falls on all of them."""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bench import load
from bench.sides import Cpu, Role, Side, cpu_of
from bench.town import Town

CONNECTIONS = 8
_SECONDS = 3.0
_WARM = 200
_TURNS = 3
"""Of each side in a round, a second each: others' work on a machine, and its clock, change within seconds.

Shorter ones would measure beginnings: what a process remembers for a second, it would have forgotten in between.
"""
Requests = Callable[[Side, int], Awaitable[list[bytes]]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What one side did in one round: pieces of work, seconds, seconds of the processor."""

    done: int
    wall: float
    cpu: Cpu

    @property
    def per_cpu_second(self) -> float:
        """Work for each second of the processor of the side's own processes."""
        return self.done / self.cpu.own

    @property
    def per_whole_cpu_second(self) -> float:
        """The same with PostgreSQL's and Redis' seconds counted."""
        return self.done / self.cpu.whole


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some figures, the least and the most."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """The spread of figures, of which there is at least one."""
        return cls(statistics.median(figures), min(figures), max(figures))


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes (MiB) of a web worker that answered so many requests: after the first of them, and at the most."""

    requests: int
    first: float
    most: float


@dataclass(slots=True)
class Figures:
    """What the sides of one comparison did, round by round; ``roles`` says what each side is.

    ``by_whole`` where the work is PostgreSQL's, so that the ratio is by everybody's seconds of the processor.
    """

    roles: dict[str, Role]
    by_whole: bool = False
    taken: dict[str, list[Taken]] = field(default_factory=dict)

    def note(self, side: str, taken: Taken) -> None:
        """Add what a side did in a round."""
        self.taken.setdefault(side, []).append(taken)

    @property
    def ours(self) -> str:
        """The name of the product's side."""
        return next(name for name, role in self.roles.items() if role is Role.OURS)

    def others(self, role: Role) -> list[str]:
        """The names of the sides of a role."""
        return [name for name, found in self.roles.items() if found is role]

    def ratio(self, other: str, *, whole: bool | None = None) -> Spread:
        """Ours to another's in work for a second of the processor, round by round; greater is better for us.

        ``whole`` counts PostgreSQL's and Redis' seconds too; where nothing is said, ``by_whole`` says it.
        """
        whole = self.by_whole if whole is None else whole
        pairs = zip(self.taken[self.ours], self.taken[other], strict=True)
        return Spread.of([_work(mine, whole) / _work(theirs, whole) for mine, theirs in pairs])


def _work(taken: Taken, whole: bool) -> float:
    return taken.per_whole_cpu_second if whole else taken.per_cpu_second


def summed(figures: Sequence[Figures]) -> Figures:
    """Some comparisons as one, in which a piece of work is one of each: their costs are added, round by round."""
    first = figures[0]
    whole = Figures(first.roles, first.by_whole)
    for side in first.taken:
        for taken in zip(*(one.taken[side] for one in figures), strict=True):
            cost = [(one.wall / one.done, one.cpu, one.done) for one in taken]
            cpu = Cpu(
                sum(cpu.own / done for _, cpu, done in cost),
                sum(cpu.postgres / done for _, cpu, done in cost),
                sum(cpu.redis / done for _, cpu, done in cost),
            )
            whole.note(side, Taken(1, sum(wall for wall, _, _ in cost), cpu))
    return whole


async def over_http(
    town: Town,
    sides: Sequence[Side],
    requests: Requests,
    *,
    rounds: int,
    status: int = 200,
    by_whole: bool = False,
    seconds: float = _SECONDS,
    least: int = _WARM,
    progress: Callable[[str], None] = lambda _: None,
) -> Figures:
    """Have each side answer requests for about so many seconds in each round, in several turns.

    ``requests`` makes so many for a side, before its time begins; no round has fewer than ``least``, and no more where
    ``seconds`` is 0, all in one turn. Raises
    RuntimeError where an answer has another ``status``.
    """
    figures = Figures({side.name: side.role for side in sides}, by_whole)
    if not rounds:
        return figures
    many = {}
    for side in sides:
        progress(f"warming {side.name}")
        await _send(town, side, await requests(side, least), status)
        warm = await _send(town, side, await requests(side, least), status)
        many[side.name] = max(int(seconds * warm.done / warm.wall), least)
    turns = _TURNS if seconds else 1
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        ready = {side.name: await requests(side, many[side.name]) for side in sides}
        taken: dict[str, list[Taken]] = {side.name: [] for side in sides}
        for turn in range(turns):
            place = (number + turn) % len(sides)
            for side in (*sides[place:], *sides[:place]):
                taken[side.name].append(await _send(town, side, ready[side.name][turn::turns], status))
        for name, found in taken.items():
            figures.note(name, together(found))
    return figures


def together(turns: Sequence[Taken]) -> Taken:
    """What one side did in several turns, of which there is at least one."""
    cpu = [turn.cpu for turn in turns]
    own, postgres, redis = sum(one.own for one in cpu), sum(one.postgres for one in cpu), sum(one.redis for one in cpu)
    return Taken(sum(turn.done for turn in turns), sum(turn.wall for turn in turns), Cpu(own, postgres, redis))


async def _send(town: Town, side: Side, requests: list[bytes], status: int) -> Taken:
    before, begun = _cpu(town, side), time.perf_counter()
    counted = await load.send(side.port, requests, CONNECTIONS)
    wall = time.perf_counter() - begun
    if set(counted.statuses) != {status}:
        raise RuntimeError(f"{side.name} answered {counted.statuses}: {counted.body[:300]!r}")
    return Taken(len(requests), wall, _cpu(town, side) - before)


def _cpu(town: Town, side: Side) -> Cpu:
    return Cpu(cpu_of(side.process), cpu_of(town.engines.postgres), cpu_of(town.engines.redis))
