"""``jiaban dev generate``: a database full of made-up citizens, licences and cases, to try and to measure with."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.bootstrap import install_keyring
from app.commands.case_filling import fill_cases, filled_citizen
from app.kit import clock, db
from app.kit.crypto import Keyring, keyring
from app.kit.ids import new_id
from config.settings import Settings, load_settings

_BATCH = 10_000
# Places and references above those of licences that cases led to.
_FIRST = 1 << 32
_LIST_BITS = 20
_DAYS_VALID = 1824
_COLUMNS = (
    *("id", "citizen_id", "type_code", "identifier", "reference", "number", "origin", "version", "state", "holder"),
    *("holder_kind", "values", "issuer", "issuer_code", "region", "issued_on", "valid_from", "valid_until"),
    *("status_list", "status_index"),
)
_SURNAMES, _NAMES = "王李张刘陈杨赵黄周吴", "桂兰秀英建国志强丽华玉梅海涛春雨"


class NotEmptyError(Exception):
    """The database holds citizens already, or is a production's: made-up ones are not put among them."""


async def generate(
    url: str, citizens: int, licences: int, cases: int, progress: Callable[[str, int], None] = lambda *_: None
) -> None:
    """Put so many into a migrated and loaded database without citizens; the keyring is installed, the database open.

    ``licences`` are given to citizens beside those that completed cases led to, each with values of its own, through
    COPY. ``progress`` is told of what how many are there. Raises NotEmptyError.
    """
    if await db.row("SELECT 1 AS found FROM citizens LIMIT 1"):
        raise NotEmptyError
    await fill_cases(url, cases, lambda done: progress("cases", done), citizens)
    connection = await asyncpg.connect(url)
    try:
        for first in range(0, licences, _BATCH):
            last = min(first + _BATCH, licences)
            rows = _licences(keyring(), range(first, last), citizens)
            await connection.copy_records_to_table("licences", records=rows, columns=_COLUMNS)
            progress("licences", last)
        await connection.execute("ANALYZE licences")
    finally:
        await connection.close()


def _licences(ring: Keyring, numbers: range, citizens: int) -> Iterator[tuple[Any, ...]]:
    today = clock.today()
    for number in numbers:
        place = _FIRST + number
        holder = _SURNAMES[number % len(_SURNAMES)] + _NAMES[number * 7 % len(_NAMES)]
        began = today - timedelta(days=number % _DAYS_VALID)
        values = {
            "business_name": f"佳木斯市{holder}小吃店{number}",
            "holder_name": holder,
            "business_site": f"黑龙江省佳木斯市前进区示例路{number % 999 + 1}号",
            "business_kind": "餐饮服务经营者",
            "business_items": ["热食类食品制售"],
        }
        yield (
            *(new_id(), filled_citizen(number % citizens), "food_business", f"generated-{number}", f"{place:016x}"),
            *(f"JY{place}", "issued", 1, "valid", ring.seal(holder.encode(), "licences.holder"), "111"),
            ring.seal(json.dumps(values, ensure_ascii=False).encode(), "licences.values"),
            *("佳木斯市", "11230800JB000000X0", "230800", began, began, began + timedelta(days=_DAYS_VALID)),
            *(place >> _LIST_BITS, place & ((1 << _LIST_BITS) - 1)),
        )


def _generate(arguments: argparse.Namespace) -> int:
    settings = load_settings()
    try:
        asyncio.run(_with_a_bar(settings, arguments))
    except NotEmptyError:
        sys.stderr.write("nothing was generated: the database holds citizens, or is a production's\n")
        return 1
    return 0


async def _with_a_bar(settings: Settings, arguments: argparse.Namespace) -> None:
    if settings.environment == "production":
        raise NotEmptyError
    install_keyring(settings)
    url = settings.database_url.get_secret_value()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with db.database(url):
        with Progress(*columns, console=Console(stderr=True)) as bar:
            tasks = {name: bar.add_task(name, total=getattr(arguments, name)) for name in ("cases", "licences")}
            await generate(
                url,
                arguments.citizens,
                arguments.licences,
                arguments.cases,
                lambda what, done: bar.update(tasks[what], completed=done),
            )


def add_developer_commands(dev: Any) -> None:
    """Add ``generate`` to ``jiaban dev``."""
    made = dev.add_parser("generate", help="fill a migrated and loaded database that has no citizens with made-up ones")
    made.add_argument("--citizens", type=int, default=4_000, help="how many citizens (4000)")
    made.add_argument("--licences", type=int, default=10_000, help="how many licences beside those of cases (10000)")
    made.add_argument("--cases", type=int, default=10_000, help="how many cases (10000)")
    made.set_defaults(function=_generate)
