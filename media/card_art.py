"""What lies under and over a card's text: paper with fine lines, bands, the seal, the stamp, the watermark.

Drawn large, then reduced.
"""

import math
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw

from media.typeset import BOLD, ELLIPSIS, MEDIUM, clean, fit, font

WIDTH, HEIGHT = 1012, 638
"""Pixels of a card: 85.60 x 53.98 mm (ISO/IEC 7810, ID-1) at 300 dots an inch."""

HEADER_BOTTOM = 118
FOOTER_TOP = 588

SEAL_RADIUS = 84
_PRINTED_SEAL_RADIUS = 236

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
_SEAL_RED: Colour = (196, 30, 38)

_CONTRAST = 4.5
_LINEAR_UP_TO = 10
"""sRGB values up to 0.03928 of 255 follow a straight line (WCAG 2.2, relative luminance)."""

_FINE = 3
"""How much larger lines are drawn before they are reduced, which smooths them."""

_SEAL_MOST_CHARACTERS = 22

_STAMP_SLANT = 14
"""Degrees by which the stamp rises."""


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """``colour`` with ``share`` (0 to 1) of ``other`` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def dark_enough(colour: Colour) -> Colour:
    """``colour``, darkened until white text on it has a contrast of 4.5 to 1 (WCAG 2.2, criterion 1.4.3)."""
    while 1.05 / (_luminance(colour) + 0.05) < _CONTRAST:
        colour = mix(colour, BLACK, 0.06)
    return colour


def _luminance(colour: Colour) -> float:
    """Relative luminance, 0 to 1, as WCAG 2.2 defines it."""
    linear = [c / 255 / 12.92 if c <= _LINEAR_UP_TO else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@lru_cache(maxsize=8)
def background(colour: Colour) -> Image.Image:
    """Paper, fine lines, header and footer bands. Shared between callers: copy before drawing on it."""
    card = Image.new("RGB", (WIDTH, HEIGHT), mix(colour, WHITE, 0.965))
    card.paste(mix(colour, WHITE, 0.8), (0, 0), _fine_lines())
    band = Image.linear_gradient("L").rotate(90).resize((WIDTH, HEADER_BOTTOM))
    header = Image.composite(
        Image.new("RGB", band.size, mix(colour, BLACK, 0.25)), Image.new("RGB", band.size, colour), band
    )
    waves = _header_waves()
    header.paste(mix(colour, WHITE, 0.16), (0, 0), waves)
    card.paste(header, (0, 0))
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, HEADER_BOTTOM, WIDTH, HEADER_BOTTOM + 3), mix(colour, WHITE, 0.55))
    draw.rectangle((0, FOOTER_TOP, WIDTH, HEIGHT), mix(colour, WHITE, 0.9))
    draw.line((0, FOOTER_TOP, WIDTH, FOOTER_TOP), mix(colour, WHITE, 0.72))
    return card


@lru_cache(maxsize=1)
def _fine_lines() -> Image.Image:
    """A mask of the body's lines: two families of waves that cross, and a rosette at the right."""
    width, height = WIDTH * _FINE, HEIGHT * _FINE
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    for n in range(-4, 44):
        for turn, slant in ((0.0, 0.12), (math.pi, -0.12)):
            waves: list[tuple[float, float]] = [
                (x, n * 51 + 39 * math.sin(x / 177 + turn + n * 0.19) + slant * (x - width / 2))
                for x in range(0, width + 18, 18)
            ]
            draw.line(waves, fill=190, width=2)
    centre_x, centre_y, reach = width * 0.79, height * 0.42, height * 0.2
    for n in range(16):
        rosette = [
            (centre_x + radius * math.cos(angle), centre_y + radius * math.sin(angle))
            for angle in (step * math.tau / 540 for step in range(541))
            for radius in (reach * (0.68 + 0.32 * math.sin(8 * angle + n * math.tau / 16)),)
        ]
        draw.line(rosette, fill=140, width=2)
    return mask.resize((WIDTH, HEIGHT), Image.Resampling.BOX)


@lru_cache(maxsize=1)
def _header_waves() -> Image.Image:
    mask = Image.new("L", (WIDTH * _FINE, HEADER_BOTTOM * _FINE))
    draw = ImageDraw.Draw(mask)
    for n in range(14):
        points = [
            (x, 285 + n * 10.5 - 0.16 * x * (n + 4) / 17 + 33 * math.sin(x / 225 + n * 0.16))
            for x in range(0, WIDTH * _FINE + 18, 18)
        ]
        draw.line(points, fill=150, width=2)
    return mask.resize((WIDTH, HEADER_BOTTOM), Image.Resampling.BOX)


