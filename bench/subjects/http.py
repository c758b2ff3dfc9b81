"""A request that does nothing: what routing, errors, request ids, limits, logging and metrics cost together."""

from bench import load
from bench.rounds import Figures, over_http
from bench.sides import Side, floor, ours, served_by_uvicorn
from bench.subjects import Wanted

PROGRAMS = (
    ours("web"),
    served_by_uvicorn("fastapi", "bench.peers.fastapi_house.main:app"),
    served_by_uvicorn("django", "bench.peers.django_house.asgi:app"),
    floor("http"),
)
_ADDRESSES = 4096


async def requests(side: Side, many: int) -> list[bytes]:
    """So many requests, from as many addresses as limits by address let through."""
    del side
    return [
        load.request("GET", "/health/live", {"X-Forwarded-For": f"10.0.{number >> 8}.{number & 255}"})
        for number in (count % _ADDRESSES for count in range(many))
    ]


async def measure(wanted: Wanted) -> dict[str, Figures]:
    """The figures."""
    town = wanted.town
    async with wanted.running(*PROGRAMS) as sides:
        await wanted.hold_contract("http", sides)
        return {"http": await over_http(town, sides, requests, rounds=wanted.rounds, progress=wanted.progress)}
