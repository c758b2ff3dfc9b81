"""How a printable document is laid out: marks on pages of A4, in millimetres from the upper left corner.

``media.papers`` writes them as PDF, ``media.ofd`` as OFD.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from media.card_art import seal_png, stamp_png
from media.qr import qr_png
from media.typeset import ASCENT, BOLD, DESCENT, MEDIUM, REGULAR, UNITS_PER_EM, clean, length, wrap

Colour = tuple[int, int, int]

INK: Colour = (28, 33, 41)
_GREY: Colour = (94, 102, 114)
HAIRLINE: Colour = (176, 182, 190)
SHADE: Colour = (245, 246, 248)

# Millimetres.
WIDTH, HEIGHT = 210.0, 297.0
LEFT, RIGHT = 24.0, 186.0
_TOP, _BOTTOM = 26.0, 268.0
_FOOT = 281.0
_LABELS = 38.0
_VALUES = RIGHT - LEFT - _LABELS
_PADDING = 3.2
_QR = 34.0
_SEAL, _STAMP = 40.0, 110.0
POINT = 25.4 / 72

_SEAL_SAYS = "印章"

_LEADING = 1.6
"""Line spacing, in sizes of the type."""

_WORTH_SPLITTING = 3
"""Lines that must fit on a page before a row that is too high begins there."""


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    """A table of labels and values under a heading, and paragraphs below it; any of them may be empty."""

    heading: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    paragraphs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """What stands in a document, as it is to be read. Any text may be long or hostile.

    ``number`` stands under the title; ``signed`` are the lines at the end, on the right: who issued it, and the day.
    ``qr`` is the text of the symbol, ``qr_notes`` what is said beside it; ``footer`` stands on each page. ``made_at``
    is the moment that the file says it was made at. ``sealed_by`` is whose round seal lies over the lines at the end;
    empty for a document without one. ``stamp`` is a word across each page; empty for none.
    """

    title: str
    number: str
    sections: tuple[Section, ...]
    signed: tuple[str, ...]
    qr: str
    qr_notes: tuple[str, ...]
    footer: str
    author: str
    made_at: datetime
    sealed_by: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Type:
    """A kind of type: its weight, its size in points, its colour."""

    weight: int
    size: float
    colour: Colour = INK

    @property
    def em(self) -> float:
        """Its size in millimetres."""
        return self.size * POINT

    @property
    def line(self) -> float:
        """From one base line to the next, in millimetres."""
        return self.em * _LEADING

    def lines(self, text: str, width: float) -> list[str]:
        """Text in lines no wider than so many millimetres; at least one, which may be empty."""
        units = int(width / self.em * UNITS_PER_EM)
        return list(wrap(clean(text, len(text)), weight=self.weight, size=UNITS_PER_EM, width=units)) or [""]

    def width(self, text: str) -> float:
        """How wide a line is, in millimetres."""
        return length(text, self.weight, UNITS_PER_EM) * self.em / UNITS_PER_EM


_TITLE = Type(BOLD, 22)
_NUMBER = Type(REGULAR, 10, _GREY)
_HEADING = Type(BOLD, 12)
_LABEL = Type(REGULAR, 11, _GREY)
_VALUE = Type(MEDIUM, 11)
_BODY = Type(REGULAR, 11)
_SIGNED = Type(MEDIUM, 11.5)
_NOTE = Type(REGULAR, 10, _GREY)
_SMALL = Type(REGULAR, 8.5, _GREY)


@dataclass(frozen=True, slots=True)
class Text:
    """A line of type; ``top`` is that of its line, not of its letters."""

    x: float
    top: float
    type: Type
    text: str

    @property
    def base(self) -> float:
        """Where its base line lies."""
        return self.top + self.type.line / 2 + (ASCENT + DESCENT) / 2 / UNITS_PER_EM * self.type.em


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with a hairline around it, shaded or clear."""

    x: float
    top: float
    width: float
    height: float
    shaded: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""

    y: float
    thickness: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, a PNG; ``alternative`` says what it shows to who cannot see it."""

    x: float
    top: float
    width: float
    height: float
    png: bytes
    alternative: str


Mark = Text | Box | Rule | Picture


@dataclass
class _Layout:
    """Marks on pages, laid from above."""

    pages: list[list[Mark]] = field(default_factory=lambda: [[]])
    y: float = _TOP

    def add(self, *marks: Mark) -> None:
        self.pages[-1].extend(marks)

    def turn(self) -> None:
        self.pages.append([])
        self.y = _TOP

    def need(self, height: float) -> None:
        """Go to the next page where so much does not fit on this one any more."""
        if self.y + height > _BOTTOM:
            self.turn()

    def lines(self, type_: Type, lines: Sequence[str], x_of: Callable[[str], float]) -> None:
        for line in lines:
            self.need(type_.line)
            self.add(Text(x_of(line), self.y, type_, line))
            self.y += type_.line

    def head(self, document: Document) -> None:
        def centred(line: str) -> float:
            return (WIDTH - _TITLE.width(line)) / 2

        def right(line: str) -> float:
            return RIGHT - _NUMBER.width(line)

        self.lines(_TITLE, _TITLE.lines(document.title, RIGHT - LEFT), centred)
        self.y += 1.5
        self.add(Rule(self.y, 0.6), Rule(self.y + 1, 0.2))
        self.y += 2.5
        self.lines(_NUMBER, _NUMBER.lines(document.number, RIGHT - LEFT), right)
        self.y += 1.5

    def section(self, section: Section) -> None:
        if section.heading:
            self.y += 3
            self.need(_HEADING.line + _VALUE.line + 2 * _PADDING)
            self.lines(_HEADING, _HEADING.lines(section.heading, RIGHT - LEFT), lambda _: LEFT)
            self.y += 1
        for label, value in section.rows:
            self.row(_LABEL.lines(label, _LABELS - 2 * _PADDING), _VALUE.lines(value, _VALUES - 2 * _PADDING))
        if section.paragraphs:
            self.y += 3
        for paragraph in section.paragraphs:
            self.lines(_BODY, _BODY.lines(paragraph, RIGHT - LEFT), lambda _: LEFT)
            self.y += 1.2

    def row(self, labels: list[str], values: list[str]) -> None:
        """A row; one that is too high for its page goes on on the next."""
        step, around = _VALUE.line, _PADDING
        while labels or values:
            self.need(step + around)
            room = int((_BOTTOM - self.y - around + 1e-6) / step)
            if max(len(labels), len(values)) > room and self.y > _TOP and room < _WORTH_SPLITTING:
                self.turn()
                continue
            here = min(max(len(labels), len(values)), room)
            self.add(Box(LEFT, self.y, _LABELS, here * step + around, shaded=True))
            self.add(Box(LEFT + _LABELS, self.y, _VALUES, here * step + around, shaded=False))
            for x, type_, lines in ((LEFT, _LABEL, labels), (LEFT + _LABELS, _VALUE, values)):
                for n, line in enumerate(lines[:here]):
                    self.add(Text(x + _PADDING, self.y + around / 2 + n * step, type_, line))
            self.y += here * step + around
            labels, values = labels[here:], values[here:]

    def end(self, document: Document) -> None:
        """The symbol with its notes on the left, and on the right who issued the document, and when."""
        signed = list(chain.from_iterable(_SIGNED.lines(line, 90) for line in document.signed))
        notes = list(chain.from_iterable(_NOTE.lines(note, RIGHT - LEFT - _QR - 6) for note in document.qr_notes))
        block = len(signed) * _SIGNED.line
        # A seal lies over the middle of these lines and needs room above and below them.
        around = max((_SEAL - block) / 2, 0) if document.sealed_by else 0
        self.need(8 + around + block + max(around, 6) + max(_QR, len(notes) * _NOTE.line))
        self.y += 8 + around
        middle = self.y + block / 2
        self.lines(_SIGNED, signed, lambda line: RIGHT - _SIGNED.width(line))
        if document.sealed_by:
            self.add(Picture(RIGHT - _SEAL, middle - _SEAL / 2, _SEAL, _SEAL, seal_png(document.sealed_by), _SEAL_SAYS))
        self.y += max(around, 6)
        symbol = qr_png(document.qr, border=0)
        self.add(Picture(LEFT, self.y, _QR, _QR, symbol, "".join(document.qr_notes)))
        top = self.y + max((_QR - len(notes) * _NOTE.line) / 2, 0)
        self.add(*(Text(LEFT + _QR + 6, top + n * _NOTE.line, _NOTE, note) for n, note in enumerate(notes)))

    def feet(self, footer: str) -> None:
        for number, page in enumerate(self.pages, 1):
            count = f"第 {number} 页，共 {len(self.pages)} 页"
            room = RIGHT - LEFT - _SMALL.width(count) - 6
            page.append(Rule(_FOOT - 1.5, 0.2))
            page.append(Text(LEFT, _FOOT, _SMALL, _SMALL.lines(footer, room)[0]))
            page.append(Text(RIGHT - _SMALL.width(count), _FOOT, _SMALL, count))

    def across(self, word: str) -> None:
        """A word over the middle of each page."""
        png, shape = stamp_png(word)
        height = _STAMP * shape
        for page in self.pages:
            page.append(Picture((WIDTH - _STAMP) / 2, (HEIGHT - height) / 2, _STAMP, height, png, word))


def laid_out(document: Document) -> list[list[Mark]]:
    """The marks of each page. Raises ``QrTooLongError``, and ``ValueError`` for a text no symbol is made of."""
    layout = _Layout()
    layout.head(document)
    for section in document.sections:
        layout.section(section)
    layout.end(document)
    layout.feet(document.footer)
    if document.stamp:
        layout.across(document.stamp)
    return layout.pages


def characters_of(pages: list[list[Mark]]) -> dict[int, set[str]]:
    """The characters set in each weight."""
    found: dict[int, set[str]] = {}
    for mark in chain.from_iterable(pages):
        if isinstance(mark, Text):
            found.setdefault(mark.type.weight, set()).update(mark.text)
    return found
