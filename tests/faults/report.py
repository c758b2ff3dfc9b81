"""The report of a campaign: JSON for programs, Markdown for people, and one drawing of what happened when."""

import json
import os
import platform
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY
from tests.faults.campaign import Happened, Outcome
from tests.faults.schedule import LINKS, PROCESSES, TABLES

_LEFT, _WIDTH, _ROW, _TOP, _CHART = 150, 820, 15, 40, 90
_COLOURS = {
    "kill": "#b3261e",
    "freeze": "#7b4fb3",
    "clock": "#0b6bcb",
    "lock": "#8a6d00",
    "nameless": "#00796b",
    "cut": "#e36209",
    "deaf": "#d63384",
    "silent": "#555555",
    "slow": "#8fa3ad",
    "full disk": "#4d7c0f",
    "no connection left": "#a0522d",
}
_OUTCOMES = {"answered": "#1a7f37", "later": "#d9a400", "nobody": "#b3261e"}
_LEAST_WIDTH = 3.0
_DOCUMENTS = REPOSITORY / "docs"


def write(folder: Path, outcome: Outcome) -> None:
    """Write ``report.json``, ``report.md`` and ``timeline.svg`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    found = as_json(outcome)
    (folder / "report.json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "report.md").write_text("\n".join(_markdown(outcome)) + "\n", encoding="utf-8")
    (folder / "timeline.svg").write_text(timeline(outcome), encoding="utf-8")


def keep(outcome: Outcome) -> None:
    """Write the report into the documents, in place of the one that was kept before."""
    (_DOCUMENTS / "images" / "faults.svg").write_text(timeline(outcome), encoding="utf-8")
    put("campaign", "tests.faults", "\n".join(_markdown(outcome)))


def put(name: str, module: str, text: str) -> None:
    """Put a text between its marks in ``docs/faults.md``."""
    page = _DOCUMENTS / "faults.md"
    begin, end = f"<!-- {name}: python -m {module} --keep -->", f"<!-- end of {name} -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    page.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Everything that is known, without anything about a person."""
    return {
        "seed": outcome.seed,
        "seconds": outcome.seconds,
        "machine": machine(),
        "balanced": not outcome.wrong,
        "wrong": outcome.wrong,
        "cases": sum(citizen.is_done for citizen in outcome.citizens),
        "requests": dict(outcome.watch.totals),
        "books": outcome.books,
        "faults": [
            {
                "what": str(one.fault.kind),
                "planned": one.fault.at,
                "lasts": one.fault.lasts,
                "began": round(one.began, 1),
                "ended": round(one.ended, 1),
            }
            for one in outcome.happened
        ],
        "by_second": {str(second): dict(found) for second, found in sorted(outcome.watch.seconds.items())},
    }


def machine() -> str:
    """What it ran on."""
    return f"{os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}"


def _markdown(outcome: Outcome) -> Iterator[str]:
    totals = outcome.watch.totals
    cases = sum(citizen.is_done for citizen in outcome.citizens)
    yield f"Seed {outcome.seed}, {outcome.seconds / 60:g} minutes, {len(outcome.happened)} faults, {machine()}."
    yield ""
    yield (
        f"{cases} cases, {totals.total():,} requests: {totals['answered']:,} answered, "
        f"{totals['later']:,} told to come again, {totals['nobody']:,} met nobody, "
        f"{totals['fault']:,} met a fault of ours."
    )
    yield ""
    yield "| The books | |"
    yield "|---|---|"
    for title, line in outcome.books.items():
        yield f"| {title} | {line.replace('|', '/')} |"
    yield ""
    yield "| Fault | Times | Seconds in all |"
    yield "|---|---|---|"
    for kind, ones in _by_kind(outcome.happened).items():
        yield f"| {kind} | {len(ones)} | {sum(one.ended - one.began for one in ones):.0f} |"
    if outcome.wrong:
        yield ""
        yield "What is wrong:"
        yield ""
        yield from (f"- {sentence}" for sentence in outcome.wrong)


