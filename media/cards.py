"""The picture of an e-licence: a card of ID-1 proportion that a citizen shows on a phone."""

import re
from dataclasses import dataclass
from io import BytesIO

from PIL import ImageDraw

from media.card_art import (
    BLACK,
    FOOTER_TOP,
    HEADER_BOTTOM,
    HEIGHT,
    SEAL_RADIUS,
    WHITE,
    WIDTH,
    Colour,
    background,
    dark_enough,
    mix,
    seal,
    watermark,
)
from media.card_rows import GREY, INK, lay_table
from media.typeset import BOLD, ELLIPSIS, MEDIUM, REGULAR, fit, font

_LEFT, _RIGHT = 56, WIDTH - 56
_ROWS_TOP = HEADER_BOTTOM + 28
_ISSUE_TOP = 430
_SEAL_CENTRE = (_RIGHT - SEAL_RADIUS + 8, 492)
_BLOCK_RIGHT = _SEAL_CENTRE[0] - SEAL_RADIUS - 36

_COMPRESSION = 3
"""Half the time of zlib's own choice, for a twentieth more bytes."""

_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


class CardColourError(ValueError):
    """A card's colour is not of the form ``#RRGGBB``."""

    code = "card_colour"


@dataclass(frozen=True, slots=True, repr=False)
class CardContent:
    """What stands on a card, as it is to be read. Any text may be empty, long or hostile.

    ``rows`` are labels with their values, from the top; ``issued_on`` and ``valid_until`` are dates as written out;
    ``color`` is ``#RRGGBB``; ``identifier`` is the e-licence identifier at the foot; ``watermark`` is repeated over
    the paper where it is not ``None``. Printing it shows nothing of it.
    """

    title: str
    number: str
    rows: tuple[tuple[str, str], ...]
    issuer: str
    issued_on: str
    valid_until: str
    color: str
    identifier: str
    watermark: str | None = None


def render_card(content: CardContent) -> bytes:
    """A PNG of 1012 x 638 pixels; the same content gives the same bytes with the same libraries.

    What does not fit is set smaller, then ends in an ellipsis; rows beyond the space are counted in a last line.
    Draws on the calling thread. Raises ``CardColourError``.
    """
    colour = dark_enough(_colour(content.color))
    card = background(colour).copy()
    if content.watermark:
        faint = watermark(content.watermark).point(lambda value: value * 0.1)
        card.paste(mix(colour, BLACK, 0.3), (0, HEADER_BOTTOM), faint)
    draw = ImageDraw.Draw(card)
    _draw_header(draw, content, colour)
    lay_table(
        content.rows, width=_RIGHT - _LEFT, height=_ISSUE_TOP - 30 - _ROWS_TOP, sizes=(30, 28, 26, 24, 22, 20, 18)
    ).draw(draw, _LEFT, _ROWS_TOP)
    _draw_issue(draw, content, colour)
    _draw_footer(draw, content.identifier)
    x, y = _SEAL_CENTRE
    mark = seal(content.issuer, "电子证照")
    card.paste(mark, (x - SEAL_RADIUS, y - SEAL_RADIUS), mark)
    out = BytesIO()
    card.save(out, "PNG", compress_level=_COMPRESSION)
    return out.getvalue()


def _colour(text: str) -> Colour:
    match = _COLOUR.fullmatch(text)
    if not match:
        raise CardColourError("a card's colour is written #RRGGBB")
    red, green, blue = (int(part, 16) for part in match.groups())
    return red, green, blue


def _draw_header(draw: ImageDraw.ImageDraw, content: CardContent, colour: Colour) -> None:
    """The title at the left; the number under its label at the right, in what the title leaves free."""
    number = fit(content.number, weight=MEDIUM, sizes=(28, 26, 24, 22, 20, 18), width=350)
    middle = HEADER_BOTTOM // 2
    free = _RIGHT - _LEFT
    if number.text:
        draw.text((_RIGHT, middle - 12), "证照编号", font=font(REGULAR, 18), fill=mix(colour, WHITE, 0.78), anchor="rs")
        draw.text((_RIGHT, middle + 25), number.text, font=number.font, fill=WHITE, anchor="rs")
        free -= round(number.font.getlength(number.text)) + 40
    title = fit(content.title, weight=BOLD, sizes=(46, 42, 38, 34, 30), width=free)
    if len(title.lines) != 1 or title.text.endswith(ELLIPSIS):
        title = fit(content.title, weight=BOLD, sizes=(32, 30, 28, 26, 24), width=free, most_lines=2)
    step = round(title.size * 1.3)
    top = middle - step * (len(title.lines) - 1) / 2
    for n, line in enumerate(title.lines):
        draw.text((_LEFT, top + n * step + title.size * 0.36), line, font=title.font, fill=WHITE, anchor="ls")


def _draw_issue(draw: ImageDraw.ImageDraw, content: CardContent, colour: Colour) -> None:
    """Who issued the card and for how long, beside the seal."""
    draw.line((_LEFT, _ISSUE_TOP - 14, _BLOCK_RIGHT, _ISSUE_TOP - 14), fill=mix(colour, WHITE, 0.72))
    facts = (("发证机关", content.issuer), ("发证日期", content.issued_on), ("有效期至", content.valid_until))
    height = FOOTER_TOP - _ISSUE_TOP - 18
    lay_table(facts, width=_BLOCK_RIGHT - _LEFT, height=height, sizes=(26, 24, 22, 20)).draw(draw, _LEFT, _ISSUE_TOP)


def _draw_footer(draw: ImageDraw.ImageDraw, identifier: str) -> None:
    base = (FOOTER_TOP + HEIGHT) // 2 + 7
    label = font(REGULAR, 17)
    draw.text((_LEFT, base), "电子证照标识", font=label, fill=GREY, anchor="ls")
    left = _LEFT + round(label.getlength("电子证照标识")) + 18
    value = fit(identifier, weight=REGULAR, sizes=(18, 17, 16, 15, 14), width=_RIGHT - left)
    draw.text((left, base), value.text, font=value.font, fill=INK, anchor="ls")
