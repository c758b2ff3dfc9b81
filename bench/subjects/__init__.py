"""What is compared, a module for each."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench import contracts
from bench.sides import Program, Side, running
from bench.town import Engines, Town

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a comparison is made with: the town, how many rounds, how large a town
    grows (in cases), after how many requests memory is looked at, and whom it tells how far it is.

    Without rounds the contracts are held and nothing is measured.
    """

    engines: Engines
    town: Town
    rounds: int
    grown: int
    requests: int
    progress: Callable[[str], None]

    @asynccontextmanager
    async def running(
        self, *programs: Program, town: Town | None = None, environment: Mapping[str, str] = NOTHING
    ) -> AsyncIterator[list[Side]]:
        """Sides that run, on another ``town`` where one is given; those that are installed, to hold contracts alone."""
        wanted = [program for program in programs if self.rounds or program.installed]
        town = town or self.town
        async with running(wanted, {**town.environment, **environment}, town.plan.web_port, town.logs) as sides:
            yield sides

    async def hold_contract(self, name: str, sides: Sequence[Side], town: Town | None = None) -> None:
        """Have all sides show that they do the same. Raises ContractBrokenError."""
        self.progress("the contract")
        await contracts.hold(town or self.town, name, sides)
