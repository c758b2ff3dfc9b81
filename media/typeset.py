"""Setting Chinese text in a box: the font, cleaning of hostile text, line breaking, shrinking, ellipsis."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice

from PIL import ImageFont

REGULAR, MEDIUM, BOLD = 400, 500, 700
"""Weights on the font's one axis, which runs from 100 to 900."""

ELLIPSIS = "…"

UNITS_PER_EM = 1000
ASCENT, DESCENT = 880, -120
"""Above and below the base line, in units: the em box of Chinese type."""

SIMPLIFIED_FACE = 2
"""Noto Sans CJK's collection holds JP, KR, SC, TC, HK in this order; shapes differ between them."""

_MOST_CHARACTERS = 2_000
"""More than any box of a picture can hold: what is longer is cut before it costs time, with an ellipsis."""

_OPENING = "（《「『【〈“‘"
_CLOSING = "，。、；：？！）》」』】〉”’％…·"
_UNBREAKABLE = re.compile(rf"[{_OPENING}]*(?:[!-~]+|.)[{_CLOSING}]*")
"""What stays on one line: a word of ASCII or one character, with the punctuation that may not be parted from it."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Text made to fit: its font, the font's size in pixels, and its lines."""

    font: ImageFont.FreeTypeFont
    size: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The first line, which is all there is where one line was asked for; empty for an empty text."""
        return self.lines[0] if self.lines else ""


@cache
def font(weight: int, size: int) -> ImageFont.FreeTypeFont:
    """The Simplified Chinese face at a weight and a size in pixels, loaded once.

    The basic layout is asked for: the other one needs a library of the machine, and pictures would differ by it.
    """
    path = str(files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc")
    face = ImageFont.truetype(path, size, index=SIMPLIFIED_FACE, layout_engine=ImageFont.Layout.BASIC)
    face.set_variation_by_axes([weight])
    return face


def clean(text: str, most: int = _MOST_CHARACTERS) -> str:
    """``text`` in one line that any font can set, cut after ``most`` characters.

    Runs of white space and control characters become one space. Format characters (direction marks, joiners),
    variation selectors and marks that combine with nothing are dropped: the basic layout cannot honour them. A
    character the font lacks stays and is drawn as a crossed box, so a reader sees that something is there.
    """
    cut = text[: most + 1]
    composed = unicodedata.normalize("NFC", cut)
    kept = "".join(" " if unicodedata.category(c) == "Cc" else c for c in composed if not _unsettable(c))
    line = " ".join(kept.split())
    return line if len(text) <= most else line + ELLIPSIS


def _unsettable(character: str) -> bool:
    return unicodedata.category(character) in {"Cf", "Cs", "Mn", "Me"}


def length(text: str, weight: int, size: int) -> int:
    """How wide ``text`` is drawn, in pixels: the basic layout sets one glyph beside the other, without kerning."""
    return sum(_advance(character, weight, size) for character in text)


@lru_cache(maxsize=20_000)
def _advance(character: str, weight: int, size: int) -> int:
    return round(font(weight, size).getlength(character))


def wrap(text: str, *, weight: int, size: int, width: int) -> Iterator[str]:
    """Lines of cleaned ``text`` no wider than ``width`` pixels, one after the other as they are asked for."""
    line, used = "", 0
    for piece in _pieces(text, weight, size, width):
        if line and used + length(piece, weight, size) > width:
            yield line.rstrip()
            line, used = "", 0
        if line or piece != " ":
            line += piece
            used += length(piece, weight, size)
    if line:
        yield line.rstrip()


def _pieces(text: str, weight: int, size: int, width: int) -> Iterator[str]:
    for match in _UNBREAKABLE.finditer(text):
        piece = match.group()
        if length(piece, weight, size) <= width:
            yield piece
        else:
            yield from piece


def shorten(lines: Sequence[str], most: int, *, weight: int, size: int, width: int) -> tuple[str, ...]:
    """At most ``most`` of ``lines``; where some are left out the last one kept ends in an ellipsis."""
    if len(lines) <= most:
        return tuple(lines)
    last = lines[most - 1].rstrip(ELLIPSIS)
    while last and length(last + ELLIPSIS, weight, size) > width:
        last = last[:-1]
    return (*lines[: most - 1], last.rstrip() + ELLIPSIS)


def fit(text: str, *, weight: int, sizes: Sequence[int], width: int, most_lines: int = 1) -> Fitted:
    """Set ``text``, cleaned, in the first of ``sizes`` that holds it in ``most_lines``; the last one gets an ellipsis.

    ``sizes`` falls; ``width`` is in pixels.
    """
    line = clean(text)
    for size in sizes:
        lines = tuple(islice(wrap(line, weight=weight, size=size, width=width), most_lines + 1))
        if len(lines) <= most_lines:
            break
    return Fitted(font(weight, size), size, shorten(lines, most_lines, weight=weight, size=size, width=width))
