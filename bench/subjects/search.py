"""The catalogue is searched, among a hundred thousand items; the work is PostgreSQL's, so its seconds are counted."""

import dataclasses
import itertools
import json
import random
from urllib.parse import urlencode

import rjieba

from app.commands.bench import fill_items, queries
from app.commands.query_plans import recorded
from app.finding.queries import search_items
from app.finding.tasks import tidy
from app.kit import db
from bench import load
from bench.rounds import Figures, over_http
from bench.sides import Program, Role, Side, floor, ours, served_by_uvicorn
from bench.subjects import Wanted
from bench.town import town

_ITEMS = 100_000
_FEW = 1_000
_TEXTS = 60
_ADDRESSES = 4096
_DJANGO = served_by_uvicorn("django", "bench.peers.django_house.asgi:app")
PROGRAMS: tuple[Program, ...] = (
    ours("web"),
    _DJANGO,
    dataclasses.replace(_DJANGO, name="django-full-text", prefix="/full-text"),
    floor("search"),
)
_TABLE = (
    "CREATE TABLE peer_item_texts (item_code varchar(31) PRIMARY KEY REFERENCES items, document tsvector NOT NULL)",
    "CREATE INDEX ON peer_item_texts USING gin (document)",
)


async def measure(wanted: Wanted) -> dict[str, Figures]:
    """The figures."""
    async with town(wanted.engines, 0) as filled:
        wanted.progress("filling")
        await fill_items(filled.plan.database_url, _ITEMS if wanted.rounds else _FEW)
        await tidy()
        await _fill_texts()
        # As a table is that has been there for a while: the full text costs half as much as on one just filled.
        await db.execute("VACUUM ANALYZE")
        texts = _texts()
        wanted.progress("recording the statements")
        # What a process knows of the words it reads once.
        await search_items(texts[0], "", "", None)
        path = filled.plan.var / "searches.json"
        path.write_text(json.dumps([await _statements(text) for text in texts], default=str), encoding="utf-8")
        numbers = itertools.cycle(range(len(texts)))

        async def requests(side: Side, many: int) -> list[bytes]:
            return [_request(side, number, texts[number]) for number in itertools.islice(numbers, many)]

        environment = {"BENCH_SEARCHES": str(path)}
        async with wanted.running(*PROGRAMS, town=filled, environment=environment) as sides:
            served = [side for side in sides if side.role is not Role.FLOOR]
            await wanted.hold_contract("search", served, filled)
            found = await over_http(
                filled, sides, requests, rounds=wanted.rounds, by_whole=True, least=_TEXTS, progress=wanted.progress
            )
    return {"search": found}


def _request(side: Side, number: int, text: str) -> bytes:
    if side.role is Role.FLOOR:
        return load.request("GET", f"/search?number={number}", {})
    at = random.randrange(_ADDRESSES)
    path = f"{side.prefix}/api/v1/items?{urlencode({'q': text})}"
    return load.request("GET", path, {"X-Forwarded-For": f"10.2.{at >> 8}.{at & 255}"})


def _texts() -> list[str]:
    """What people type: words in characters, which every side understands."""
    keywords = queries()["keywords"]
    random.Random(7).shuffle(keywords)
    return keywords[:_TEXTS]


async def _statements(text: str) -> list[tuple[str, list[object]]]:
    with recorded() as recorder:
        await search_items(text, "", "", None)
    return [(one.sql, list(one.values)) for one in recorder.statements.values()]


async def _fill_texts() -> None:
    for statement in _TABLE:
        await db.execute(statement)
    rows = await db.rows("SELECT item_code, name, short_name FROM items")
    words = {row["item_code"]: " ".join(rjieba.cut(f"{row['name']} {row['short_name']}")) for row in rows}
    await db.execute(
        "INSERT INTO peer_item_texts SELECT item_code, to_tsvector('simple', words)"
        " FROM unnest($1::text[], $2::text[]) AS given(item_code, words)",
        list(words),
        list(words.values()),
    )
