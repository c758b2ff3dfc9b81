"""Citizens read a licence and a case of theirs, and anybody a guide."""

import itertools

from app.kit import db
from bench import load
from bench.people import find_holders
from bench.rounds import Figures, over_http, summed
from bench.sides import Side, floor, ours, served_by_uvicorn
from bench.subjects import Wanted

PROGRAMS = (
    ours("web"),
    served_by_uvicorn("fastapi", "bench.peers.fastapi_house.main:app"),
    served_by_uvicorn("django", "bench.peers.django_house.asgi:app"),
    floor("read"),
)
_ADDRESSES = 4096


async def measure(wanted: Wanted) -> dict[str, Figures]:
    """The figures of each by itself; ``read`` is one of each."""
    holders = await find_holders(wanted.town, 2_000)
    items = [row["item_code"] for row in await db.rows("SELECT item_code FROM items ORDER BY item_code")]
    callers = itertools.cycle(holders)
    guides = itertools.cycle(enumerate(itertools.islice(itertools.cycle(items), _ADDRESSES)))

    async def licences(side: Side, many: int) -> list[bytes]:
        del side
        return [
            load.request("GET", f"/api/v1/licences/{caller.licence_id}", caller.bearer)
            for caller in itertools.islice(callers, many)
        ]

    async def cases(side: Side, many: int) -> list[bytes]:
        del side
        return [
            load.request("GET", f"/api/v1/applications/{caller.case_id}", caller.bearer)
            for caller in itertools.islice(callers, many)
        ]

    async def read_guides(side: Side, many: int) -> list[bytes]:
        del side
        return [
            load.request("GET", f"/api/v1/items/{item}", {"X-Forwarded-For": f"10.1.{number >> 8}.{number & 255}"})
            for number, item in itertools.islice(guides, many)
        ]

    found: dict[str, Figures] = {}
    async with wanted.running(*PROGRAMS) as sides:
        await wanted.hold_contract("read", sides)
        for name, requests in {"licence": licences, "case": cases, "guide": read_guides}.items():
            found[f"read: {name}"] = await over_http(
                wanted.town, sides, requests, rounds=wanted.rounds, progress=wanted.progress
            )
    return {"read": summed(list(found.values())), **found}
