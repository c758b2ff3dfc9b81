"""What is compared, a module for each."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.town import Town


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a comparison is made with: the town, how many rounds, and whom it tells how far it is."""

    town: Town
    rounds: int
    progress: Callable[[str], None]
