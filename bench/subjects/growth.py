"""What a request costs in a large town, for what it costs in a small one; PostgreSQL's seconds are counted.

Codes are made beforehand, of those that hold for hours, since two towns cannot be written to in turns from here.
"""

import dataclasses
import itertools
import secrets
from collections.abc import Iterator

from app.licences.codes import CodeKind
from bench import load
from bench.people import Codes, find_holders, make_officers, scan
from bench.rounds import Figures, Requests, over_http, summed
from bench.sides import Role, Side, ours
from bench.subjects import Wanted
from bench.town import Town, filled, opened

_EACH = 250
_WARM_TURNS = 2
_KINDS = ("verify", "present", "licence", "case")


async def measure(wanted: Wanted) -> dict[str, Figures]:
    """The figures of each kind of request, and of one of each: ``growth``, whose ratio is that of the costs."""
    if not wanted.rounds:
        return {}
    found: dict[str, Figures] = {}
    turns = wanted.rounds + _WARM_TURNS
    async with filled(wanted.engines, wanted.grown) as plan:
        # Tokens of the small town would have expired by the time that a large one is filled.
        async with opened(wanted.engines, wanted.town.plan) as reopened:
            small = await _prepared(reopened, turns)
        async with opened(wanted.engines, plan) as grown:
            large = await _prepared(grown, turns)
            async with wanted.running(ours("web")) as one, wanted.running(ours("web"), town=grown) as other:
                sides = [*one, *(dataclasses.replace(side, name="grown", role=Role.PEER) for side in other)]
                for kind in _KINDS:
                    found[f"growth: {kind}"] = await over_http(
                        *(wanted.town, sides, _of(kind, small, large)),
                        rounds=wanted.rounds,
                        status=201 if kind == "present" else 200,
                        by_whole=True,
                        seconds=0,
                        least=_EACH,
                        progress=wanted.progress,
                    )
    return {"growth": summed(list(found.values())), **found}


def _of(kind: str, small: dict[str, Iterator[bytes]], large: dict[str, Iterator[bytes]]) -> Requests:
    async def requests(side: Side, many: int) -> list[bytes]:
        return list(itertools.islice((small if side.role is Role.OURS else large)[kind], many))

    return requests


async def _prepared(town: Town, turns: int) -> dict[str, Iterator[bytes]]:
    holders, officers = await find_holders(town, 2_000), itertools.cycle(await make_officers(town))
    codes = await Codes(town, holders, CodeKind.HELD).make(_EACH * turns)
    body = b'{"preset":"all"}'
    return {
        "verify": iter(
            [
                load.request(
                    *("POST", "/staff/v1/verifications"),
                    {**next(officers).bearer, "Idempotency-Key": secrets.token_hex(16)},
                    scan(code),
                )
                for code in codes
            ]
        ),
        "present": itertools.cycle(
            [
                load.request("POST", f"/api/v1/licences/{one.licence_id}/presentations", one.bearer, body)
                for one in holders
            ]
        ),
        "licence": itertools.cycle(
            [load.request("GET", f"/api/v1/licences/{one.licence_id}", one.bearer) for one in holders]
        ),
        "case": itertools.cycle(
            [load.request("GET", f"/api/v1/applications/{one.case_id}", one.bearer) for one in holders]
        ),
    }
