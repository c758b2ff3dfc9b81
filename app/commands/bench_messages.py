"""``jiaban dev bench-messages``: messages on their whole way to WeChat for a second of the processor, beside wechatpy.

A worker process claims sends that are due, spends their grants, sends them to the stand-in, which takes 50 ms for each,
and records them. The peer (``peer_wechatpy``) does the same in threads of one process, on tables of its own in the same
database. They take turns.
"""

import asyncio
import json
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table

from app.commands.bench import engine, free_port
from app.commands.bench_cases import Size, processes
from app.demo.house import ensure_database
from app.kit import db
from app.kit.crypto import keyring
from app.kit.tls import public_tls
from app.notifications.definitions import city_messages, plan
from app.notifications.rules import Channel
from app.schema import migrate_database
from config.settings import DemoSettings, Settings, load_demo_settings

_console = Console(highlight=False)
_KIND = "submitted"
_EACH = 5
_LATENCY_MILLISECONDS = 50
_THREADS = 50
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


@dataclass(frozen=True, slots=True)
class Round:
    """What one side did: messages sent, seconds, and those of the processor."""

    sent: int
    wall: float
    cpu: float

    @property
    def per_cpu_second(self) -> float:
        """Messages for each second of the processor."""
        return self.sent / self.cpu


async def bench_messages(messages: int, rounds: int, given: str | None, report: Path | None) -> None:
    """Send ``messages`` from each side in each of ``rounds`` and print the figures; ``report`` is a file for them.

    ``given`` is the address of a server's database, beside which one is made; None starts PostgreSQL from its wheel.
    Raises RuntimeError where a side did not send them all.
    """
    async with engine(given) as url:
        size = Size(messages, f"{url}_messages")
        demo = DemoSettings(port=free_port(5), var=load_demo_settings().var / "bench" / "messages", database_url=url)
        await ensure_database(size.url)
        await migrate_database(size.url)
        async with processes(size, demo) as (_, house):
            run_file = demo.var / str(size.cases) / "run.json"
            worker = psutil.Process(json.loads(run_file.read_text("utf-8"))["worker"]["pid"])
            ours, theirs = [], []
            for turn in track(range(rounds), "rounds", console=Console(stderr=True)):
                await _fill(house.settings, turn, messages)
                ours.append(await _ours(worker, messages))
                theirs.append(await _theirs(size.url, house.settings, messages))
    _console.print(_figures(ours, theirs))
    if report:
        _write(report, ours, theirs)


async def _fill(settings: Settings, turn: int, messages: int) -> None:
    values = {"item": "食品经营许可证核发", "case_tail": "202611270001", "time": "2026年11月27日 10:00"}
    outlet = plan(_KIND, Channel.MINI_PROGRAM, dict(city_messages().outlets(_KIND))[Channel.MINI_PROGRAM], values)
    people, data = messages // _EACH, json.dumps(outlet.data, ensure_ascii=False)
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
            grant = {"openid": openid, "template_ids": [outlet.template_id] * _EACH * 2}
            (await client.post("/control/grants", json=grant)).raise_for_status()
        await client.post("/control/wechat/latency", json={"milliseconds": _LATENCY_MILLISECONDS})


async def _ours(worker: psutil.Process, messages: int) -> Round:
    before, begun = worker.cpu_times(), time.perf_counter()
    await db.execute(_GO)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if not (await db.rows(_LEFT))[0]["left"]:
                break
            await asyncio.sleep(0.2)
    wall, after = time.perf_counter() - begun, worker.cpu_times()
    return _all_sent(
        (await db.rows(_SENT))[0]["many"], messages, wall, after.user + after.system - before.user - before.system
    )


async def _theirs(database_url: str, settings: Settings, messages: int) -> Round:
    wechat = settings.wechat
    command = (sys.executable, "-m", "app.commands.peer_wechatpy", database_url, wechat.base_url)
    secret = wechat.mini_program_secret.get_secret_value()
    program = await asyncio.create_subprocess_exec(
        *command, wechat.mini_program_appid, secret, str(_THREADS), stdout=subprocess.PIPE
    )
    answer, _ = await asyncio.wait_for(program.communicate(), _PATIENCE_SECONDS)
    figures = json.loads(answer)
    return _all_sent(figures["sent"], messages, figures["wall"], figures["cpu"])


def _all_sent(sent: int, messages: int, wall: float, cpu: float) -> Round:
    if sent != messages:
        raise RuntimeError(f"{sent} of {messages} messages were sent")
    return Round(sent, wall, cpu)


def _figures(ours: list[Round], theirs: list[Round]) -> Table:
    table = Table("side", "messages a CPU second", "least to most", "messages a second")
    for side, taken in (("ours", ours), ("wechatpy in threads", theirs)):
        shares = sorted(one.per_cpu_second for one in taken)
        a_second = statistics.median(one.sent / one.wall for one in taken)
        table.add_row(
            side, f"{statistics.median(shares):.0f}", f"{shares[0]:.0f} to {shares[-1]:.0f}", f"{a_second:.0f}"
        )
    table.add_row("ratio", f"{_ratio(ours, theirs):.2f}", "", "")
    return table


def _ratio(ours: list[Round], theirs: list[Round]) -> float:
    """The median of the rounds' ratios, each of which was measured side by side."""
    return statistics.median(one.per_cpu_second / other.per_cpu_second for one, other in zip(ours, theirs, strict=True))


def _write(report: Path, ours: list[Round], theirs: list[Round]) -> None:
    sides = {
        side: [{"sent": one.sent, "wall": one.wall, "cpu": one.cpu} for one in taken]
        for side, taken in (("ours", ours), ("wechatpy", theirs))
    }
    machine = {"machine": platform.machine(), "python": platform.python_version()}
    report.write_text(json.dumps({**sides, **machine, "ratio": _ratio(ours, theirs)}, indent=2) + "\n", "utf-8")
