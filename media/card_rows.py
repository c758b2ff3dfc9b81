"""Laying labelled values into a box of a card: one size for all, wrapped, shared out fairly where space is short."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from PIL import ImageDraw, ImageFont

from media.card_art import Colour
from media.typeset import MEDIUM, REGULAR, Fitted, clean, fit, font, shorten, wrap

INK: Colour = (28, 33, 41)
GREY: Colour = (104, 112, 124)

_LABEL_WIDTH = 210
"""The widest a column of labels becomes, in pixels: a longer label is set smaller, then ends in an ellipsis."""

_LABEL_GAP = 28


@dataclass(frozen=True, slots=True)
class _Measures:
    """Pixels that follow from a size: a line, the gap between rows, and what a box of ``height`` holds of them."""

    size: int
    height: int

    @property
    def line(self) -> int:
        return round(self.size * 1.3)

    @property
    def gap(self) -> int:
        return round(self.size * 0.4)

    @property
    def most_rows(self) -> int:
        return (self.height + self.gap) // (self.line + self.gap)

    def lines_for(self, rows: int) -> int:
        """How many lines of text there is room for in so many rows."""
        return (self.height - max(rows - 1, 0) * self.gap) // self.line


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that fit their box: each label beside the lines of its value."""

    measures: _Measures
    face: ImageFont.FreeTypeFont
    rows: tuple[tuple[Fitted, tuple[str, ...]], ...]
    value_left: int

    def draw(self, draw: ImageDraw.ImageDraw, left: int, top: int) -> None:
        """Draw from the upper left corner; space that is left over goes between the rows, within measure."""
        step = self.measures
        used = sum(len(lines) for _, lines in self.rows) * step.line + (len(self.rows) - 1) * step.gap
        spare = min((step.height - used) / max(len(self.rows) - 1, 1), step.size * 0.9)
        y = top + step.size
        for label, lines in self.rows:
            draw.text((left, y), label.text, font=label.font, fill=GREY, anchor="ls")
            for n, line in enumerate(lines):
                draw.text((left + self.value_left, y + n * step.line), line, font=self.face, fill=INK, anchor="ls")
            y += round(len(lines) * step.line + step.gap + spare)


def lay_table(rows: Sequence[tuple[str, str]], *, width: int, height: int, sizes: Sequence[int]) -> Table:
    """Lay ``rows`` of label and value into a box of ``width`` by ``height`` pixels, in the first of falling ``sizes``
    that holds them whole.

    In the last size a value too long ends in an ellipsis, each row keeping at least one line and the rest going
    round; rows too many are counted in a last line.
    """
    smallest = _Measures(sizes[-1], height)
    cleaned = [(clean(label), clean(value)) for label, value in rows[: smallest.most_rows]]
    for size in sizes:
        measures = _Measures(size, height)
        if len(rows) <= measures.most_rows:
            table = _set(cleaned, measures, width)
            if sum(len(lines) for _, lines in table.rows) <= measures.lines_for(len(rows)):
                return table
    if len(rows) > smallest.most_rows:
        kept = smallest.most_rows - 1
        cleaned = [*cleaned[:kept], ("", f"另有 {len(rows) - kept} 项未列出")]
    table = _set(cleaned, smallest, width)
    allowed = _shared([len(lines) for _, lines in table.rows], smallest.lines_for(len(cleaned)))
    shortened = tuple(
        (label, shorten(lines, most, weight=MEDIUM, size=smallest.size, width=width - table.value_left))
        for (label, lines), most in zip(table.rows, allowed, strict=True)
    )
    return Table(smallest, table.face, shortened, table.value_left)


def _set(rows: Sequence[tuple[str, str]], measures: _Measures, width: int) -> Table:
    """Wrap every value at one size, to one line more than the box holds at the most."""
    small = (round(measures.size * 0.86), round(measures.size * 0.72))
    labels = [fit(label, weight=REGULAR, sizes=small, width=_LABEL_WIDTH) for label, _ in rows]
    value_left = round(max((label.font.getlength(label.text) for label in labels), default=0)) + _LABEL_GAP
    face = font(MEDIUM, measures.size)
    most = measures.lines_for(len(rows)) + 1
    values = [
        tuple(islice(wrap(value, weight=MEDIUM, size=measures.size, width=width - value_left), most)) or ("",)
        for _, value in rows
    ]
    return Table(measures, face, tuple(zip(labels, values, strict=True)), value_left)


def _shared(wanted: Sequence[int], room: int) -> list[int]:
    """How many lines each row gets of ``room``: one each, then one more in turn to those that want it."""
    given = [1] * len(wanted)
    while sum(given) < room:
        still = [n for n, want in enumerate(wanted) if given[n] < want]
        if not still:
            break
        for n in still[: room - sum(given)]:
            given[n] += 1
    return given
