"""Drawings as SVG: lines over time, and how much of each limit is used."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

_LEFT, _TOP, _WIDTH, _HEIGHT, _ROW = 64, 40, 560, 240, 24
_NAMES = 300
_INK, _FAINT, _COLORS = "#333", "#ddd", ("#0969da", "#b35900", "#1a7f37", "#8250df")
_STEPS = (1, 2, 5)
_DECADES = range(-3, 4)
_MOST_POINTS = 160

Line = Sequence[tuple[float, float]]


def lines(
    title: str, across: str, series: Mapping[str, Line], *, limits: Mapping[str, float] | None = None, most: float = 0
) -> str:
    """Lines by their names from 0 on both axes; ``limits`` are dashed across. ``most`` ends the upward axis."""
    limits = limits or {}
    right = max(x for line in series.values() for x, _ in line)
    highest = most or max(*(y for line in series.values() for _, y in line), *limits.values())

    def point(x: float, y: float) -> str:
        share = min(y / highest, 1.0)
        return f"{_LEFT + x / right * _WIDTH:.1f},{_TOP + _HEIGHT * (1 - share):.1f}"

    drawn = []
    for tick in _ticks(highest):
        y = point(0, tick).partition(",")[2]
        drawn += [_rule(_LEFT, y, _LEFT + _WIDTH, y, _FAINT), _text(_LEFT - 8, float(y) + 4, f"{tick:g}", "end")]
    for tick in _ticks(right):
        x = point(tick, 0).partition(",")[0]
        drawn.append(_text(float(x), _TOP + _HEIGHT + 16, f"{tick:g}", "middle"))
    for name, value in limits.items():
        y = point(0, value).partition(",")[2]
        drawn += [
            _rule(_LEFT, y, _LEFT + _WIDTH, y, _INK, dashed=True),
            _text(_LEFT + _WIDTH, float(y) - 4, name, "end"),
        ]
    for number, (name, line) in enumerate(series.items()):
        color = _COLORS[number % len(_COLORS)]
        points = " ".join(point(*one) for one in _thinned(line))
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>')
        drawn.append(_text(_LEFT + _WIDTH + 12, _TOP + 12 + 18 * number, name, "start", color))
    drawn.append(_text(_LEFT + _WIDTH / 2, _TOP + _HEIGHT + 34, across, "middle"))
    return _picture(_LEFT + _WIDTH + 160, _TOP + _HEIGHT + 46, title, drawn)


def used_of_limits(title: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    """A row for each limit, on a logarithmic axis; in it a point for each size: how much of the limit it uses."""
    left, bottom = _NAMES, _TOP + _ROW * len(rows) + 22
    first, last = _DECADES[0], _DECADES[-1]

    def at(share: float) -> float:
        place = min(max(math.log10(share), first), last)
        return round(left + (place - first) / (last - first) * _WIDTH, 1)

    drawn = []
    for decade in _DECADES:
        x = at(10.0**decade)
        drawn.append(_rule(x, _TOP + 14, x, bottom, _INK if decade == 0 else _FAINT))
        drawn.append(_text(x, bottom + 16, f"{10.0**decade:g}", "middle"))
    for number, (name, shares) in enumerate(rows.items()):
        y = _TOP + 28 + _ROW * number
        drawn.append(_text(left - 10, y + 4, name, "end"))
        drawn.append(_rule(at(min(shares.values())), y, at(max(shares.values())), y, "#999"))
        for color, share in zip(_COLORS, shares.values(), strict=False):
            drawn.append(f'<circle cx="{at(share)}" cy="{y}" r="5" fill="{color}"/>')
    for number, size in enumerate(next(iter(rows.values()))):
        drawn.append(_text(left + 90 * number, _TOP + 4, f"● {size}", "start", _COLORS[number]))
    return _picture(left + _WIDTH + 30, bottom + 28, title, drawn)


def _ticks(highest: float) -> Iterable[float]:
    """From 0 to ``highest`` in at most six round steps."""
    size = 10.0 ** math.floor(math.log10(highest))
    step = next(
        size * factor * scale for scale in (0.1, 1.0) for factor in _STEPS if highest / (size * factor * scale) <= 6
    )
    return [round(step * number, 9) for number in range(int(highest / step + 1e-9) + 1)]


def _thinned(line: Line) -> Line:
    return line[:: max(1, len(line) // _MOST_POINTS)]


def _rule(x1: float, y1: float | str, x2: float, y2: float | str, color: str, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}"{dashes}/>'


def _text(x: float, y: float, words: str, anchor: str, color: str = _INK) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{color}">{escape(words)}</text>'


def _picture(width: float, height: float, title: str, drawn: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" '
        f'font-size="12"><rect width="{width:g}" height="{height:g}" fill="#fff"/>'
        f"{_text(12, 18, title, 'start')}{''.join(drawn)}</svg>\n"
    )
