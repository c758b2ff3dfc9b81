"""A holder shows a licence: a code is made, signed, kept and drawn."""

import itertools

from bench import load
from bench.people import find_holders
from bench.rounds import Figures, over_http
from bench.sides import Side, floor, ours, served_by_uvicorn
from bench.subjects import Wanted

PROGRAMS = (ours("web"), served_by_uvicorn("fastapi", "bench.peers.fastapi_house.main:app"), floor("present"))


async def measure(wanted: Wanted) -> dict[str, Figures]:
    """The figures."""
    callers = itertools.cycle(await find_holders(wanted.town, 2_000))

    async def requests(side: Side, many: int) -> list[bytes]:
        del side
        return [
            load.request("POST", f"/api/v1/licences/{one.licence_id}/presentations", one.bearer, b'{"preset":"all"}')
            for one in itertools.islice(callers, many)
        ]

    async with wanted.running(*PROGRAMS) as sides:
        await wanted.hold_contract("present", sides)
        found = await over_http(
            wanted.town, sides, requests, rounds=wanted.rounds, status=201, progress=wanted.progress
        )
        return {"present": found}
