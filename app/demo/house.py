"""Starting the whole house on one machine, and keeping it up."""

import asyncio
import json
import socket
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from urllib.parse import urlsplit

import asyncpg
import httpx
import psutil

from app.approvals.tables.front import make_tables
from app.bootstrap import install_keyring
from app.demo.engines import EngineError, port_is_free, postgres_program, redis_program
from app.demo.plan import Plan, make_plan, write_settings
from app.demo.processes import ProcessError, Processes, Running, own_program
from app.identity.staff_accounts import ensure_demonstration_staff
from app.kit.db import database
from app.kit.tls import public_tls
from app.licences.keys.ring import SigningKeys
from app.licences.keys.service import make_missing
from app.schema import OtherReleaseError, migrate_database
from app.upkeep.city import load_city
from config.settings import CITY_DATA, DemoSettings, Settings

_REVIVE_SECONDS = 0.2
Report = Callable[[str], None]


class DemoError(Exception):
    """The demonstration cannot run; the sentence says why and what to do."""


def _refuse_second(plan: Plan) -> None:
    if not plan.run_file.exists():
        return
    running = json.loads(plan.run_file.read_text())
    alive = [name for name, entry in running.items() if psutil.pid_exists(entry["pid"])]
    if alive and not port_is_free(plan.web_port):
        raise DemoError(
            f"a demonstration runs already ({', '.join(alive)}): stop it, or set JIABAN_DEMO_PORT and JIABAN_DEMO_VAR"
        )
    plan.run_file.unlink()


def _refuse_busy_ports(plan: Plan, demo: DemoSettings) -> None:
    wanted = {"web": plan.web_port, "sandbox": plan.sandbox_port, "scanner": plan.scanner_port}
    if demo.database_url is None:
        wanted["postgres"] = plan.postgres_port
    if demo.redis_url is None:
        wanted["redis"] = plan.redis_port
    for name, port in wanted.items():
        if not port_is_free(port):
            raise DemoError(
                f"port {port}, meant for {name}, is busy: end what uses it, or set JIABAN_DEMO_PORT to another"
            )


def _listens(url: str) -> Callable[[], bool]:
    parts = urlsplit(url)

    def answers() -> bool:
        try:
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1):
                return True
        except OSError:
            return False

    return answers


def _healthy(url: str) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            return httpx.get(url, timeout=2, verify=public_tls(), trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return answers


def _accepts_queries(url: str) -> Callable[[], bool]:
    base, _, _ = url.rpartition("/")

    async def ask() -> bool:
        try:
            connection = await asyncpg.connect(f"{base}/postgres", timeout=2)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        await connection.close()
        return True

    return lambda: asyncio.run(ask())


async def ensure_database(url: str) -> None:
    """Make the database where it is missing."""
    base, _, name = url.rpartition("/")
    connection = await asyncpg.connect(f"{base}/postgres")
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()


async def _prepare(plan: Plan, demo: DemoSettings, report: Report) -> None:
    if demo.database_url is None:
        await ensure_database(plan.database_url)
    report("migrating the database")
    try:
        await migrate_database(plan.database_url)
    except OtherReleaseError as error:
        own = "" if demo.database_url else f" (the demonstration's own: delete {plan.var})"
        raise DemoError(f"{error}{own}") from error
    await ensure_database(plan.front_url)
    await make_tables(plan.front_url)
    report("loading the city's data")
    install_keyring(Settings(**tomllib.loads(plan.config_file.read_text(encoding="utf-8"))))
    async with database(plan.database_url):
        await load_city(CITY_DATA)
        await ensure_demonstration_staff()
        await make_missing(SigningKeys(), "demonstration")


def _engines(plan: Plan, demo: DemoSettings) -> Iterator[Running]:
    if demo.database_url is None:
        program = postgres_program(plan.var / "postgres", plan.postgres_port, demo.postgres_bin)
        yield Running(program, plan.database_url, _accepts_queries(plan.database_url))
    if demo.redis_url is None:
        program = redis_program(plan.var / "redis", plan.redis_port)
        yield Running(program, plan.redis_url, _listens(plan.redis_url))


def _own(plan: Plan) -> list[Running]:
    return [
        Running(own_program("sandbox", "sandbox"), plan.sandbox_url, _healthy(f"{plan.sandbox_url}/control/health")),
        Running(own_program("web", "web"), plan.web_url, _healthy(f"{plan.web_url}/health/ready")),
        Running(own_program("worker", "worker"), None, lambda: True),
    ]


@contextmanager
def running_house(demo: DemoSettings, report: Report) -> Iterator[Plan]:
    """Run everything while the context lasts; what dies is started again. Raises DemoError."""
    plan = make_plan(demo)
    plan.var.mkdir(parents=True, exist_ok=True)
    _refuse_second(plan)
    _refuse_busy_ports(plan, demo)
    write_settings(plan, demo)
    processes = Processes(plan)
    try:
        _start(plan, demo, processes, report)
    except (EngineError, ProcessError) as error:
        processes.stop()
        raise DemoError(str(error)) from error
    except BaseException:
        processes.stop()
        raise
    ended = Event()
    keeper = Thread(target=_keep_up, args=(processes, ended), daemon=True)
    keeper.start()
    try:
        yield plan
    finally:
        ended.set()
        keeper.join()
        report("stopping every process")
        processes.stop()


def _start(plan: Plan, demo: DemoSettings, processes: Processes, report: Report) -> None:
    for engine in _engines(plan, demo):
        report(f"starting {engine.program.name}")
        processes.start(engine)
    asyncio.run(_prepare(plan, demo, report))
    report("starting the stand-ins, the web server and the worker")
    own = _own(plan)
    for running in own:
        processes.launch(running)
    for running in own:
        processes.wait_for(running)
    processes.write_run_file()


def _keep_up(processes: Processes, ended: Event) -> None:
    while not ended.wait(_REVIVE_SECONDS):
        processes.revive()
