"""A printable document: an A4 PDF with a title, tables of labelled values, paragraphs and a QR symbol.

Text is real text, in the characters of Unicode, to be selected, searched and read aloud. The file names its title and
its language, and describes its picture; it has no times but the one it is given.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf import FPDF
from fpdf.prefs import ViewerPreferences

from media.fonts import ASCENT, DESCENT, UNITS_PER_EM, document_font
from media.qr import qr_png
from media.typeset import BOLD, MEDIUM, REGULAR, clean, length, wrap

Colour = tuple[int, int, int]

_INK: Colour = (28, 33, 41)
_GREY: Colour = (94, 102, 114)
_HAIRLINE: Colour = (176, 182, 190)
_SHADE: Colour = (245, 246, 248)

# Millimetres.
_WIDTH, _HEIGHT = 210.0, 297.0
_LEFT, _RIGHT = 24.0, 186.0
_TOP, _BOTTOM = 26.0, 268.0
_FOOT = 281.0
_LABELS = 38.0
_VALUES = _RIGHT - _LEFT - _LABELS
_PADDING = 3.2
_QR = 34.0
_POINT = 25.4 / 72

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
    is the moment that the file says it was made at.
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


@dataclass(frozen=True, slots=True)
class _Type:
    """A kind of type: its weight, its size in points, its colour."""

    weight: int
    size: float
    colour: Colour = _INK

    @property
    def em(self) -> float:
        """Its size in millimetres."""
        return self.size * _POINT

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


_TITLE = _Type(BOLD, 22)
_NUMBER = _Type(REGULAR, 10, _GREY)
_HEADING = _Type(BOLD, 12)
_LABEL = _Type(REGULAR, 11, _GREY)
_VALUE = _Type(MEDIUM, 11)
_BODY = _Type(REGULAR, 11)
_SIGNED = _Type(MEDIUM, 11.5)
_NOTE = _Type(REGULAR, 10, _GREY)
_SMALL = _Type(REGULAR, 8.5, _GREY)


@dataclass(frozen=True, slots=True)
class _Text:
    """A line of type; ``top`` is that of its line, not of its letters."""

    x: float
    top: float
    type: _Type
    text: str

    def draw(self, pdf: FPDF) -> None:
        pdf.set_font(str(self.type.weight), size=self.type.size)
        pdf.set_text_color(*self.type.colour)
        middle = self.top + self.type.line / 2
        pdf.text(self.x, middle + (ASCENT + DESCENT) / 2 / UNITS_PER_EM * self.type.em, self.text)


@dataclass(frozen=True, slots=True)
class _Frame:
    """A row of a table: its label's shaded box beside its value's."""

    top: float
    height: float

    def draw(self, pdf: FPDF) -> None:
        pdf.set_draw_color(*_HAIRLINE)
        pdf.set_fill_color(*_SHADE)
        pdf.set_line_width(0.2)
        pdf.rect(_LEFT, self.top, _LABELS, self.height, "DF")
        pdf.rect(_LEFT + _LABELS, self.top, _VALUES, self.height)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A line across the page."""

    y: float
    thickness: float

    def draw(self, pdf: FPDF) -> None:
        pdf.set_draw_color(*_INK)
        pdf.set_line_width(self.thickness)
        pdf.line(_LEFT, self.y, _RIGHT, self.y)


@dataclass(frozen=True, slots=True)
class _Symbol:
    """The QR symbol; the white paper around it is its quiet zone."""

    top: float
    text: str
    alternative: str

    def draw(self, pdf: FPDF) -> None:
        picture = qr_png(self.text, module_px=4, border=0)
        pdf.image(picture, _LEFT, self.top, _QR, _QR, alt_text=self.alternative)


_Mark = _Text | _Frame | _Rule | _Symbol


