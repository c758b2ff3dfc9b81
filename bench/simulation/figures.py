"""The figures that go in, as ``figures.yaml`` holds them."""

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

FIGURES = Path(__file__).with_name("figures.yaml")

Grade = Literal["measured", "in part", "estimate"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Frozen):
    """One number, how far it is measured, and where it is from."""

    value: float
    grade: Grade
    source: str


class Cost(_Frozen):
    """What doing something once costs, in milliseconds of one processor; ``by`` is what measures it.

    ``beside`` is spent in a child of the web process, where it holds up no other request.
    """

    web: float = 0
    beside: float = 0
    worker: float = 0
    postgres: float = 0
    grade: Grade
    source: str
    by: str


class Kept(_Frozen):
    """How many bytes one of a kind takes, and for how many years it is kept."""

    bytes: float
    years: float
    grade: Grade
    source: str


class Weight(_Frozen):
    """Bytes that an answer weighs on the network."""

    value: float
    source: str


class Limit(_Frozen):
    """The most that one house, or one part of it, has of something."""

    most: float
    what: str
    source: str


class Machines(_Frozen):
    """What processes and engines are given.

    ``fullest`` is how busy they may be, ``spare`` what is kept beyond what is needed; both are shares.
    """

    fullest: float
    connections_of_a_process: int
    requests_at_once: int
    spare: float
    least_web: int
    least_workers: int
    node_cores: int
    node_bytes: float


class Busy(_Frozen):
    """How many requests come to how many processes, and which shares of the time these are to be busy."""

    processes: int
    requests: int
    shares: list[float]


class Opening(_Frozen):
    """An item that opens: half of the applicants have come after ``minutes_to_half``; deliveries a second to try."""

    applicants: int
    minutes_to_half: float
    paces: list[float]


class Echo(_Frozen):
    """A broadcast: which share opens it, half of these within ``minutes_to_half``; numbers of processes to try."""

    messages: int
    a_second: float
    opened: float
    minutes_to_half: float
    processes: list[int]


class Scenarios(_Frozen):
    """What is simulated."""

    busy: Busy
    opening: Opening
    echo: Echo


class Figures(_Frozen):
    """All of them."""

    people: dict[str, int]
    uses: dict[str, Figure]
    peaks: dict[str, Figure]
    visit: dict[str, float]
    costs: dict[str, Cost]
    kept: dict[str, Kept]
    network: dict[str, Weight]
    machines: Machines
    limits: dict[str, Limit]
    scenarios: Scenarios

    def use(self, name: str) -> float:
        """The value of one use."""
        return self.uses[name].value


@cache
def figures() -> Figures:
    """The figures of this repository."""
    return Figures.model_validate(yaml.safe_load(FIGURES.read_text(encoding="utf-8")))
