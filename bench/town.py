"""The town that all sides serve: one database full of cases and licences, one Redis, one set of keys."""

import shutil
import subprocess
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.bootstrap import House, install_keyring, open_house
from app.commands.bench import engine, free_port
from app.commands.bench_cases import drop
from app.commands.case_filling import citizens_of
from app.commands.generating import generate
from app.demo.engines import redis_program
from app.demo.house import ensure_database
from app.demo.plan import CONFIG_VARIABLE, Plan, make_plan, write_settings
from app.kit.db import database
from app.licences.keys.ring import SigningKeys
from app.licences.keys.service import make_missing
from app.schema import migrate_database
from app.upkeep.city import load_city
from bench.showing import progress_bar
from config.settings import CITY_DATA, DemoSettings, Settings, load_demo_settings

_POSTGRES = ("-cshared_buffers=512MB", "-cmax_wal_size=4GB")
_POOL = 10
# Six cases in ten led to one: together there are as many licences as cases.
_LICENCES_BESIDE = 0.4


@dataclass(frozen=True, slots=True)
class Engines:
    """PostgreSQL and Redis that run; databases are made at ``address`` with something behind it."""

    address: str
    demo: DemoSettings
    postgres: psutil.Process
    redis: psutil.Process


@dataclass(frozen=True, slots=True)
class Town:
    """What there is before a side is started, and ``house``, the product's own objects in this process."""

    plan: Plan
    house: House
    engines: Engines
    logs: Path

    @property
    def environment(self) -> dict[str, str]:
        """What every side is told: the settings' file, and that one proxy stands in front, as in production."""
        return {CONFIG_VARIABLE: str(self.plan.config_file), "JIABAN_PROXIES_COUNT": "1", "BENCH_POOL": str(_POOL)}


@asynccontextmanager
async def engines() -> AsyncIterator[Engines]:
    """PostgreSQL and Redis from their wheels, with data under ``var/bench``."""
    var = load_demo_settings().var.resolve() / "bench"
    async with engine(None, *_POSTGRES) as address:
        demo = DemoSettings(port=free_port(5), var=var / "town", database_url=address)
        plan = make_plan(demo)
        write_settings(plan, demo)
        with _redis(plan) as redis:
            shared = demo.model_copy(update={"redis_url": plan.redis_url})
            yield Engines(address, shared, _postgres(address), redis)


@asynccontextmanager
async def town(engines: Engines, cases: int) -> AsyncIterator[Town]:
    """A town as ``filled`` makes it, opened."""
    async with filled(engines, cases) as plan, opened(engines, plan) as found:
        yield found


@asynccontextmanager
async def filled(engines: Engines, cases: int) -> AsyncIterator[Plan]:
    """A database with so many cases, and as many licences; dropped at the end. All towns have the same keys."""
    url, var = f"{engines.address}_{cases}", engines.demo.var / str(cases)
    demo = engines.demo.model_copy(update={"database_url": url, "port": free_port(5), "var": var})
    var.mkdir(parents=True, exist_ok=True)
    shutil.copy(engines.demo.var / "keys.json", var)
    plan = make_plan(demo)
    write_settings(plan, demo)
    try:
        await _fill(url, cases, _settings(plan))
        yield plan
    finally:
        await drop(url)


@asynccontextmanager
async def opened(engines: Engines, plan: Plan) -> AsyncIterator[Town]:
    """A town that was filled, with the product's own objects; what is asked here is asked of the one opened last."""
    async with open_house(_settings(plan)) as house:
        yield Town(plan, house, engines, engines.demo.var / "log")


def _settings(plan: Plan) -> Settings:
    return Settings(**tomllib.loads(plan.config_file.read_text(encoding="utf-8")))


async def _fill(url: str, cases: int, settings: Settings) -> None:
    install_keyring(settings)
    await ensure_database(url)
    await migrate_database(url)
    async with database(url):
        await load_city(CITY_DATA)
        await make_missing(SigningKeys(), "bench")
        many = {"cases": cases, "licences": int(cases * _LICENCES_BESIDE)}
        with progress_bar() as progress:
            tasks = {name: progress.add_task(f"{total} {name}", total=total) for name, total in many.items()}
            await generate(
                *(url, citizens_of(cases), many["licences"], cases),
                lambda what, done: progress.update(tasks[what], completed=done),
            )


@contextmanager
def _redis(plan: Plan) -> Iterator[psutil.Process]:
    program = redis_program(plan.var / "redis", plan.redis_port)
    child = subprocess.Popen(program.command, stdout=subprocess.DEVNULL, **program.identity)
    try:
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait()


def _postgres(url: str) -> psutil.Process:
    port = url.rpartition("/")[0].rpartition(":")[2]
    children = psutil.Process().children()
    return next(child for child in children if f"-p{port}" in child.cmdline())
