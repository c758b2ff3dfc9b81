"""``jiaban dev bench-search``: how quick searches and suggestions are among a hundred thousand items."""

import asyncio
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from pypinyin import Style, lazy_pinyin
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.catalogue.guide import Guide
from app.catalogue.models import Item, Region
from app.catalogue.service import BATCH
from app.demo.engines import port_is_free, postgres_program
from app.demo.house import ensure_database
from app.finding import words
from app.finding.everyday import everyday
from app.finding.facets import count_facets
from app.finding.matching import Filters
from app.finding.popular import popular_items
from app.finding.queries import search_items
from app.finding.service import index_items
from app.finding.suggestions import suggest
from app.finding.tasks import tidy
from app.kit import db
from app.schema import migrate_database
from app.upkeep.city import load_city
from config.reading import read_yaml
from config.settings import CITY_DATA, load_demo_settings

_console = Console(highlight=False)
_LEVEL_DIGIT = {"city": 3, "county": 4, "township": 5, "village": 6}
_OWN_NAMES_EVERY = 2
_MILLISECONDS = 1000
Call = Callable[[], Awaitable[Any]]


async def bench_search(count: int, given: str | None, best_of: int) -> None:
    """Fill a database with ``count`` items, measure, and print the figures: of each call the best of ``best_of`` times.

    ``given`` is the address of an empty database; None starts PostgreSQL from its wheel, with data in ``var/bench``.
    """
    process = psutil.Process()
    async with engine(given) as url:
        await ensure_database(url)
        await migrate_database(url)
        async with db.database(url):
            before = process.memory_info().rss
            await fill_items(url, count)
            await tidy()
            await db.execute("ANALYZE")
            filled = process.memory_info().rss
            await _measure(best_of)
            after = process.memory_info().rss
    _console.print(f"memory of this process: {before >> 20} MiB, filled {filled >> 20} MiB, measured {after >> 20} MiB")


def free_port(in_a_row: int = 1) -> int:
    """The first of so many free ports in a row."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if all(port_is_free(port + more) for more in range(in_a_row)):
            return port


@asynccontextmanager
async def engine(given: str | None, *options: str) -> AsyncIterator[str]:
    """The database's address; PostgreSQL from its wheel runs on a free port, with these options, while it is needed."""
    if given:
        yield given
        return
    port = free_port()
    demo = load_demo_settings()
    folder = demo.var / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    program = postgres_program(folder / "postgres", port, demo.postgres_bin)
    with (folder / "postgres.log").open("ab") as log:
        child = subprocess.Popen((*program.command, *options), stdout=log, stderr=log, **program.identity)  # noqa: ASYNC220, S603  # our own engine, once
    try:
        await _answers(f"postgresql://jiaban@127.0.0.1:{port}/postgres")
        yield f"postgresql://jiaban@127.0.0.1:{port}/bench_{time.time_ns()}"
    finally:
        child.terminate()
        child.wait()


