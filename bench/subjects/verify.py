"""A scanned code is verified online: authenticity, one-time spending, live status, duty, a durable record."""

import itertools
import secrets

from bench import load
from bench.people import Codes, find_holders, make_officers, scan
from bench.rounds import Figures, over_http
from bench.sides import Side, floor, ours, served_by_uvicorn
from bench.subjects import Wanted

PROGRAMS = (ours("web"), served_by_uvicorn("fastapi", "bench.peers.fastapi_house.main:app"), floor("verify"))
PATH = "/staff/v1/verifications"


async def measure(wanted: Wanted) -> dict[str, Figures]:
    """The figures."""
    town = wanted.town
    codes = Codes(town, await find_holders(town, 2_000))
    officers = itertools.cycle(await make_officers(town))

    async def requests(side: Side, many: int) -> list[bytes]:
        del side
        return [
            load.request("POST", PATH, {**next(officers).bearer, "Idempotency-Key": secrets.token_hex(16)}, scan(code))
            for code in await codes.make(many)
        ]

    async with wanted.running(*PROGRAMS) as sides:
        await wanted.hold_contract("verify", sides)
        return {"verify": await over_http(town, sides, requests, rounds=wanted.rounds, progress=wanted.progress)}
