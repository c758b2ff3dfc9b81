"""``jiaban dev bench-broadcasts``: what choosing a million recipients and sending to many costs, in time and memory."""

import asyncio
import itertools
import multiprocessing
import time
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import psutil
from rich.console import Console
from rich.progress import track

from app.broadcasts import service
from app.broadcasts.models import Broadcast, BroadcastDay, BroadcastState
from app.broadcasts.queries import count_slices, ledger
from app.broadcasts.selecting import select_more
from app.broadcasts.sender import Sender
from app.broadcasts.service import Notice
from app.commands.bench import engine, free_port
from app.demo.house import ensure_database
from app.identity.rules import EVERY_DEPARTMENT
from app.identity.staff_accounts import Scope
from app.kit import crypto, db
from app.kit.crypto import Keyring
from app.schema import migrate_database
from wechat.account import Account
from wechat.official import JsTickets, OfficialAccountClient
from wechat.transport import open_http

_console = Console(highlight=False)
_APPID, _TAG, _BATCH = "wxbench", 7, 100_000
_MIB = 1 << 20
_FOLLOW = """
INSERT INTO followers (id, appid, openid, subscribed, tag_ids, changed_at)
SELECT uuidv7(), $1, 'o' || number, true, $2::int[], now() FROM generate_series($3::int, $4::int) AS number
"""
_FIELDS = {"thing1": "bench", "time2": "15:01", "thing3": "bench"}


async def bench_broadcasts(recipients: int, sends: int, given: str | None) -> None:
    """Choose ``recipients`` of one broadcast, then send another one to ``sends``; print seconds, rates and memory.

    ``given`` is the address of an empty database; None starts PostgreSQL from its wheel, with data in ``var/bench``.
    WeChat's part is a process that answers every message at once; its quotas and the day's share are lifted.
    """
    crypto.install(Keyring({"bench": bytes(32)}, "bench", {"bench": bytes(32)}, "bench"))
    async with engine(given) as url:
        await ensure_database(url)
        await migrate_database(url)
        await _fill(url, recipients, sends)
        async with db.database(url):
            await _choose()
            await _send(sends)
            _console.print("ledger: " + ", ".join(f"{name} {many}" for name, many in (await ledger()).items()))


async def _fill(url: str, recipients: int, sends: int) -> None:
    """The first of the followers are in a group of their own."""
    connection = await asyncpg.connect(url)
    try:
        for first in track(range(1, recipients + 1, _BATCH), "followers", console=Console(stderr=True)):
            last = min(first + _BATCH - 1, recipients)
            tagged = max(min(last, sends), first - 1)
            await connection.execute(_FOLLOW, _APPID, [_TAG], first, tagged)
            await connection.execute(_FOLLOW, _APPID, [], tagged + 1, last)
        await connection.execute("ANALYZE followers")
    finally:
        await connection.close()


async def _approved(tag: int | None) -> UUID:
    scopes = [Scope(f"staff:{one}", None, EVERY_DEPARTMENT, one) for one in (uuid4(), uuid4())]
    author = scopes[0].staff_id or uuid4()
    notice = Notice("service_change", _FIELDS, tag=tag)
    broadcast = await service.prepare(scopes[0], author, EVERY_DEPARTMENT, notice)
    return (await service.approve(scopes[1], broadcast.id, urgent=True)).id


async def _choose() -> None:
    """All followers become recipients; the broadcast is stopped before anybody gets it."""
    broadcast_id, meter = await _approved(None), _Meter()
    while await select_more(_APPID, broadcast_id):
        pass
    counts = await count_slices(broadcast_id)
    _console.print(f"chosen: {counts.recipients} recipients in {counts.left} slices, {meter.told()}")
    await service.stop(Scope("bench", None, EVERY_DEPARTMENT), broadcast_id, "bench")


async def _send(sends: int) -> None:
    port = free_port()
    wechat = multiprocessing.get_context("spawn").Process(target=_answer_at_once, args=(port,), daemon=True)
    wechat.start()
    http = open_http(f"http://127.0.0.1:{port}", seconds=30.0)
    account = Account(_APPID, "secret", http)
    sender = Sender(OfficialAccountClient(account, "https://bench", JsTickets(account)), _APPID, "wxmini", 20.0)
    try:
        await _reachable(port)
        broadcast_id, meter = await _approved(_TAG), _Meter()
        sending = asyncio.create_task(sender.run())
        steps = iter([sends // 10, sends])
        wanted = next(steps)
        while True:
            await asyncio.sleep(0.2)
            await BroadcastDay.all().delete()
            counts, broadcast = await count_slices(broadcast_id), await Broadcast.get(id=broadcast_id)
            if counts.delivered >= wanted:
                _console.print(f"sent: {counts.delivered}, {meter.told(counts.delivered)}")
                wanted = next(steps, sends + 1)
            if broadcast.state is not BroadcastState.SENDING:
                break
        sender.stop()
        await sending
    finally:
        await http.aclose()
        wechat.kill()
    _console.print(f"{broadcast.state.value}: {counts.ended}")


async def _reachable(port: int) -> None:
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)


@dataclass(slots=True)
class _Meter:
    """Seconds, CPU and memory of this process since it was made."""

    begun: float = 0.0
    cpu: float = 0.0

    def __post_init__(self) -> None:
        self.begun, self.cpu = time.perf_counter(), time.process_time()

    def told(self, many: int = 0) -> str:
        """What was used so far, in words."""
        seconds, cpu = time.perf_counter() - self.begun, time.process_time() - self.cpu
        rates = f" ({many / seconds:.0f} a second, {many / cpu:.0f} a CPU second)" if many else ""
        return f"{seconds:.1f} s, {cpu:.1f} s of CPU{rates}, {psutil.Process().memory_info().rss / _MIB:.0f} MiB"


def _answer_at_once(port: int) -> None:
    """A process that takes every message and gives every token."""
    numbers = itertools.count(4_000_000_000_000_000_001)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                await reader.readexactly(length)
                if b" /cgi-bin/stable_token" in head:
                    body = b'{"access_token":"bench","expires_in":7200}'
                else:
                    body = b'{"errcode":0,"errmsg":"ok","msgid":%d}' % next(numbers)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                    + body
                )

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
        await server.serve_forever()

    asyncio.run(run())