async def _answers(url: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await (await asyncpg.connect(url)).close()
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
            else:
                return


def _guides() -> list[Guide]:
    files = sorted((Path(CITY_DATA) / "items").glob("*.yaml"))
    return [Guide.model_validate(read_yaml(path)) for path in files]


def _offers(guides: list[Guide], regions: list[Region], count: int) -> Iterator[Guide]:
    """Implementations of these services by the offices of each region, some under names of their own."""
    each = -(-count // len(regions))
    for number, region in enumerate(regions):
        for turn in range(each):
            guide = guides[(number * 7 + turn) % len(guides)]
            code = f"11{region.code:0<12}JB{turn:02d}{_LEVEL_DIGIT[region.level]}{guide.basic_code}"
            own = region.level != "village" and turn % _OWN_NAMES_EVERY == 0
            name = f"{guide.name}（{region.name}）" if own else guide.name
            yield guide.model_copy(
                update={"item_code": code, "region": region.code, "level": region.level, "name": name}
            )


async def fill_items(url: str, count: int) -> None:
    """Put so many items into a database, which is open, through COPY, and what searches read of them."""
    await load_city(CITY_DATA)
    regions = await Region.exclude(level="province").order_by("code")
    offers = islice(_offers(_guides(), regions, count), count)
    columns = [name for name in Item._meta.fields_db_projection if name not in {"reading", "version"}]
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        with Progress(*bar, console=Console(stderr=True)) as progress:
            task = progress.add_task("items", total=count)
            while batch := list(islice(offers, BATCH)):
                rows = [(*_stored(guide, columns), 1) for guide in batch]
                await pool.copy_records_to_table("items", records=rows, columns=[*columns, "version"])
                async with db.transaction():
                    await index_items(batch)
                progress.advance(task, len(batch))
    found = await db.rows("SELECT (SELECT count(*) FROM items) AS items, (SELECT count(*) FROM readings) AS readings")
    _console.print(f"{found[0]['items']} items, {found[0]['readings']} readings")


def _stored(guide: Guide, columns: list[str]) -> Iterator[Any]:
    for name in columns:
        yield Item._meta.fields_map[name].to_db_value(getattr(guide, name), Item)


def queries() -> dict[str, list[str]]:
    """What people type, by its kind; each kind is made from the guides' own keywords."""
    keywords = [keyword for guide in _guides() for keyword in guide.keywords[:2] if words.is_chinese(keyword)]
    some = keywords[::3]
    return {
        "keywords": keywords,
        "everyday words": list(everyday()),
        "phrases": [f"我想{keyword}怎么办理" for keyword in some],
        "pinyin": ["".join(lazy_pinyin(keyword)) for keyword in some],
        "initials": ["".join(lazy_pinyin(keyword, style=Style.FIRST_LETTER)) for keyword in some],
        "slips": [keyword[:-2] + keyword[-1] + keyword[-2] for keyword in some if len(keyword) > 2],  # noqa: PLR2004  # swapped
        "one character": ["证", "办", "居", "医", "老"],
        "nothing": [""],
    }


def _prefixes(typed: dict[str, list[str]]) -> list[str]:
    """What stands in the field while people type."""
    whole = [*typed["keywords"][::4], *typed["pinyin"][::2], *typed["initials"][::2]]
    return [text[:length] for text in whole for length in range(1, min(len(text), 8) + 1)]


async def _measure(best_of: int) -> None:
    table = Table("what", "region", "calls", "p50 ms", "p95 ms", "p99 ms", "most ms")
    typed = queries()
    for name, region in await _places():

        async def measure(what: str, calls: list[Call], place: str = name) -> list[float]:
            taken = [min([await _taken(call) for _ in range(best_of)]) for call in calls]
            table.add_row(what, place, str(len(taken)), *(f"{value:.1f}" for value in quantiles(taken)))
            return taken

        every: list[float] = []
        for kind, texts in typed.items():
            every += await measure(f"search: {kind}", [_search(text, region) for text in texts])
        table.add_row(
            "search: all", name, str(len(every)), *(f"{value:.1f}" for value in quantiles(every)), style="bold"
        )
        await measure("suggestions", [_suggest(text, region) for text in _prefixes(typed)])
        await measure("facets", [_facets(text, region) for text in typed["keywords"][::5]])
        await measure("popular", [_popular(region)] * 20)
    _console.print(table)


async def _places() -> list[tuple[str, str]]:
    village = await Region.filter(level="village").order_by("code").first()
    county = await Region.filter(level="county").order_by("code").first()
    return [("none", ""), ("village", village.code if village else ""), ("county", county.code if county else "")]


def _search(text: str, region: str) -> Call:
    return lambda: search_items(text, region, "", None)


def _suggest(text: str, region: str) -> Call:
    return lambda: suggest(text, region)


def _facets(text: str, region: str) -> Call:
    return lambda: count_facets(text, Filters(region=region))


def _popular(region: str) -> Call:
    return lambda: popular_items(region)


async def _taken(call: Call) -> float:
    start = time.perf_counter()
    await call()
    return (time.perf_counter() - start) * _MILLISECONDS


def quantiles(values: list[float]) -> list[float]:
    """The middle, the 95th and 99th of a hundred, and the most."""
    ordered = sorted(values)
    return [ordered[min(int(len(ordered) * share), len(ordered) - 1)] for share in (0.5, 0.95, 0.99, 1)]
