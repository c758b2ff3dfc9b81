"""``jiaban dev bench-cases``: what the way of a case costs, and whether that stays flat as the tables fill.

Each size gets a database of its own in one engine; what is compared between sizes is measured in turns, so that
whatever else the machine does meanwhile falls on all of them.
"""

import asyncio
import io
import json
import os
import platform
import statistics
import time
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.applications.rules import Cause
from app.applications.service import submit_application
from app.approvals import inbox, tasks
from app.bootstrap import House, install_keyring, open_house
from app.commands.bench import engine, free_port, quantiles
from app.commands.case_filling import CONNECTOR, citizens_of, fill_cases, filled_citizen, trip_item
from app.commands.hot_paths import Taker, Walk, drain, drains_to, event_of, ready_draft
from app.commands.query_plans import LARGE, Plan, plans, recorded
from app.demo.house import ensure_database, running_house
from app.demo.plan import make_plan, write_settings
from app.identity.rules import Audience
from app.identity.sessions import open_session
from app.kit import db
from app.mandates.party import Party
from app.schema import migrate_database
from app.upkeep.city import load_city
from config.settings import CITY_DATA, DemoSettings, Settings, load_demo_settings

_console = Console(highlight=False)
_ROUNDS, _AT_ONCE = 3, 8
_EVENTS = (Cause.RECEIVED, Cause.ACCEPTED)
_MILLISECONDS = 1000
_PATIENCE_SECONDS = 180
# A case's own steps lie a second apart in the stand-in; its pace is not what is measured.
_UNPACED = "JIABAN_APPROVALS__CONNECTORS__CITY__PER_SECOND"
_GROWS = 3

_ARRIVED = "SELECT count(*) AS many FROM applications WHERE id = ANY($1::uuid[]) AND state = 'completed'"
_TO_DELIVERED = """
SELECT extract(epoch FROM deliveries.updated_at - submitted_at)::float AS seconds
FROM applications JOIN deliveries USING (case_no)
WHERE applications.id = ANY($1::uuid[]) AND kind = 'case' AND deliveries.state = 'delivered'
"""
_TO_MESSAGE = """
SELECT extract(epoch FROM messages.created_at - received_at)::float AS seconds
FROM applications JOIN inbox_events AS event USING (case_no)
JOIN messages ON key = event.kind || ':' || case_no || ':' || sequence || ':' || applications.citizen_id
WHERE applications.id = ANY($1::uuid[])
"""


@dataclass(slots=True)
class Size:
    """A database with so many cases, and what was measured in it: milliseconds by what they were spent on."""

    cases: int
    url: str
    taken: dict[str, list[float]] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)

    def note(self, what: str, *milliseconds: float) -> None:
        """Add measurements."""
        self.taken.setdefault(what, []).extend(milliseconds)