@dataclass
class _Layout:
    """Marks on pages, laid from above."""

    pages: list[list[_Mark]] = field(default_factory=lambda: [[]])
    y: float = _TOP

    def add(self, *marks: _Mark) -> None:
        self.pages[-1].extend(marks)

    def turn(self) -> None:
        self.pages.append([])
        self.y = _TOP

    def need(self, height: float) -> None:
        """Go to the next page where so much does not fit on this one any more."""
        if self.y + height > _BOTTOM:
            self.turn()

    def lines(self, type_: _Type, lines: Sequence[str], x_of: Callable[[str], float]) -> None:
        for line in lines:
            self.need(type_.line)
            self.add(_Text(x_of(line), self.y, type_, line))
            self.y += type_.line

    def head(self, document: Document) -> None:
        def centred(line: str) -> float:
            return (_WIDTH - _TITLE.width(line)) / 2

        def right(line: str) -> float:
            return _RIGHT - _NUMBER.width(line)

        self.lines(_TITLE, _TITLE.lines(document.title, _RIGHT - _LEFT), centred)
        self.y += 1.5
        self.add(_Rule(self.y, 0.6), _Rule(self.y + 1, 0.2))
        self.y += 2.5
        self.lines(_NUMBER, _NUMBER.lines(document.number, _RIGHT - _LEFT), right)
        self.y += 1.5

    def section(self, section: Section) -> None:
        if section.heading:
            self.y += 3
            self.need(_HEADING.line + _VALUE.line + 2 * _PADDING)
            self.lines(_HEADING, _HEADING.lines(section.heading, _RIGHT - _LEFT), lambda _: _LEFT)
            self.y += 1
        for label, value in section.rows:
            self.row(_LABEL.lines(label, _LABELS - 2 * _PADDING), _VALUE.lines(value, _VALUES - 2 * _PADDING))
        if section.paragraphs:
            self.y += 3
        for paragraph in section.paragraphs:
            self.lines(_BODY, _BODY.lines(paragraph, _RIGHT - _LEFT), lambda _: _LEFT)
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
            self.add(_Frame(self.y, here * step + around))
            for x, type_, lines in ((_LEFT, _LABEL, labels), (_LEFT + _LABELS, _VALUE, values)):
                for n, line in enumerate(lines[:here]):
                    self.add(_Text(x + _PADDING, self.y + around / 2 + n * step, type_, line))
            self.y += here * step + around
            labels, values = labels[here:], values[here:]

    def end(self, document: Document) -> None:
        """The symbol with its notes on the left, and on the right who issued the document, and when."""
        signed = list(chain.from_iterable(_SIGNED.lines(line, 90) for line in document.signed))
        notes = list(chain.from_iterable(_NOTE.lines(note, _RIGHT - _LEFT - _QR - 6) for note in document.qr_notes))
        self.need(8 + len(signed) * _SIGNED.line + 6 + max(_QR, len(notes) * _NOTE.line))
        self.y += 8
        self.lines(_SIGNED, signed, lambda line: _RIGHT - _SIGNED.width(line))
        self.y += 6
        self.add(_Symbol(self.y, document.qr, "".join(document.qr_notes)))
        top = self.y + max((_QR - len(notes) * _NOTE.line) / 2, 0)
        self.add(*(_Text(_LEFT + _QR + 6, top + n * _NOTE.line, _NOTE, note) for n, note in enumerate(notes)))

    def feet(self, footer: str) -> None:
        for number, page in enumerate(self.pages, 1):
            count = f"第 {number} 页，共 {len(self.pages)} 页"
            room = _RIGHT - _LEFT - _SMALL.width(count) - 6
            page.append(_Rule(_FOOT - 1.5, 0.2))
            page.append(_Text(_LEFT, _FOOT, _SMALL, _SMALL.lines(footer, room)[0]))
            page.append(_Text(_RIGHT - _SMALL.width(count), _FOOT, _SMALL, count))


def render_document(document: Document) -> bytes:
    """The PDF of a document; the same document gives the same bytes with the same libraries.

    Draws on the calling thread. Raises ``QrTooLongError``, and ``ValueError`` for a text no symbol is made of.
    """
    layout = _Layout()
    layout.head(document)
    for section in document.sections:
        layout.section(section)
    layout.end(document)
    layout.feet(document.footer)
    return _written(document, layout.pages)


def _written(document: Document, pages: list[list[_Mark]]) -> bytes:
    pdf = FPDF(unit="mm", format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_title(document.title)
    pdf.set_author(document.author)
    pdf.set_subject(document.number)
    pdf.set_creation_date(document.made_at)
    pdf.set_producer("jiaban")
    pdf.set_lang("zh-CN")
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    with TemporaryDirectory() as folder:
        for weight, characters in sorted(_characters(chain.from_iterable(pages)).items()):
            path = Path(folder) / f"{weight}.ttf"
            path.write_bytes(document_font(weight, characters))
            pdf.add_font(str(weight), fname=path)
        for marks in pages:
            pdf.add_page()
            for mark in marks:
                mark.draw(pdf)
        return bytes(pdf.output())


def _characters(marks: Iterator[_Mark]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for mark in marks:
        if isinstance(mark, _Text):
            found.setdefault(mark.type.weight, set()).update(mark.text)
    return found
