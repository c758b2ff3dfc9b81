"""Which faults come when: made of a seed alone, so that a run can be repeated.

The faults come in rounds, each kind at each place once a round, in an order of the round's own; what fits into the time
is carried out. Every third begins before the one before it has ended.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from tests.faults.proxy import Line

PROCESSES = ("web", "worker", "sandbox", "postgres", "redis")
LINKS = ("phones", "database", "redis", "approvals", "tables", "callbacks", "wechat", "authority", "scanner")
TABLES = ("applications", "materials", "messages", "verifications", "deliveries", "inbox_events", "licences")
_JUMPS = tuple(timedelta(hours=hours) for hours in (1, -1, 24, -24))


@dataclass(frozen=True, slots=True)
class Kind:
    """What happens to what. ``by`` is the seconds that a clock jumps."""

    what: str
    where: str
    by: float = 0.0

    def __str__(self) -> str:
        if self.by:
            return f"clock of {self.where} {self.by / 3600:+.0f} h"
        return f"{self.what} {self.where}"


KINDS = (
    *(Kind("kill", process) for process in PROCESSES),
    *(Kind("freeze", process) for process in PROCESSES),
    *(Kind(line.value, link) for link in LINKS for line in Line if line is not Line.OPEN),
    *(Kind("clock", process, jump.total_seconds()) for process in ("web", "worker", "sandbox") for jump in _JUMPS),
    *(Kind("lock", table) for table in TABLES),
    *(Kind("nameless", process) for process in ("web", "worker")),
    Kind("full disk", "web"),
    Kind("no connection left", "postgres"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: from ``at`` seconds after the beginning, for ``lasts`` seconds, or until what was killed is back."""

    kind: Kind
    at: float
    lasts: float

    def __str__(self) -> str:
        return f"{self.at:7.1f} s {self.kind}, {self.lasts:.1f} s"


def schedule(seed: int, seconds: float, kinds: tuple[Kind, ...] = KINDS, longest: float = 5.0) -> list[Fault]:
    """The faults of a seed that end within ``seconds``, in order; none takes longer than ``longest`` seconds."""
    chance = random.Random(seed)
    found: list[Fault] = []
    at = chance.uniform(0.5, 1.5)
    busy: dict[str, float] = {}
    for kind in _rounds(chance, kinds):
        lasts = round(chance.uniform(0.2 * longest, longest), 1)
        # Two at one place, one after the other.
        at = round(max(at, busy.get(kind.where, 0)), 1)
        if at + lasts > seconds:
            return found
        found.append(Fault(kind, at, lasts))
        busy[kind.where] = at + lasts + 0.5
        at += (
            lasts * chance.uniform(0.3, 0.9) if chance.random() < 1 / 3 else lasts + 0.3 * chance.uniform(0.3, longest)
        )
    raise AssertionError("rounds do not end")


def _rounds(chance: random.Random, kinds: tuple[Kind, ...]) -> Iterator[Kind]:
    while True:
        yield from chance.sample(kinds, len(kinds))


def kinds_of(words: str) -> tuple[Kind, ...]:
    """The kinds whose description contains one of these words, which commas part; all where there is none."""
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    return tuple(kind for kind in KINDS if not wanted or any(word in str(kind) for word in wanted))