@lru_cache(maxsize=32)
def seal(issuer: str, caption: str, around: int = SEAL_RADIUS) -> Image.Image:
    """A round red mark, RGBA: the issuer's name along its upper arc, a star, and ``caption`` below.

    A name above 22 characters ends in an ellipsis. It is a likeness for the eye and proves nothing. Shared between
    callers: do not draw on it. ``around`` is its radius in pixels.
    """
    scale = _FINE
    radius = around * scale
    side = 2 * radius
    ink = Image.new("L", (side, side))
    draw = ImageDraw.Draw(ink)
    draw.ellipse((2, 2, side - 3, side - 3), outline=255, width=round(around * scale * 0.06))
    draw.polygon(_star(radius, radius * 0.27), fill=255)
    draw.text(
        (radius, radius * 1.6), clean(caption)[:6], font=font(MEDIUM, round(radius * 0.19)), fill=255, anchor="mm"
    )
    _write_on_arc(ink, clean(issuer).replace(" ", ""))
    small = ink.resize((2 * around, 2 * around), Image.Resampling.BOX)
    mark = Image.new("RGBA", small.size, (*_SEAL_RED, 0))
    mark.putalpha(small.point(lambda value: value * 0.86))
    return mark


def seal_png(issuer: str) -> bytes:
    """The mark of an e-licence's issuer as a PNG to print, 40 mm wide at 300 dots an inch."""
    out = BytesIO()
    seal(issuer, "电子证照", _PRINTED_SEAL_RADIUS).save(out, "PNG")
    return out.getvalue()


def _star(centre: float, radius: float) -> list[tuple[float, float]]:
    """Ten corners of a five-pointed star, one point up; the inner radius is the one that makes its edges straight."""
    inner = radius * math.sin(math.pi / 10) / math.sin(3 * math.pi / 10)
    corners = []
    for n in range(10):
        reach, angle = (radius, inner)[n % 2], n * math.pi / 5
        corners.append((centre + reach * math.sin(angle), centre - reach * math.cos(angle)))
    return corners


def _write_on_arc(ink: Image.Image, name: str) -> None:
    """Write ``name`` into the mask ``ink`` along a circle, heads outward, in the middle of the upper arc."""
    if len(name) > _SEAL_MOST_CHARACTERS:
        name = name[: _SEAL_MOST_CHARACTERS - 1] + ELLIPSIS
    centre = ink.width / 2
    step = min(30.0, 262 / max(len(name) - 1, 1))
    size = round(min(centre * 0.29, 0.74 * centre * math.radians(step)))
    reach = centre * 0.885 - size / 2
    for n, character in enumerate(name):
        angle = (n - (len(name) - 1) / 2) * step
        glyph = Image.new("L", (size * 2, size * 2))
        ImageDraw.Draw(glyph).text((size, size * 1.36), character, font=font(BOLD, size), fill=255, anchor="ms")
        turned = glyph.rotate(-angle, Image.Resampling.BICUBIC)
        left = round(centre + reach * math.sin(math.radians(angle)) - size)
        top = round(centre - reach * math.cos(math.radians(angle)) - size)
        area = (left, top, left + 2 * size, top + 2 * size)
        ink.paste(ImageChops.lighter(ink.crop(area), turned), area)


@lru_cache(maxsize=16)
def stamp(word: str) -> Image.Image:
    """A framed word in red on a rising line, RGBA, that fits the card's body. Shared: do not draw on it."""
    set_word = fit(word, weight=BOLD, sizes=(112, 92, 72, 52), width=560)
    width, height = round(set_word.font.getlength(set_word.text)) + 96, round(set_word.size * 1.6)
    ink = Image.new("L", (width * 2, height * 2))
    draw = ImageDraw.Draw(ink)
    draw.rounded_rectangle((4, 4, 2 * width - 5, 2 * height - 5), radius=36, outline=255, width=14)
    draw.text((width, height), set_word.text, font=font(BOLD, 2 * set_word.size), fill=255, anchor="mm")
    turned = ink.rotate(_STAMP_SLANT, Image.Resampling.BICUBIC, expand=True)
    small = turned.resize((turned.width // 2, turned.height // 2), Image.Resampling.BOX)
    mark = Image.new("RGBA", small.size, (*_SEAL_RED, 0))
    mark.putalpha(small.point(lambda value: value * 0.65))
    return mark


def stamp_png(word: str) -> tuple[bytes, float]:
    """The stamp as a PNG, and its height as a share of its width."""
    mark = stamp(word)
    out = BytesIO()
    mark.save(out, "PNG")
    return out.getvalue(), mark.height / mark.width


@lru_cache(maxsize=8)
def watermark(text: str) -> Image.Image:
    """A mask (L) of the size of the card's body that repeats ``text`` on rising diagonals. Do not draw on it."""
    across = math.ceil(math.hypot(WIDTH, HEIGHT))
    sheet = Image.new("L", (across, across))
    draw = ImageDraw.Draw(sheet)
    word = fit(text, weight=MEDIUM, sizes=(34, 28, 22), width=640)
    stride = round(word.font.getlength(word.text)) + 90
    for row, y in enumerate(range(40, across, 118)):
        for x in range(-(row % 2) * stride // 2, across, stride):
            draw.text((x, y), word.text, font=word.font, fill=255)
    turned = sheet.rotate(22, Image.Resampling.BICUBIC)
    left, top = (across - WIDTH) // 2, (across - (FOOTER_TOP - HEADER_BOTTOM)) // 2
    return turned.crop((left, top, left + WIDTH, top + FOOTER_TOP - HEADER_BOTTOM))