def _by_kind(happened: list[Happened]) -> dict[str, list[Happened]]:
    found: dict[str, list[Happened]] = {}
    for one in sorted(happened, key=lambda one: (one.fault.kind.what, one.fault.kind.where, one.fault.kind.by)):
        found.setdefault(str(one.fault.kind), []).append(one)
    return found


def timeline(outcome: Outcome) -> str:
    """The drawing as SVG: a row for each place, a bar for each fault, and below what came of the requests."""
    last = max([outcome.seconds, *outcome.ended, *(one.ended for one in outcome.happened)])
    shaken = {one.fault.kind.where for one in outcome.happened}
    places = [place for place in dict.fromkeys((*PROCESSES, *LINKS, *TABLES)) if place in shaken]
    bottom = _TOP + _ROW * len(places)
    height = bottom + _CHART + 60
    drawn = [_place(name, _TOP + _ROW * number) for number, name in enumerate(places)]
    drawn += [_bar(one, _TOP + _ROW * places.index(one.fault.kind.where), last) for one in outcome.happened]
    drawn += _chart(outcome, bottom + _CHART + 10, last)
    drawn += _ticks(last, height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 20} {height}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>'
        f"{_legend(_COLOURS, 16)}{''.join(drawn)}</svg>\n"
    )


def _at(second: float, last: float) -> float:
    return round(_LEFT + _WIDTH * second / last, 1)


def _legend(colours: dict[str, str], y: int) -> str:
    x, found = 10, []
    for name, colour in colours.items():
        found.append(
            f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{colour}"/>'
            f'<text x="{x + 14}" y="{y}">{escape(name)}</text>'
        )
        x += 24 + 7 * len(name)
    return "".join(found)


def _place(name: str, y: int) -> str:
    return (
        f'<text x="{_LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>'
        f'<line x1="{_LEFT}" y1="{y + 7}" x2="{_LEFT + _WIDTH}" y2="{y + 7}" stroke="#eee"/>'
    )


def _bar(one: Happened, y: int, last: float) -> str:
    x = _at(one.began, last)
    width = max(_LEAST_WIDTH, round(_at(one.ended, last) - x, 1))
    return (
        f'<rect x="{x}" y="{y + 2}" width="{width}" height="{_ROW - 4}" fill="{_COLOURS[one.fault.kind.what]}">'
        f"<title>{escape(str(one.fault.kind))}, {one.began:.1f} to {one.ended:.1f} s</title></rect>"
    )


def _chart(outcome: Outcome, bottom: int, last: float) -> Iterator[str]:
    seconds = outcome.watch.seconds
    most = max((found.total() for found in seconds.values()), default=1)
    width = max(0.5, round(_WIDTH / last, 2))
    for second, found in seconds.items():
        y = float(bottom)
        for outcome_name, colour in _OUTCOMES.items():
            if tall := round(_CHART * found[outcome_name] / most, 1):
                y -= tall
                yield f'<rect x="{_at(second, last)}" y="{y:.1f}" width="{width}" height="{tall}" fill="{colour}"/>'
    yield f'<text x="{_LEFT - 8}" y="{bottom - _CHART + 10}" text-anchor="end">{most} requests a second</text>'
    yield f'<g transform="translate({_LEFT - 10},0)">{_legend(_OUTCOMES, bottom + 36)}</g>'


def _ticks(last: float, height: int) -> Iterator[str]:
    step = next(step for step in (10, 30, 60, 120, 300, 600, 1800, 3600) if last / step <= 12)
    for second in range(0, int(last) + 1, step):
        x = _at(second, last)
        yield f'<line x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{height - 48}" stroke="#ccc" stroke-dasharray="2 3"/>'
        yield f'<text x="{x}" y="{height - 36}" text-anchor="middle">{second} s</text>'
