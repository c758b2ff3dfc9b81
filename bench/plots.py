"""A drawing of ratios: a point for the middle of the rounds, a line from the least to the most, a ring for the goal."""

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from bench.goals import GOALS
from bench.rounds import Spread

_LEFT, _WIDTH, _ROW, _TOP = 190, 560, 22, 34
_INK, _GOOD, _SHORT, _FAINT = "#333", "#1a7f37", "#b35900", "#ddd"
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


def ratios(details: Mapping[str, Any]) -> str:
    """The drawing as SVG, of the details that ``latest.json`` has; empty where nothing was compared.

    The axis is logarithmic.
    """
    rows = [
        (f"{name} / {side}", Spread(*spreads[found["compared"]]), GOALS.get(name, {}).get(side))
        for name, found in details.items()
        for side, spreads in found.get("ratios", {}).items()
    ]
    if not rows:
        return ""
    height = _TOP + _ROW * len(rows) + 30
    drawn = [_tick(tick, height) for tick in _TICKS]
    for number, (label, spread, goal) in enumerate(rows):
        drawn.append(_row(label, spread, goal, _TOP + _ROW * number + _ROW // 2))
    title = "ours / theirs in work for a second of the processor: greater is better"
    width = _LEFT + _WIDTH + 70
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="{width}" height="{height}" fill="#fff"/>'
        f'<text x="{_LEFT}" y="16" fill="{_INK}">{title}</text>{"".join(drawn)}</svg>\n'
    )


def _at(ratio: float) -> float:
    first, last = math.log(_TICKS[0]), math.log(_TICKS[-1])
    share = (math.log(min(max(ratio, _TICKS[0]), _TICKS[-1])) - first) / (last - first)
    return round(_LEFT + share * _WIDTH, 1)


def _tick(ratio: float, height: int) -> str:
    x, bottom = _at(ratio), height - 26
    color = _INK if ratio == 1 else _FAINT
    return (
        f'<line x1="{x}" y1="{_TOP - 8}" x2="{x}" y2="{bottom}" stroke="{color}"/>'
        f'<text x="{x}" y="{bottom + 16}" text-anchor="middle" fill="{_INK}">{ratio:g}</text>'
    )


def _row(label: str, spread: Spread, goal: float | None, y: int) -> str:
    color = _GOOD if goal is None or spread.middle >= goal else _SHORT
    ring = f'<circle cx="{_at(goal)}" cy="{y}" r="6" fill="none" stroke="{_INK}"/>' if goal else ""
    return (
        f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end" fill="{_INK}">{escape(label)}</text>'
        f'<line x1="{_at(spread.least)}" y1="{y}" x2="{_at(spread.most)}" y2="{y}" stroke="{color}" stroke-width="3"/>'
        f'<circle cx="{_at(spread.middle)}" cy="{y}" r="4" fill="{color}"/>{ring}'
        f'<text x="{_LEFT + _WIDTH + 14}" y="{y + 4}" fill="{color}">{spread.middle:.2f}</text>'
    )
