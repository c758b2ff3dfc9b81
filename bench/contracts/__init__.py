"""What every side of a comparison must answer and do alike: a side that does not is not measured."""

import importlib
from collections.abc import Sequence
from typing import Any

import httpx

from bench.sides import Role, Side
from bench.town import Town


class ContractBrokenError(Exception):
    """A side answers, or does, something else than the product; a line for each."""


async def hold(town: Town, name: str, sides: Sequence[Side]) -> None:
    """Have each side do the cases of a contract. Raises ContractBrokenError."""
    contract = importlib.import_module(f"bench.contracts.{name}")
    seen: dict[str, dict[str, Any]] = {}
    for side in sides:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{side.port}", timeout=30) as client:
            seen[side.name] = await contract.see(town, client)
    mine = next(seen[side.name] for side in sides if side.role is Role.OURS)
    compare(mine, seen)


def compare(mine: dict[str, Any], seen: dict[str, dict[str, Any]]) -> None:
    """Compare what sides answered and did, by case. Raises ContractBrokenError."""
    broken = [
        f"{side}, {case}: {theirs.get(case)!r} instead of {expected!r}"
        for side, theirs in seen.items()
        for case, expected in mine.items()
        if theirs.get(case) != expected
    ]
    if broken:
        raise ContractBrokenError("\n".join(broken))
