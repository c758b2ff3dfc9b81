"""The pictures of an e-licence: the two sides of a card of ID-1 proportion that a citizen shows on a phone."""

import re
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw

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
    stamp,
    watermark,
)
from media.card_rows import GREY, INK, lay_table
from media.typeset import BOLD, ELLIPSIS, MEDIUM, REGULAR, clean, fit, font, shorten, wrap

_LEFT, _RIGHT = 56, WIDTH - 56
_ROWS_TOP = HEADER_BOTTOM + 28
_ISSUE_TOP = 430
_SEAL_CENTRE = (_RIGHT - SEAL_RADIUS + 8, 492)
_BLOCK_RIGHT = _SEAL_CENTRE[0] - SEAL_RADIUS - 36

_ROW_SIZES = (30, 28, 26, 24, 22, 20, 18)

_NOTES_TOP, _NOTE_SIZE, _NOTE_STEP = 462, 22, 30

_WATERMARK_SHARE = 0.2
"""How much of the paper a copy's watermark darkens: it lies over the letters and leaves them readable."""

_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


class CardColourError(ValueError):
    """A card's colour is not of the form ``#RRGGBB``."""

    code = "card_colour"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class CardFace:
    """What stands on either side of a card, as it is to be read. Any text may be empty, long or hostile.

    ``rows`` are labels with their values, from the top; ``color`` is ``#RRGGBB``; ``identifier`` is the e-licence
    identifier at the foot. ``stamp`` is the word across a card that is not valid, which takes the colour out of it;
    ``watermark`` says over all of a copy what it is for. Printing a face shows nothing of it.
    """

    title: str
    number: str
    rows: tuple[tuple[str, str], ...]
    color: str
    identifier: str
    stamp: str = ""
    watermark: str = ""


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class CardFront(CardFace):
    """The side with the seal: ``issued_on`` and ``valid_until`` are dates as written out."""

    issuer: str
    issued_on: str
    valid_until: str


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class CardBack(CardFace):
    """The other side: ``notes`` are paragraphs below the rows."""

    notes: tuple[str, ...]


