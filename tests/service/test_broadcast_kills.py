"""Workers that are killed in the middle of a broadcast, and one that is frozen for longer than its lease."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.bootstrap import House, open_house
from app.broadcasts.definitions import broadcasting
from app.broadcasts.models import Broadcast, BroadcastState
from app.broadcasts.queries import Counts, count_slices
from app.broadcasts.selecting import SLICE
from app.demo.plan import Plan
from app.kit import clock, db
from app.kit.tls import public_tls
from app.sandbox.wechat.followers import generated_openid
from config.settings import Settings
from tests.contract.sandbox.stand_ins import until
from tests.service.broadcasting import approved, states
from tests.service.conftest import copy_database

MANY, KILLS, PATIENCE_SECONDS = 6_000, 3, 240.0
SEND = "/cgi-bin/message/template/send"
_FOLLOW = """
INSERT INTO followers (id, appid, openid, subscribed, tag_ids, changed_at)
SELECT uuidv7(), $1, openid, true, '{}', $3 FROM unnest($2::text[]) AS openid
"""


@pytest.fixture
async def apart(plan: Plan, settings: Settings, with_city: str) -> AsyncIterator[House]:
    """A house on a database of its own, to which the test brings the workers."""
    server, _, _ = plan.database_url.rpartition("/")
    url = await copy_database(server, with_city)
    async with open_house(settings.model_copy(update={"database_url": SecretStr(url)})) as house:
        yield house


@pytest.fixture
async def control(plan: Plan) -> AsyncIterator[httpx.AsyncClient]:
    """WeChat's stand-in, slow enough to be interrupted, with followers."""
    http = httpx.AsyncClient(base_url=f"{plan.sandbox_url}/control/wechat", verify=public_tls(), trust_env=False)
    async with http:
        for path, body in (("/followers", {"count": MANY}), ("/latency", {"api": SEND, "milliseconds": 400})):
            (await http.post(path, json=body)).raise_for_status()
        yield http
        (await http.post("/latency", json={"api": SEND, "milliseconds": 0})).raise_for_status()


async def _work(house: House, plan: Plan, log: Path) -> asyncio.subprocess.Process:
    environment = os.environ | {
        "JIABAN_CONFIG_FILE": str(plan.config_file),
        "JIABAN_DATABASE_URL": house.settings.database_url.get_secret_value(),
    }
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "worker"), env=environment, stdout=output, stderr=output
        )


@asynccontextmanager
async def _ended(workers: list[asyncio.subprocess.Process]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()


async def _doubles(control: httpx.AsyncClient) -> dict[str, Any]:
    template_id = broadcasting().kinds["works"].template_id
    found = await control.get("/doubles", params={"template_id": template_id})
    answer: dict[str, Any] = found.raise_for_status().json()
    return answer


async def test_killed_and_frozen_workers_send_to_nobody_twice(
    apart: House, plan: Plan, control: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Each of them leaves less than a slice uncertain; everybody else gets it once, and the books balance."""
    openids = [generated_openid(number) for number in range(MANY)]
    appid = apart.settings.wechat.official_account_appid
    await db.rows(_FOLLOW, appid, openids, clock.now())
    before = await _doubles(control)
    broadcast = await approved()
    log = tmp_path / "workers.log"
    workers = [await _work(apart, plan, log)]

    async def counts() -> Counts:
        return await count_slices(broadcast.id)

    async def reached(delivered: int) -> None:
        await until(counts, lambda now: now.delivered >= delivered and now.open > 0, within=PATIENCE_SECONDS)

    async def frozen_with_sends_open() -> Counts:
        await until(counts, lambda now: now.open > 0, within=PATIENCE_SECONDS)
        workers[0].send_signal(signal.SIGSTOP)
        if not (now := await counts()).open:
            workers[0].send_signal(signal.SIGCONT)
        return now

    async with _ended(workers):
        await until(frozen_with_sends_open, lambda now: now.open > 0, within=PATIENCE_SECONDS)
        workers.append(await _work(apart, plan, log))
        await until(counts, lambda now: now.uncertain > 0, within=PATIENCE_SECONDS)
        workers[0].send_signal(signal.SIGCONT)
        for kill in range(KILLS):
            await reached((kill + 1) * MANY // (KILLS + 2))
            # One that was frozen may have ended by itself, its heartbeat being away.
            victim = next(worker for worker in workers if worker.returncode is None)
            victim.kill()
            await victim.wait()
            workers.append(await _work(apart, plan, log))
        await until(
            lambda: Broadcast.get(id=broadcast.id),
            lambda now: now.state is BroadcastState.DONE,
            within=PATIENCE_SECONDS,
        )
    after = await _doubles(control)
    stand = await states(broadcast.id)
    sent = after["sends"] - before["sends"]
    assert after["doubles"] == before["doubles"], after["items"][:5]
    assert sum(stand.values()) == MANY == stand["delivered"] + stand["uncertain"]
    assert stand["delivered"] <= sent <= MANY
    assert 0 < stand["uncertain"] <= (KILLS + 1) * SLICE
