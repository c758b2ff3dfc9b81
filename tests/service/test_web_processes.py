"""Web processes that are told to stop, are replaced, or get more than they can do: nobody's request is lost."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from app.demo.plan import CONFIG_VARIABLE, Plan
from app.kit import texts
from tests.conftest import REPOSITORY, free_ports
from tests.contract.sandbox.stand_ins import until
from tests.e2e.breaking import await_true
from tests.service.conftest import copy_database


@pytest.fixture
async def url(plan: Plan, with_city: str) -> AsyncIterator[str]:
    """The address of a database that nobody else uses."""
    server, _, _ = plan.database_url.rpartition("/")
    copied = await copy_database(server, with_city)
    yield copied
    admin = await asyncpg.connect(f"{server}/postgres")
    await admin.execute(f'DROP DATABASE "{copied.rpartition("/")[2]}" WITH (FORCE)')
    await admin.close()


@dataclass(frozen=True, slots=True)
class Web:
    """A web server of its own."""

    process: subprocess.Popen[bytes]
    base: str
    log: Path

    async def said(self, event: str) -> list[dict[str, Any]]:
        """The log's lines about an event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def children(self) -> set[int]:
        """Its processes, where several serve: those, and two that Python keeps beside them."""
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def keeper_of_states(self) -> psutil.Process:
        """The process that tells the first one how those are that serve."""
        (one,) = (
            child
            for child in psutil.Process(self.process.pid).children()
            if "resource_tracker" not in " ".join(child.cmdline()) and not child.net_connections("inet")
        )
        return one

    def waits_for_an_answer(self) -> bool:
        """Whether the first process, which looks ten times a second, did not come to it for five times as long."""
        keeper = psutil.Process(self.process.pid)
        before = keeper.num_ctx_switches()
        time.sleep(0.5)
        return keeper.num_ctx_switches() == before

    def has_heard(self) -> bool:
        """Whether no signal waits for the first process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return all(int(found, 16) == 0 for found in re.findall(r"^(?:Sig|Shd)Pnd:\s*(\w+)", status, re.MULTILINE))


Start = Callable[..., Web]


@pytest.fixture
def start(plan: Plan, url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts servers on that database; they are killed at the end."""
    started: list[subprocess.Popen[bytes]] = []
    log = tmp_path / "web.log"

    def one(*words: str, **told: str) -> Web:
        port = free_ports()
        told |= {CONFIG_VARIABLE: str(plan.config_file), "JIABAN_DATABASE_URL": url, "JIABAN_PORT": str(port)}
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "web", *words],
                cwd=REPOSITORY,
                env=os.environ | told,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        started.append(process)
        many = int(words[1]) if words else 1
        serving = "Worker ready"
        web = Web(process, f"http://127.0.0.1:{port}", log)
        await_true("the server answers", lambda: process.poll() is not None or _is_ready(web), seconds=180)
        assert process.poll() is None, log.read_text()[-2000:]
        await_true("all serve", lambda: log.read_text().count(serving) >= many, seconds=180)
        return web

    yield one
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_ready(web: Web) -> bool:
    try:
        return httpx.get(f"{web.base}/health/ready", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


async def answer(web: Web, path: str) -> httpx.Response | None:
    """What a new connection gets; None where it is refused."""
    async with httpx.AsyncClient(base_url=web.base, timeout=30, trust_env=False) as phone:
        try:
            return await phone.get(path)
        except httpx.ConnectError:
            return None


async def status(web: Web, path: str) -> int:
    """Its status; 0 where it is refused."""
    found = await answer(web, path)
    return found.status_code if found else 0


@dataclass
class Crowd:
    """Phones that ask one after the other over connections they keep; ``came`` counts what came of each request.

    ``refused`` is a connection that was not accepted: nothing was begun.
    """

    web: Web
    came: Counter[str] = field(default_factory=Counter)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def answered(self, more: int) -> None:
        """Wait until so many more were answered."""
        before = self.came.total()

        async def now() -> int:
            return self.came.total()

        await until(now, lambda many: many >= before + more, within=60)

    async def ask(self) -> None:
        """Ask until the end."""
        async with httpx.AsyncClient(base_url=self.web.base, timeout=30, trust_env=False) as phone:
            while not self.ended.is_set():
                try:
                    answer = await phone.get("/api/v1/items?q=食品")
                    self.came[str(answer.status_code)] += 1
                except httpx.ConnectError:
                    self.came["refused"] += 1
                    await asyncio.sleep(0.05)
                except httpx.HTTPError as error:
                    self.came[type(error).__name__] += 1


@asynccontextmanager
async def crowd(web: Web, phones: int = 8) -> AsyncIterator[Crowd]:
    """So many phones that ask while the context lasts; they have begun."""
    one = Crowd(web)
    asking = [asyncio.create_task(one.ask()) for _ in range(phones)]
    try:
        await one.answered(20)
        yield one
    finally:
        one.ended.set()
        await asyncio.gather(*asking)


@asynccontextmanager
async def nobody_reads_items(url: str) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Requests for items are begun and wait while the context lasts; yields what waits for so many that do."""
    lock, watch = await asyncpg.connect(url), await asyncpg.connect(url)

    async def blocked() -> int:
        sql = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'items'::regclass"
        return int(await watch.fetchval(sql))

    async def waiting(many: int) -> None:
        await until(blocked, lambda found: found >= many, within=60)

    try:
        async with lock.transaction():
            await lock.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
            yield waiting
    finally:
        await lock.close()
        await watch.close()


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_what_was_begun_is_finished_and_nothing_new_is_taken(start: Start, url: str, workers: str) -> None:
    """By one process or by several."""
    web = start("--workers", workers)
    async with httpx.AsyncClient(base_url=web.base, timeout=30, trust_env=False) as phone:
        async with nobody_reads_items(url) as waiting:
            begun = [asyncio.create_task(phone.get("/api/v1/items?q=食品")) for _ in range(4)]
            await waiting(4)
            web.process.send_signal(signal.SIGTERM)
            await until(partial(status, web, "/health/live"), lambda found: found == 0)
        assert [answer.status_code for answer in await asyncio.gather(*begun)] == [200] * 4
    assert await asyncio.to_thread(web.process.wait, 30) == 0


async def test_a_server_stops_that_was_told_so_while_it_asked_how_its_processes_are(start: Start) -> None:
    """Which it does ten times a second."""
    web = start("--workers", "2")
    states = web.keeper_of_states()
    states.suspend()
    try:
        await until(partial(asyncio.to_thread, web.waits_for_an_answer), bool)
        web.process.send_signal(signal.SIGTERM)
        # It hears of it at once, and may not ask meanwhile.
        await until(partial(asyncio.to_thread, web.has_heard), bool)
    finally:
        states.resume()
    assert await asyncio.to_thread(web.process.wait, 20) == 0


@pytest.mark.parametrize("when", ["at once", "after the first", "after the last"])
async def test_a_server_stops_that_was_told_so_while_its_processes_are_replaced(start: Start, when: str) -> None:
    """Both those that serve and those that were to, whenever it is told."""
    web = start("--workers", "2")
    before = web.children()
    web.process.send_signal(signal.SIGHUP)
    more = {"at once": 0, "after the first": 1, "after the last": 2}[when]
    alive = await until(partial(asyncio.to_thread, web.children), lambda found: len(found) >= len(before) + more)
    web.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(web.process.wait, 20) == 0
    await_true("all are gone", lambda: not any(psutil.pid_exists(pid) for pid in alive))


async def test_of_a_server_that_stops_under_load_nobody_loses_an_answer(start: Start) -> None:
    """Who was connected is answered, and then told that the connection ends; who comes later is not let in."""
    web = start()
    async with crowd(web) as asking:
        web.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(web.process.wait, 10) == 0
    assert asking.came.keys() == {"200", "refused"}, asking.came


async def test_web_processes_are_replaced_without_a_failed_request(start: Start) -> None:
    """All of them, by one signal, while phones go on asking."""
    web = start("--workers", "2")
    before = web.children()
    async with crowd(web) as asking:
        web.process.send_signal(signal.SIGHUP)
        now = partial(asyncio.to_thread, web.children)
        await until(now, lambda found: len(found) == len(before) and len(found - before) == 2, within=120)
        await asking.answered(20)
    # So many phones at one address are told to wait, which is an answer.
    assert {"200"} <= asking.came.keys() <= {"200", "429"}, asking.came


async def test_processes_that_are_to_be_replaced_twice_are(start: Start) -> None:
    """One after the other: nobody of an earlier generation goes on serving."""
    web = start("--workers", "2")
    now = partial(asyncio.to_thread, web.children)
    first = web.children()
    web.process.send_signal(signal.SIGHUP)
    second = await until(now, lambda found: len(found - first) == 2)
    web.process.send_signal(signal.SIGHUP)
    third = await until(now, lambda found: len(found - second) == 2, within=60)
    await until(now, lambda found: len(found) == len(first) and third - second <= found, within=60)
    assert await status(web, "/health/live") == 200


async def test_a_server_that_is_to_stop_says_so_while_it_still_serves(start: Start) -> None:
    """So that whoever spreads requests has time to look elsewhere."""
    web = start(JIABAN_DRAIN_SECONDS="3")
    web.process.send_signal(signal.SIGTERM)
    ready = await until(partial(answer, web, "/health/ready"), lambda found: bool(found and found.status_code == 503))
    assert ready
    assert ready.json() == {"status": "unavailable", "why": ["stopping"], "parts": None}
    assert ready.headers["connection"] == "close"
    assert await status(web, "/api/v1/items") == 200
    assert await asyncio.to_thread(web.process.wait, 10) == 0


@asynccontextmanager
async def as_much_as_may_be(web: Web, url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A phone that comes while twelve requests are under way, which are answered afterwards."""
    async with httpx.AsyncClient(base_url=web.base, timeout=30, trust_env=False) as phone:
        async with nobody_reads_items(url) as waiting:
            # The pool has ten connections: as long as none is to spare, what waits for long counts too.
            begun = [asyncio.create_task(phone.get("/api/v1/items?q=食品")) for _ in range(12)]
            await waiting(10)
            yield phone
        assert [answer.status_code for answer in await asyncio.gather(*begun)] == [200] * 12


async def test_what_is_too_much_is_turned_away_at_once(start: Start, url: str) -> None:
    """With a word when to come again, while what was begun goes on; health answers all the same."""
    web = start(JIABAN_REQUESTS_AT_ONCE="12")
    async with as_much_as_may_be(web, url) as phone:
        answers = [await phone.get("/api/v1/items?q=食品") for _ in range(2)]
        assert await status(web, "/health/live") == 200
    ready = await answer(web, "/health/ready")
    assert ready
    assert ready.json()["why"] == []
    for one in answers:
        assert (one.status_code, one.headers["Retry-After"]) == (503, "5")
        assert "default-src 'none'" in one.headers["Content-Security-Policy"]
        assert one.json() == {
            "code": "temporarily_unavailable",
            "message": texts.text("errors", "temporarily_unavailable"),
            "request_id": one.headers["X-Request-Id"],
            "context": {},
        }
    ids = [one.headers["X-Request-Id"] for one in answers]
    assert ids[0] != ids[1]
    said = partial(web.said, "requests_turned_away")
    lines = await until(said, lambda found: sum(line["many"] for line in found) == 2)
    assert (lines[0]["first"], lines[-1]["last"]) == tuple(ids)
    assert not set(ids) & {line["request_id"] for line in await web.said("request")}


async def test_a_browser_that_is_turned_away_gets_a_page_of_its_own(start: Start, url: str) -> None:
    """In its language, which leads back to where it stood, and names its request."""
    web = start(JIABAN_REQUESTS_AT_ONCE="12")
    addresses = {"/h5/?a=1&b=2": "zh-CN", "/h5/?a=2&b=1": "zh-CN", "/h5/": "en"}
    async with as_much_as_may_be(web, url) as phone:
        pages = [
            await phone.get(address, headers={"Accept": "text/html", "Cookie": f"jiaban_view=normal.auto.{language}"})
            for address, language in addresses.items()
        ]
    for page, (address, language) in zip(pages, addresses.items(), strict=True):
        assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
        assert f'<html lang="{language}"' in page.text
        assert page.text.count(page.headers["X-Request-Id"]) == 1
        assert set(re.findall('name="return_to" value="(.*?)"', page.text)) == {address.replace("&", "&amp;")}
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]


async def test_a_release_waits_until_its_migrations_are_there(start: Start, url: str) -> None:
    """It is not ready, and says why."""
    web = start()
    connection = await asyncpg.connect(url)
    await connection.execute("DELETE FROM tortoise_migrations WHERE name = '0034_pushes'")
    await connection.close()
    ready = await answer(web, "/health/ready")
    assert ready
    assert ready.json() == {"status": "unavailable", "why": ["not_migrated"], "parts": None}
