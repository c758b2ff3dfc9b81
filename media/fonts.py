"""Fonts for PDF documents: a small TrueType font of the characters that a document has, from Noto Sans CJK.

The face comes as one variable font with outlines in CFF2, which PDF cannot hold (ISO 32000-1, 9.9, knows CFF and
TrueType). Each glyph is drawn at its weight, its cubic curves become quadratic ones, and is kept: opening the face
takes a process half a second once, a glyph some milliseconds at its first use.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from threading import Lock
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph

from media.typeset import ASCENT, DESCENT, SIMPLIFIED_FACE, UNITS_PER_EM

_LARGEST_ERROR = 1.0
"""How far a quadratic curve may lie from the cubic one it stands for, in units."""

_MISSING, _CROSSED = ".notdef", "crossed"
"""The crossed box under its own name, and under one for characters that the face lacks: what stands first in a font,
fpdf2 tells of in a warning."""

_NO_TIME = 2_082_844_800
"""The first of January 1970 in a font's seconds, which run from 1904."""

_drawing = Lock()


@cache
def _face() -> TTFont:
    return TTFont(str(files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"), fontNumber=SIMPLIFIED_FACE, lazy=True)


@cache
def _names() -> dict[int, str]:
    names: dict[int, str] = _face().getBestCmap()
    return names


@cache
def _glyphs(weight: int) -> Any:
    return _face().getGlyphSet(location={"wght": weight})


@lru_cache(maxsize=20_000)
def _glyph(name: str, weight: int) -> tuple[Glyph, int]:
    """The outline of a glyph and its width."""
    pen = TTGlyphPen(None)
    glyph = _glyphs(weight)[name]
    glyph.draw(Cu2QuPen(pen, _LARGEST_ERROR, reverse_direction=True))
    return pen.glyph(), round(glyph.width)


def document_font(weight: int, characters: Iterable[str]) -> bytes:
    """A TrueType font of these characters at a weight from 100 to 900; the same ones give the same bytes.

    A character that the face lacks is drawn as a crossed box. The font's tables name no time.
    """
    with _drawing:  # fontTools reads a lazy font as it goes, which two threads must not do at once
        names = {ord(c): _names().get(ord(c), _CROSSED) for c in sorted(set(characters))}
        # Two characters may share a glyph, as compatibility ideographs do; it stands once.
        order = list(dict.fromkeys([_MISSING, *names.values()]))
        drawn = {name: _glyph(_MISSING if name == _CROSSED else name, weight) for name in order}
    builder = FontBuilder(UNITS_PER_EM, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    builder.setupGlyf({name: glyph for name, (glyph, _) in drawn.items()})
    builder.setupHorizontalMetrics({name: (width, _left(glyph)) for name, (glyph, width) in drawn.items()})
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": "Noto Sans CJK SC", "styleName": str(weight)}, mac=False)
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT, usWeightClass=weight)
    builder.setupPost()
    head = builder.font["head"]
    head.created = head.modified = _NO_TIME
    builder.font.recalcTimestamp = False
    out = BytesIO()
    builder.save(out)
    return out.getvalue()


def _left(glyph: Glyph) -> int:
    return int(getattr(glyph, "xMin", 0))
