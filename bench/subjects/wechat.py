"""Messages that are due go out to WeChat, whose stand-in takes 50 ms for each.

A worker process claims them, spends their grants, sends and records them. The peer does the same in threads of one
process, on tables of its own in the same database; the floor only sends. They take turns.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import httpx
import psutil

from app.commands.bench import free_port
from app.commands.bench_cases import Size, drop, processes
from app.demo.house import ensure_database
from app.kit import db
from app.kit.crypto import keyring
from app.kit.tls import public_tls
from app.notifications.definitions import city_messages, plan
from app.notifications.rules import Channel
from app.schema import migrate_database
from bench.rounds import Figures, Taken
from bench.sides import ROOT, Cpu, Role, cpu_of
from bench.subjects import Wanted
from config.settings import Settings

_KIND = "submitted"
_EACH = 5
_LATENCY_MILLISECONDS = 50
_AT_ONCE = 50
_MESSAGES = 5_000
_PATIENCE_SECONDS = 600

_FILL = (
    """
CREATE TEMP TABLE people AS
SELECT gen_random_uuid() AS id, 'o-' || $1::text || '-' || n AS openid FROM generate_series(1, $2::int) AS n
""",
    "INSERT INTO citizens (id, level, created_at) SELECT id, 0, now() FROM people",
    """
INSERT INTO wechat_accounts (id, citizen_id, appid, openid, created_at)
SELECT gen_random_uuid(), id, $1, openid, now() FROM people
""",
    """
INSERT INTO message_preferences (citizen_id, muted_groups, muted_channels, updated_at)
SELECT id, '{}', '{}', now() FROM people
""",
    """
INSERT INTO subscription_grants (id, citizen_id, template_id, remaining, updated_at)
SELECT gen_random_uuid(), id, $1, $2::int, now() FROM people
""",
    """
CREATE TEMP TABLE told AS
SELECT gen_random_uuid() AS id, gen_random_uuid() AS message_id, people.id AS citizen_id, openid
FROM people, generate_series(1, $1::int)
""",
    """
INSERT INTO messages (id, citizen_id, key, kind, title, text, state, channel, plan, created_at)
SELECT message_id, citizen_id, id::text, $1, $1, $2::bytea, 'waiting', NULL, $3::jsonb, now() FROM told
""",
    """
INSERT INTO sends (id, message_id, citizen_id, template_id, page, data, state, attempts, due_at, created_at, updated_at)
SELECT id, message_id, citizen_id, $1, $2, $3::jsonb, 'waiting', 0, '2999-01-01', now(), now() FROM told
""",
)
_FILL_PEER = (
    """
CREATE TABLE peer_sends AS
SELECT id, citizen_id, openid, $1::text AS template_id, $2::text AS page, $3::jsonb AS data, 'waiting' AS state,
    NULL::text AS reason, 0 AS attempts, now() AS updated_at FROM told