def render_card(face: CardFront | CardBack) -> bytes:
    """A PNG of 1012 x 638 pixels in 256 colours; the same face gives the same bytes with the same libraries.

    Draws on the calling thread. Raises ``CardColourError``.
    """
    out = BytesIO()
    few = draw_card(face).quantize(method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(out, "PNG")
    return out.getvalue()


def draw_card(face: CardFront | CardBack) -> Image.Image:
    """The side as a picture of 1012 x 638 pixels in RGB.

    What does not fit is set smaller, then ends in an ellipsis; rows beyond the space are counted in a last line.
    Raises ``CardColourError``.
    """
    colour = dark_enough(_colour(face.color))
    card = background(colour).copy()
    draw = ImageDraw.Draw(card)
    _draw_header(draw, face, colour)
    if isinstance(face, CardFront):
        _draw_front(card, draw, face, colour)
    else:
        _draw_back(draw, face, colour)
    _draw_footer(draw, face.identifier)
    if face.stamp:
        card = Image.merge("RGB", [card.convert("L")] * 3)
        word = stamp(face.stamp)
        card.paste(word, ((WIDTH - word.width) // 2, (HEADER_BOTTOM + FOOTER_TOP - word.height) // 2), word)
    if face.watermark:
        card.paste(BLACK, (0, HEADER_BOTTOM), watermark(face.watermark).point(lambda value: value * _WATERMARK_SHARE))
    return card


def _draw_front(card: Image.Image, draw: ImageDraw.ImageDraw, face: CardFront, colour: Colour) -> None:
    lay_table(face.rows, width=_RIGHT - _LEFT, height=_ISSUE_TOP - 30 - _ROWS_TOP, sizes=_ROW_SIZES).draw(
        draw, _LEFT, _ROWS_TOP
    )
    _draw_issue(draw, face, colour)
    x, y = _SEAL_CENTRE
    mark = seal(face.issuer, "电子证照")
    card.paste(mark, (x - SEAL_RADIUS, y - SEAL_RADIUS), mark)


def _draw_back(draw: ImageDraw.ImageDraw, face: CardBack, colour: Colour) -> None:
    """The rows, and below a line the notes in the space that is left."""
    table = lay_table(face.rows, width=_RIGHT - _LEFT, height=_NOTES_TOP - 34 - _ROWS_TOP, sizes=_ROW_SIZES)
    table.draw(draw, _LEFT, _ROWS_TOP)
    draw.line((_LEFT, _NOTES_TOP - 14, _RIGHT, _NOTES_TOP - 14), fill=mix(colour, WHITE, 0.72))
    lines = [line for note in face.notes for line in _note_lines(note)]
    most = (FOOTER_TOP - 8 - _NOTES_TOP) // _NOTE_STEP
    kept = shorten(lines, most, weight=REGULAR, size=_NOTE_SIZE, width=_RIGHT - _LEFT)
    for n, line in enumerate(kept):
        base = _NOTES_TOP + _NOTE_SIZE + n * _NOTE_STEP
        draw.text((_LEFT, base), line, font=font(REGULAR, _NOTE_SIZE), fill=GREY, anchor="ls")


def _note_lines(note: str) -> list[str]:
    return list(wrap(clean(note), weight=REGULAR, size=_NOTE_SIZE, width=_RIGHT - _LEFT))


def _colour(text: str) -> Colour:
    match = _COLOUR.fullmatch(text)
    if not match:
        raise CardColourError("a card's colour is written #RRGGBB")
    red, green, blue = (int(part, 16) for part in match.groups())
    return red, green, blue


def _draw_header(draw: ImageDraw.ImageDraw, face: CardFace, colour: Colour) -> None:
    """The title at the left; the number under its label at the right, in what the title leaves free."""
    number = fit(face.number, weight=MEDIUM, sizes=(28, 26, 24, 22, 20, 18), width=350)
    middle = HEADER_BOTTOM // 2
    free = _RIGHT - _LEFT
    if number.text:
        draw.text((_RIGHT, middle - 12), "证照编号", font=font(REGULAR, 18), fill=mix(colour, WHITE, 0.78), anchor="rs")
        draw.text((_RIGHT, middle + 25), number.text, font=number.font, fill=WHITE, anchor="rs")
        free -= round(number.font.getlength(number.text)) + 40
    title = fit(face.title, weight=BOLD, sizes=(46, 42, 38, 34, 30), width=free)
    if len(title.lines) != 1 or title.text.endswith(ELLIPSIS):
        title = fit(face.title, weight=BOLD, sizes=(32, 30, 28, 26, 24), width=free, most_lines=2)
    step = round(title.size * 1.3)
    top = middle - step * (len(title.lines) - 1) / 2
    for n, line in enumerate(title.lines):
        draw.text((_LEFT, top + n * step + title.size * 0.36), line, font=title.font, fill=WHITE, anchor="ls")


def _draw_issue(draw: ImageDraw.ImageDraw, face: CardFront, colour: Colour) -> None:
    """Who issued the card and for how long, beside the seal."""
    draw.line((_LEFT, _ISSUE_TOP - 14, _BLOCK_RIGHT, _ISSUE_TOP - 14), fill=mix(colour, WHITE, 0.72))
    facts = (("发证机关", face.issuer), ("发证日期", face.issued_on), ("有效期至", face.valid_until))
    height = FOOTER_TOP - _ISSUE_TOP - 18
    lay_table(facts, width=_BLOCK_RIGHT - _LEFT, height=height, sizes=(26, 24, 22, 20)).draw(draw, _LEFT, _ISSUE_TOP)


def _draw_footer(draw: ImageDraw.ImageDraw, identifier: str) -> None:
    base = (FOOTER_TOP + HEIGHT) // 2 + 7
    label = font(REGULAR, 17)
    draw.text((_LEFT, base), "电子证照标识", font=label, fill=GREY, anchor="ls")
    left = _LEFT + round(label.getlength("电子证照标识")) + 18
    value = fit(identifier, weight=REGULAR, sizes=(18, 17, 16, 15, 14), width=_RIGHT - left)
    draw.text((left, base), value.text, font=value.font, fill=INK, anchor="ls")
