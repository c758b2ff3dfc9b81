"""The product's own statements of a search, executed alone: those of the request's number, as they were recorded."""

import json
import os
from pathlib import Path

import asyncpg

from bench.floors import bare
from config.settings import Settings

_RECORDED = json.loads(Path(os.environ["BENCH_SEARCHES"]).read_text(encoding="utf-8"))


async def make(pool: asyncpg.Pool, settings: Settings) -> bare.Handle:
    """Answers how many rows there were."""
    del settings

    async def handle(request: bare.Request) -> tuple[int, bytes]:
        number = int(request.path.rpartition(b"=")[2])
        rows = 0
        for sql, values in _RECORDED[number]:
            rows = len(await pool.fetch(sql, *values))
        return 200, b"%d" % rows

    return handle


if __name__ == "__main__":
    bare.serve(make)
