"""``jiaban dev bench-status``: how large the status list of a million licences is, and how long making it takes."""

import random
import time
from datetime import date, timedelta
from uuid import uuid4

import asyncpg
from rich.console import Console
from rich.progress import track

from app.commands.bench import engine
from app.demo.house import ensure_database
from app.kit import clock, crypto, db
from app.kit.crypto import Keyring
from app.licences.keys.ring import SigningKeys
from app.licences.keys.service import make_missing
from app.licences.status.models import StatusList
from app.licences.status.packing import PLACES
from app.licences.status.publishing import publish
from app.licences.status.service import take_places
from app.schema import migrate_database

_console = Console(highlight=False)
_BATCH = 20_000
_ADDRESS = "https://jiaban.example.gov.cn"
_EVERY = timedelta(minutes=5)
_SEALED = bytes(64)
_COLUMNS = (
    *("id", "type_code", "identifier", "reference", "number", "version", "state", "holder", "values", "issuer"),
    *("issuer_code", "region", "issued_on", "valid_from", "valid_until", "status_list", "status_index"),
)


async def bench_status(count: int, revoked: float, given: str | None, rounds: int) -> None:
    """Fill a database with ``count`` licences of which a share is revoked, make their lists, print time and size.

    ``given`` is the address of an empty database; None starts PostgreSQL from its wheel, with data in ``var/bench``.
    """
    crypto.install(Keyring({"bench": bytes(32)}, "bench", {"bench": bytes(32)}, "bench"))
    async with engine(given) as url:
        await ensure_database(url)
        await migrate_database(url)
        async with db.database(url):
            keys = SigningKeys()
            await make_missing(keys, "bench")
            await _fill(url, count, revoked)
            await db.execute("ANALYZE licences")
            for one in await StatusList.all().order_by("number"):
                await _measure(keys, one.number, rounds)


async def _fill(url: str, count: int, revoked: float) -> None:
    draw, today = random.Random(count), clock.today()  # noqa: S311  # a sample
    connection = await asyncpg.connect(url)
    try:
        for first in track(range(0, count, _BATCH), "licences", console=Console(stderr=True)):
            places = await take_places(min(_BATCH, count - first))
            rows = [_row(first + turn, place, draw.random() < revoked, today) for turn, place in enumerate(places)]
            await connection.copy_records_to_table("licences", records=rows, columns=_COLUMNS)
    finally:
        await connection.close()


def _row(number: int, place: tuple[int, int], revoked: bool, today: date) -> tuple[object, ...]:
    ends = today + timedelta(days=365 + number % 1000)
    return (
        *(uuid4(), "food_business", f"bench.{number}", f"{number:016x}", str(number), 1),
        *("revoked" if revoked else "valid", _SEALED, _SEALED, "市市场监管局", "11230800MB1234567X", "230800"),
        *(today, today, ends, *place),
    )


async def _measure(keys: SigningKeys, number: int, rounds: int) -> None:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        await publish(keys, _ADDRESS, number, _EVERY)
        took.append(time.perf_counter() - began)
    made = await StatusList.get(number=number)
    taken = (
        "SELECT count(*) AS all, count(*) FILTER (WHERE state <> 'valid') AS ended FROM licences WHERE status_list = $1"
    )
    counted = await db.row(taken, number)
    licences, ended = (counted["all"], counted["ended"]) if counted else (0, 0)
    _console.print(
        f"list {number}: {licences} licences in {PLACES} places, {ended} not valid; {len(bytes(made.token or b''))} "
        f"bytes, made in {min(took):.2f} s at best, {max(took):.2f} s at worst of {rounds}",
        soft_wrap=True,
    )