async def bench_cases(sizes: list[int], submissions: int, given: str | None, report: Path | None) -> None:
    """Fill a database for each size, measure ``submissions`` cases in each, and print the figures.

    ``given`` is the address of a server's database, beside which the databases are made; None starts PostgreSQL from
    its wheel. Databases are dropped at the end. ``report`` is a file for the figures as JSON.
    """
    async with engine(given, "-cshared_buffers=512MB", "-cmax_wal_size=4GB") as url:
        every = [Size(cases, f"{url}_{cases}") for cases in sizes]
        demo = DemoSettings(port=free_port(5), var=load_demo_settings().var / "bench" / "cases", database_url=url)
        try:
            for size in every:
                await fill(size, demo)
            for _ in range(_ROUNDS):
                for size in every:
                    async with open_house(_settings(size, demo)) as house:
                        await _measure(size, house, max(submissions // _ROUNDS, 1))
            for size in every:
                await _measure_processes(size, demo, submissions)
            for size in every:
                async with open_house(_settings(size, demo)) as house:
                    size.plans = await _plans(size, house)
        finally:
            for size in every:
                await drop(size.url)
    for table in (_figures(every), _findings(every)):
        _console.print(table)
    if report:
        _write(report, _report(every, submissions))


def _sized(size: Size, demo: DemoSettings) -> DemoSettings:
    """The demonstration on a size's database, with stand-ins of its own: case numbers begin anew in each."""
    return demo.model_copy(update={"database_url": size.url, "var": demo.var / str(size.cases)})


def _settings(size: Size, demo: DemoSettings) -> Settings:
    """The settings of a demonstration on this size's database, without the environment's."""
    sized = _sized(size, demo)
    plan = make_plan(sized)
    write_settings(plan, sized)
    return Settings(**tomllib.loads(plan.config_file.read_text(encoding="utf-8")))


async def fill(size: Size, demo: DemoSettings) -> None:
    """Make a size's database and its cases, each with a licence."""
    await ensure_database(size.url)
    await migrate_database(size.url)
    install_keyring(_settings(size, demo))
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with db.database(size.url):
        await load_city(CITY_DATA)
        with Progress(*bar, console=Console(stderr=True)) as progress:
            task = progress.add_task("cases", total=size.cases)
            await fill_cases(size.url, size.cases, lambda done: progress.update(task, completed=done))


async def drop(url: str) -> None:
    """Drop a database that was filled."""
    base, _, name = url.rpartition("/")
    async with db.database(f"{base}/postgres"):
        await db.rows(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _photo() -> bytes:
    content = io.BytesIO()
    Image.effect_noise((64, 64), 80).save(content, "JPEG")
    return content.getvalue()


async def _drafts(size: Size, house: House, many: int) -> list[tuple[Party, UUID]]:
    item, photo, citizens = await trip_item(), _photo(), citizens_of(size.cases)
    parties = [Party.own(filled_citizen(uuid4().int % citizens)) for _ in range(many)]
    return [(party, await ready_draft(house.blobs, party, item, photo)) for party in parties]


async def _measure(size: Size, house: House, many: int) -> None:
    """Submissions, deliveries and callbacks by this process's own hands, to an approval system that answers at once."""
    for at_once in (1, _AT_ONCE):
        ready = await _drafts(size, house, many)
        begun, worked = time.perf_counter(), time.process_time()
        taken = await _each(ready, at_once, lambda one: submit_application(one[0], one[1], uuid4().hex))
        spent, worked = time.perf_counter() - begun, time.process_time() - worked
        size.note(f"submission, {at_once} at once: ms", *taken)
        size.note(f"submission, {at_once} at once: a second", many / spent)
        size.note(f"submission, {at_once} at once: CPU ms", worked / many * _MILLISECONDS)
    numbers = [str(row["case_no"]) for row in await db.rows(_NUMBERS, [draft_id for _, draft_id in ready])]
    drains = drains_to(Taker())

    async def deliver(case_no: str) -> None:
        await tasks.deliver_case(drains, case_no)
        await drain(drains)

    async def hear(event: Any) -> None:
        await inbox.take_callback(drains.connectors, CONNECTOR, event, uuid4().hex)
        await inbox.apply_events(event.case_no)

    size.note("delivery: ms", *await _each(numbers, 1, deliver))
    events = [event_of(case_no, place, kind) for case_no in numbers for place, kind in enumerate(_EVENTS, 1)]
    size.note("callback to message: ms", *await _each(events, 1, hear))


_NUMBERS = "SELECT case_no FROM applications WHERE id = ANY($1::uuid[])"


async def _each(what: Sequence[Any], at_once: int, work: Callable[[Any], Awaitable[Any]]) -> list[float]:
    """Do something with each, so many at once; returns the milliseconds that each took."""
    turns = asyncio.Semaphore(at_once)

    async def one(thing: Any) -> float:
        async with turns:
            begun = time.perf_counter()
            await work(thing)
            return (time.perf_counter() - begun) * _MILLISECONDS

    return await asyncio.gather(*(one(thing) for thing in what))


@asynccontextmanager
async def processes(size: Size, demo: DemoSettings) -> AsyncIterator[tuple[str, House]]:
    """Web, worker and stand-ins as processes on a size's database: the web's address, and the house's objects."""
    os.environ[_UNPACED] = "1000"
    running = running_house(_sized(size, demo), lambda _: None)
    plan = await asyncio.to_thread(running.__enter__)
    try:
        async with open_house(_settings(size, demo)) as house:
            yield plan.web_url, house
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)
        del os.environ[_UNPACED]


async def _measure_processes(size: Size, demo: DemoSettings, many: int) -> None:
    """Submissions over HTTP, some at once, and how long each case then takes, by the times that its rows bear."""
    async with processes(size, demo) as (web_url, house), httpx.AsyncClient(base_url=web_url, timeout=60) as client:
        ready = await _drafts(size, house, many)
        tokens = {
            party.actor_id: (await open_session(house.access_tokens, Audience.CITIZEN, party.actor_id, "bench")).tokens
            for party, _ in ready
        }

        async def submit(one: tuple[Party, UUID]) -> None:
            headers = {
                "Authorization": f"Bearer {tokens[one[0].actor_id].access_token}",
                "Idempotency-Key": uuid4().hex,
            }
            (await client.post(f"/api/v1/applications/{one[1]}/submission", headers=headers)).raise_for_status()

        begun = time.perf_counter()
        taken = await _each(ready, _AT_ONCE, submit)
        size.note(f"HTTP submission, {_AT_ONCE} at once: a second", many / (time.perf_counter() - begun))
        size.note(f"HTTP submission, {_AT_ONCE} at once: ms", *taken)
        cases = [draft_id for _, draft_id in ready]
        await _until_completed(cases)
        for what, sql in (("submit to delivered", _TO_DELIVERED), ("callback to message", _TO_MESSAGE)):
            seconds = [row["seconds"] for row in await db.rows(sql, cases)]
            size.note(f"processes, {what}: ms", *(one * _MILLISECONDS for one in seconds))


async def _until_completed(cases: list[UUID]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if (await db.rows(_ARRIVED, cases))[0]["many"] == len(cases):
                return
            await asyncio.sleep(0.5)


async def _plans(size: Size, house: House) -> list[Plan]:
    with recorded() as recorder:
        await Walk(house.blobs, house.record_signer, recorder).take()
    return await plans(size.url, list(recorder.statements.values()))


def _middle(size: Size, what: str) -> float:
    return statistics.median(size.taken[what])


def _figures(every: list[Size]) -> Table:
    first, *more = every
    table = Table("what", *(f"{size.cases} cases: p50" for size in every), "p99", *(f"×{size.cases}" for size in more))
    for what in first.taken:
        p99 = " / ".join(f"{quantiles(size.taken[what])[2]:.1f}" for size in every)
        ratios = [f"{_middle(size, what) / _middle(first, what):.2f}" for size in more]
        table.add_row(what, *(f"{_middle(size, what):.1f}" for size in every), p99, *ratios)
    return table


def _findings(every: list[Size]) -> Table:
    """What reads a large table from end to end, and what looks at more rows where there are more."""
    table = Table("step", "statement", *(f"{size.cases}: rows" for size in every), "reads from end to end")
    by_text = [{plan.statement.sql: plan for plan in size.plans} for size in every]
    for text, plan in by_text[-1].items():
        touched = [plans_of[text].touched or 0 if text in plans_of else 0 for plans_of in by_text]
        if plan.scanned or touched[-1] > max(LARGE, _GROWS * touched[0]):
            short = " ".join(text.split())[:100]
            table.add_row(plan.statement.step, short, *map(str, touched), ", ".join(sorted(plan.scanned)))
    table.title = f"{len(by_text[-1])} statements"
    return table


def _write(path: Path, report: dict[str, Any]) -> None:
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False), encoding="utf-8")


def _report(every: list[Size], submissions: int) -> dict[str, Any]:
    def shown(plan: Plan) -> dict[str, Any]:
        found = asdict(plan)
        return {
            **{name: found[name] for name in ("cost", "touched")},
            "step": plan.statement.step,
            "sql": plan.statement.sql,
            "scanned": sorted(plan.scanned),
        }

    return {
        "machine": {"processors": os.cpu_count(), "load": os.getloadavg(), "system": platform.platform()},
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "submissions": submissions,
        "sizes": {
            str(size.cases): {
                "quantiles": {
                    what: dict(zip(("p50", "p95", "p99", "most"), quantiles(taken), strict=True))
                    for what, taken in size.taken.items()
                },
                "plans": [shown(plan) for plan in size.plans],
            }
            for size in every
        },
    }
