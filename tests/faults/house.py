"""A whole house of its own, with a link between any two of its programs."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.demo.house import running_house
from app.demo.plan import Plan, make_plan
from app.kit import clock
from config.settings import DemoSettings
from tests.conftest import free_ports
from tests.faults.proxy import Links
from tests.faults.switches import INSIDE, VARIABLE, Switches

# Names, so that there is something to find, or not.
_HOST = "localhost"


@dataclass(frozen=True, slots=True)
class Shaken:
    """The house and what shakes it. ``phones_url`` is where citizens and officers come in."""

    plan: Plan
    links: Links
    switches: Switches
    phones_url: str


def _told(plan: Plan, ports: dict[str, int]) -> dict[str, dict[str, str]]:
    """What the house's programs are told: addresses of links in place of those of each other."""

    def http(name: str) -> str:
        return f"http://{_HOST}:{ports[name]}"

    def database(name: str, url: str) -> str:
        return f"postgresql://jiaban@{_HOST}:{ports[name]}/{url.rpartition('/')[2]}"

    ours = {
        "JIABAN_DATABASE_URL": database("database", plan.database_url),
        "JIABAN_REDIS_URL": f"redis://{_HOST}:{ports['redis']}/0",
        "JIABAN_WECHAT__BASE_URL": http("wechat"),
        "JIABAN_AUTHORITY__BASE_URL": http("authority"),
        "JIABAN_APPROVALS__CONNECTORS__CITY__BASE_URL": http("approvals"),
        "JIABAN_APPROVALS__CONNECTORS__CIVIL_AFFAIRS__DATABASE_URL": database("tables", plan.front_url),
        "JIABAN_SCANNER__HOST": _HOST,
        "JIABAN_SCANNER__PORT": str(ports["scanner"]),
    }
    return {"web": ours, "worker": ours, "sandbox": {"JIABAN_SANDBOX__CALLBACK_BASE_URL": http("callbacks")}}


@contextmanager
def shaken_house(var: Path, report: Callable[[str], None]) -> Iterator[Shaken]:
    """Run a house under ``var`` while the context lasts."""
    demo = DemoSettings(
        port=free_ports(), var=var, heartbeat_seconds=0.5, stalled_after_seconds=2.0, reconcile_every_seconds=2
    )
    plan = make_plan(demo)
    var = plan.var
    var.mkdir(parents=True, exist_ok=True)
    targets = {
        "phones": plan.web_port,
        "callbacks": plan.web_port,
        "database": plan.postgres_port,
        "tables": plan.postgres_port,
        "redis": plan.redis_port,
        "approvals": plan.sandbox_port,
        "wechat": plan.sandbox_port,
        "authority": plan.sandbox_port,
        "scanner": plan.scanner_port,
    }
    first, second = free_ports(), free_ports()
    ports = dict(zip(targets, [*range(first, first + 5), *range(second, second + 5)], strict=False))
    with Links() as links:
        for name, to in targets.items():
            links.add(name, ports[name], to)
        switches = Switches(var, _told(plan, ports))
        path = os.pathsep.join([str(INSIDE), *filter(None, [os.environ.get("PYTHONPATH")])])
        with environment({VARIABLE: str(var), "PYTHONPATH": path}), ExitStack() as stack:
            # So that for a clock that goes back by a day the city's items and keys are there already.
            with clock.travel(timedelta(days=-2)):
                stack.enter_context(running_house(demo, report))
            yield Shaken(plan, links, switches, f"http://127.0.0.1:{ports['phones']}")


@contextmanager
def environment(told: dict[str, str]) -> Iterator[None]:
    """Have processes that are started meanwhile told so, beside what is told already."""
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
