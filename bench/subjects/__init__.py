"""What is compared, a module for each."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench import contracts
from bench.sides import Program, Side, running
from bench.town import Town


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a comparison is made with: the town, how many rounds, and whom it tells how far it is.

    Without rounds the contracts are held and nothing is measured.
    """

    town: Town
    rounds: int
    progress: Callable[[str], None]

    @asynccontextmanager
    async def running(self, *programs: Program) -> AsyncIterator[list[Side]]:
        """Sides that run; where only contracts are held, those that are installed."""
        wanted = [program for program in programs if self.rounds or program.installed]
        town = self.town
        async with running(wanted, town.environment, town.plan.web_port, town.logs) as sides:
            yield sides

    async def hold_contract(self, name: str, sides: Sequence[Side]) -> None:
        """Have all sides show that they do the same. Raises ContractBrokenError."""
        self.progress("the contract")
        await contracts.hold(self.town, name, sides)
