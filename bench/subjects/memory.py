"""What a web worker holds in memory after many requests of a mixed kind: reads, searches, presentations."""

import itertools
import random
import time
from collections.abc import Iterator
from urllib.parse import quote

import psutil

from app.commands.bench import queries
from app.kit import db
from bench import load
from bench.people import find_holders
from bench.rounds import CONNECTIONS, Memory
from bench.sides import ours
from bench.subjects import Wanted

_SLICE = 2_000
_ADDRESSES = 65_536
_MEGABYTE = 1 << 20
# Well before tokens expire.
_RENEWED_SECONDS = 300


async def measure(wanted: Wanted) -> dict[str, Memory]:
    """How much it was after the first slice of requests, and the most of any moment after a slice."""
    if not wanted.rounds:
        return {}
    requests, renewed, done, seen = await _mixed(wanted), time.monotonic(), 0, []
    async with wanted.running(ours("web")) as (side,):
        while done < wanted.requests:
            if time.monotonic() - renewed > _RENEWED_SECONDS:
                requests, renewed = await _mixed(wanted), time.monotonic()
            many = list(itertools.islice(requests, min(_SLICE, wanted.requests - done)))
            counted = await load.send(side.port, many, CONNECTIONS)
            if not counted.statuses.keys() <= {200, 201}:
                raise RuntimeError(f"{side.name} answered {counted.statuses}: {counted.body[:300]!r}")
            done += len(many)
            seen.append(_worker_megabytes(side.process))
            wanted.progress(f"{done} of {wanted.requests} requests, {seen[-1]:.0f} MB")
    return {"memory": Memory(done, seen[0], max(seen))}


def _worker_megabytes(process: psutil.Process) -> float:
    """Of the process that answers: the one that holds most."""
    return float(max(one.memory_info().rss for one in (process, *process.children(recursive=True))) / _MEGABYTE)


async def _mixed(wanted: Wanted) -> Iterator[bytes]:
    holders = itertools.cycle(await find_holders(wanted.town, 2_000))
    items = itertools.cycle([row["item_code"] for row in await db.rows("SELECT item_code FROM items")])
    words = itertools.cycle(queries()["keywords"])

    def mixed() -> Iterator[bytes]:
        for one in holders:
            at = random.randrange(_ADDRESSES)
            address = {"X-Forwarded-For": f"10.3.{at >> 8}.{at & 255}"}
            yield load.request("GET", f"/api/v1/licences/{one.licence_id}", {**one.bearer, **address})
            yield load.request("GET", f"/api/v1/applications/{one.case_id}", {**one.bearer, **address})
            yield load.request("GET", f"/api/v1/items/{next(items)}", address)
            yield load.request("GET", f"/api/v1/items?q={quote(next(words))}", address)
            path = f"/api/v1/licences/{one.licence_id}/presentations"
            yield load.request("POST", path, {**one.bearer, **address}, b'{"preset":"all"}')

    return mixed()