""",
    "CREATE INDEX ON peer_sends (state, id)",
    "ALTER TABLE peer_sends ADD PRIMARY KEY (id)",
    "CREATE TABLE peer_grants AS SELECT citizen_id, template_id, remaining, updated_at FROM subscription_grants",
    "CREATE UNIQUE INDEX ON peer_grants (citizen_id, template_id)",
    "ANALYZE",
)
_GO = "UPDATE sends SET due_at = now() WHERE state = 'waiting' AND due_at = '2999-01-01'"
_LEFT = "SELECT count(*) FILTER (WHERE state IN ('waiting', 'sending')) AS left FROM sends"
_SENT = "SELECT count(*) AS many FROM sends WHERE state IN ('sent', 'delivered')"
_CLEAR = (
    *("DROP TABLE IF EXISTS peer_sends, peer_grants, told, people", "DELETE FROM sends", "DELETE FROM messages"),
    *("DELETE FROM subscription_grants", "DELETE FROM message_preferences", "DELETE FROM wechat_accounts"),
    "DELETE FROM citizens",
)


async def measure(wanted: Wanted) -> dict[str, Figures]:
    """The figures; no contract but that every message of a round arrives."""
    figures = Figures({"ours": Role.OURS, "wechatpy": Role.PEER, "floor": Role.FLOOR})
    if not wanted.rounds:
        return {}
    demo = wanted.engines.demo.model_copy(
        update={"port": free_port(5), "var": wanted.engines.demo.var / "messages", "redis_url": None}
    )
    size = Size(0, f"{wanted.engines.address}_messages")
    try:
        await ensure_database(size.url)
        await migrate_database(size.url)
        async with processes(size, demo) as (_, house):
            house_processes = json.loads((demo.var / str(size.cases) / "run.json").read_text("utf-8"))
            worker, redis = (psutil.Process(house_processes[name]["pid"]) for name in ("worker", "redis"))
            for turn in range(wanted.rounds):
                wanted.progress(f"round {turn + 1} of {wanted.rounds}")
                await _fill(house.settings, turn)
                engines = _Engines(wanted.engines.postgres, redis)
                figures.note("ours", await _ours(worker, engines))
                figures.note(
                    "wechatpy", await _other("bench.peers.wechatpy_threads", size.url, house.settings, engines)
                )
                figures.note("floor", await _other("bench.floors.wechat", size.url, house.settings, engines))
    finally:
        await drop(size.url)
    return {"wechat": figures}


@dataclass(frozen=True, slots=True)
class _Engines:
    postgres: psutil.Process
    redis: psutil.Process

    def cpu(self, own: float) -> Cpu:
        return Cpu(own, cpu_of(self.postgres), cpu_of(self.redis))


async def _fill(settings: Settings, turn: int) -> None:
    values = {"item": "食品经营许可证核发", "case_tail": "202611270001", "time": "2026年11月27日 10:00"}
    outlet = plan(_KIND, Channel.MINI_PROGRAM, dict(city_messages().outlets(_KIND))[Channel.MINI_PROGRAM], values)
    people, data = _MESSAGES // _EACH, json.dumps(outlet.data, ensure_ascii=False)
    text = keyring().seal("您的申请已经收到。".encode(), "messages.text")
    given: tuple[tuple[Any, ...], ...] = (
        (str(turn), people),
        (),
        (settings.wechat.mini_program_appid,),
        (),
        (outlet.template_id, _EACH),
        (_EACH,),
        (_KIND, text, "[]"),
        (outlet.template_id, outlet.page, data),
    )
    async with db.transaction():
        for statement in _CLEAR:
            await db.execute(statement)
        for statement, said in zip(_FILL, given, strict=True):
            await db.execute(statement, *said)
        await db.execute(_FILL_PEER[0], outlet.template_id, outlet.page, data)
        for statement in _FILL_PEER[1:]:
            await db.execute(statement)
        openids = [row["openid"] for row in await db.rows("SELECT openid FROM people")]
        await db.execute("DROP TABLE told, people")
    async with httpx.AsyncClient(base_url=settings.wechat.base_url, verify=public_tls(), timeout=60) as client:
        for openid in openids:
            grant = {"openid": openid, "template_ids": [outlet.template_id] * _EACH * 3}
            (await client.post("/control/grants", json=grant)).raise_for_status()
        await client.post("/control/wechat/latency", json={"milliseconds": _LATENCY_MILLISECONDS})


async def _ours(worker: psutil.Process, engines: _Engines) -> Taken:
    before, begun = engines.cpu(cpu_of(worker)), time.perf_counter()
    await db.execute(_GO)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if not (await db.rows(_LEFT))[0]["left"]:
                break
            await asyncio.sleep(0.2)
    wall, after = time.perf_counter() - begun, engines.cpu(cpu_of(worker))
    return _all_sent((await db.rows(_SENT))[0]["many"], wall, after - before)


async def _other(module: str, database_url: str, settings: Settings, engines: _Engines) -> Taken:
    wechat, before = settings.wechat, engines.cpu(0.0)
    command = (sys.executable, "-m", module, database_url, wechat.base_url, wechat.mini_program_appid)
    secret = wechat.mini_program_secret.get_secret_value()
    program = await asyncio.create_subprocess_exec(
        *command, secret, str(_AT_ONCE), stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    answer, _ = await asyncio.wait_for(program.communicate(), _PATIENCE_SECONDS)
    figures = json.loads(answer)
    return _all_sent(figures["sent"], figures["wall"], engines.cpu(figures["cpu"]) - before)


def _all_sent(sent: int, wall: float, cpu: Cpu) -> Taken:
    if sent != _MESSAGES:
        raise RuntimeError(f"{sent} of {_MESSAGES} messages were sent")
    return Taken(sent, wall, cpu)
