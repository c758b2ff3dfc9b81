"""Cases go to the existing system, and what it says of them reaches whom it concerns.

Two kinds of work. ``delivery``: the job of a submitted case, until the existing system has the case and that is
recorded; workers alone. ``callback``: a signed event over HTTP, kept, applied to its case, and the message about it in
the applicant's inbox; a web process and the worker together. The floor drains as many empty jobs.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import httpx
import psutil

from app.kit import db
from bench import contracts, load
from bench.contracts import delegate
from bench.rounds import CONNECTIONS, Figures, Taken, summed
from bench.sides import Cpu, cpu_of
from bench.subjects import Wanted
from bench.town import Town
from bench.ways import Way, anew, ways

_CASES = 200
_WARM = 50
_PATIENCE_SECONDS = 180
_SETTLE_SECONDS = 0.5
_PICK = """
SELECT case_no FROM applications JOIN items USING (item_code)
WHERE case_no IS NOT NULL AND company_id IS NULL AND department <> 'mz' ORDER BY applications.id DESC LIMIT $1
"""
_APPLIED = "SELECT count(*) AS many FROM inbox_events WHERE case_no = ANY($1::text[]) AND applied_at IS NOT NULL"


async def measure(wanted: Wanted) -> dict[str, Figures]:
    """The figures of each kind of work; ``delegate`` is one of each."""
    town = wanted.town
    cases = [row["case_no"] for row in await db.rows(_PICK, _CASES)]
    async with ways(wanted) as (every, port):
        wanted.progress("the contract")
        await _hold_contract(town, every, port, cases[0])
        if not wanted.rounds:
            return {}
        roles = {way.name: way.role for way in every}
        found = {"delegate: delivery": Figures(roles), "delegate: callback": Figures(roles)}
        for way in every:
            wanted.progress(f"warming {way.name}")
            await _deliver(town, way, cases[:_WARM])
            await _hear(town, way, cases[:_WARM])
        for turn in range(wanted.rounds):
            place = turn % len(every)
            for way in (*every[place:], *every[:place]):
                wanted.progress(f"round {turn + 1} of {wanted.rounds}: {way.name}")
                found["delegate: delivery"].note(way.name, await _deliver(town, way, cases))
                found["delegate: callback"].note(way.name, await _hear(town, way, cases))
    return {"delegate": summed(list(found.values())), **found}


async def _hold_contract(town: Town, every: Sequence[Way], port: int, case_no: str) -> None:
    """Raises ContractBrokenError."""
    seen: dict[str, dict[str, Any]] = {}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as existing:
        for way in every:
            if way.web is None:
                continue
            await anew([case_no])
            delivery = await delegate.see_delivery(existing, case_no, way.defer, way.delivered)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{way.web.port}", timeout=30) as web:
                seen[way.name] = {**delivery, **await delegate.see_callbacks(town, web, case_no)}
    contracts.compare(seen[every[0].name], seen)


async def _deliver(town: Town, way: Way, cases: Sequence[str]) -> Taken:
    await anew(cases)
    before, begun = _cpu(town, way.worker), time.perf_counter()
    await way.defer(cases)
    return await _until(town, way.delivered, cases, begun, before, way.worker)


async def _hear(town: Town, way: Way, cases: Sequence[str]) -> Taken:
    if way.web is None:
        return await _deliver(town, way, cases)
    await anew(cases, handed_over=True)
    said = [delegate.say(case_no) for case_no in cases]
    requests = [load.request("POST", delegate.PATH, delegate.signed(town, one), one) for one in said]
    before, begun = _cpu(town, way.worker, way.web.process), time.perf_counter()
    counted = await load.send(way.web.port, requests, CONNECTIONS)
    if set(counted.statuses) != {200}:
        raise RuntimeError(f"{way.name} answered {counted.statuses}: {counted.body[:300]!r}")
    return await _until(town, _applied, cases, begun, before, way.worker, way.web.process)


async def _applied(cases: Sequence[str]) -> int:
    return int((await db.rows(_APPLIED, list(cases)))[0]["many"])


async def _until(
    town: Town, count: delegate.Count, cases: Sequence[str], begun: float, before: Cpu, *processes: psutil.Process
) -> Taken:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if await count(cases) == len(cases):
                break
            await asyncio.sleep(0.1)
    wall = time.perf_counter() - begun
    # What was done is still to be noted as done.
    await asyncio.sleep(_SETTLE_SECONDS)
    return Taken(len(cases), wall, _cpu(town, *processes) - before)


def _cpu(town: Town, *processes: psutil.Process) -> Cpu:
    return Cpu(sum(map(cpu_of, processes)), cpu_of(town.engines.postgres), cpu_of(town.engines.redis))
