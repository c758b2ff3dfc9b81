"""What every side of a comparison must answer and do alike: a side that does not is not measured."""

import importlib
from collections.abc import Iterator, Sequence
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
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{side.port}{side.prefix}", timeout=30) as client:
            try:
                seen[side.name] = await contract.see(town, client)
            except (httpx.HTTPError, ValueError) as error:
                raise ContractBrokenError(f"{side.name}: {error!r}") from error
    mine = next(seen[side.name] for side in sides if side.role is Role.OURS)
    compare(mine, seen)


def compare(mine: dict[str, Any], seen: dict[str, dict[str, Any]]) -> None:
    """Compare what sides answered and did, by case. Raises ContractBrokenError."""
    broken = [
        f"{side}, {case}{difference}"
        for side, theirs in seen.items()
        for case, expected in mine.items()
        for difference in _differences(expected, theirs.get(case))
    ]
    if broken:
        raise ContractBrokenError("\n".join(broken))


def _differences(expected: Any, found: Any) -> Iterator[str]:
    """Where two values differ, and how."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            yield from (f" / {name}{more}" for more in _differences(expected.get(name, ...), found.get(name, ...)))
    elif isinstance(expected, list | tuple) and isinstance(found, list | tuple) and len(expected) == len(found):
        for place, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from (f" / {place}{more}" for more in _differences(one, other))
    elif expected != found:
        yield f": {found!r} instead of {expected!r}"
