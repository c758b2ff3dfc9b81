"""Results: the table, ``latest.json``, a drawing."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.table import Table

from bench import plots
from bench.goals import GOALS, MEMORY_MEGABYTES
from bench.rounds import Figures, Memory, Spread, Taken
from bench.sides import ROOT, Role

_PACKAGES = (
    *("sanic", "uvloop", "httptools", "asyncpg", "tortoise-orm", "procrastinate", "redis", "pydantic", "httpx"),
    *("fastapi", "uvicorn", "sqlalchemy", "celery", "requests", "django", "psycopg"),
    *("qrcode", "pillow", "zxing-cpp", "wechatpy"),
)

# By whose seconds of the processor a ratio is.
_OWN, _WITH_ENGINES = "own", "with_engines"


def table(found: Mapping[str, Figures | Memory]) -> Table:
    """The figures as people read them."""
    shown = Table("what", "side", "a CPU second", "with engines'", "a second", "ours / theirs", "with engines'", "goal")
    for name, figures in found.items():
        if isinstance(figures, Memory):
            held = f"{figures.first:.0f} MB, after {figures.requests} requests {figures.most:.0f}"
            shown.add_row(name, "ours", held, *("" for _ in range(4)), f"{MEMORY_MEGABYTES}")
            continue
        for side, taken in figures.taken.items():
            own, whole = (_middle(taken, which) for which in ("per_cpu_second", "per_whole_cpu_second"))
            wall = statistics.median(one.done / one.wall for one in taken)
            ratios = (
                ("", "")
                if side == figures.ours
                else (_said(figures.ratio(side, whole=False)), _said(figures.ratio(side, whole=True)))
            )
            goal = GOALS.get(name, {}).get(side)
            shown.add_row(name, side, f"{own:.0f}", f"{whole:.0f}", f"{wall:.0f}", *ratios, f"{goal:g}" if goal else "")
        shown.add_section()
    return shown


def _middle(taken: list[Taken], which: str) -> float:
    return float(statistics.median(getattr(one, which) for one in taken))


def _said(spread: Spread) -> str:
    return f"{spread.middle:.2f} ({spread.least:.2f} to {spread.most:.2f})"


def write(found: Mapping[str, Figures | Memory], arguments: argparse.Namespace) -> None:
    """Write ``latest.json``, in which what was not measured this time stays as it was, and draw it all."""
    path: Path = arguments.out / "latest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"details": {}}
    for name, figures in found.items():
        if isinstance(figures, Memory):
            kept[name] = {"requests": figures.requests, "megabytes": round(figures.most, 1)}
            kept["details"][name] = {"first": round(figures.first, 1), **_circumstances(arguments)}
            continue
        if name == "growth":
            # The small town is ours, the grown one the other side: the ratio of work is that of costs the other way.
            kept[name] = round(figures.ratio("grown").middle, 3)
        elif ":" not in name:
            kept[name] = _ratios(figures)
        grown = {"grown": arguments.grown} if name.startswith("growth") else {}
        kept["details"][name] = {**_details(figures), **grown, **_circumstances(arguments)}
    kept["commit"] = _commit()
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if drawn := plots.ratios(kept["details"]):
        path.with_name("ratios.svg").write_text(drawn, encoding="utf-8")


def _ratios(figures: Figures) -> dict[str, Any]:
    floors = [round(figures.ratio(name).middle, 3) for name in figures.others(Role.FLOOR)]
    return {
        "ratio_to_peer": {name: round(figures.ratio(name).middle, 3) for name in figures.others(Role.PEER)},
        **({"ratio_to_floor": floors[0]} if floors else {}),
    }


def _details(figures: Figures) -> dict[str, Any]:
    return {
        "sides": {
            side: [
                {
                    "done": one.done,
                    "wall": round(one.wall, 3),
                    "cpu": round(one.cpu.own, 3),
                    "cpu_postgres": round(one.cpu.postgres, 3),
                    "cpu_redis": round(one.cpu.redis, 3),
                }
                for one in taken
            ]
            for side, taken in figures.taken.items()
        },
        "ratios": {
            side: {
                _OWN: _shown(figures.ratio(side, whole=False)),
                _WITH_ENGINES: _shown(figures.ratio(side, whole=True)),
            }
            for side in figures.taken
            if side != figures.ours
        },
        "compared": _WITH_ENGINES if figures.by_whole else _OWN,
    }


def _shown(spread: Spread) -> list[float]:
    return [round(one, 3) for one in (spread.middle, spread.least, spread.most)]


def _circumstances(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "commit": _commit(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "licences": arguments.licences,
        "rounds": arguments.rounds,
        "machine": {
            "processors": os.cpu_count(),
            "processor": _processor(),
            "load": [round(one, 1) for one in os.getloadavg()],
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _commit() -> str:
    def git(*arguments: str) -> str:
        command = ("git", *arguments)
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    return git("rev-parse", "--short=12", "HEAD") + ("+changes" if git("status", "--porcelain", "-uno") else "")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
