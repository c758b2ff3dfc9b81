"""A printable document as PDF: real text, in the characters of Unicode, to be selected, searched and read aloud.

The file names its title and its language, and describes its pictures; it has no times but the one it is given.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from media.paper_layout import (
    HAIRLINE,
    INK,
    LEFT,
    RIGHT,
    SHADE,
    Box,
    Document,
    Mark,
    Picture,
    Rule,
    Text,
    characters_of,
    laid_out,
)

if TYPE_CHECKING:
    from fpdf import FPDF


def render_document(document: Document) -> bytes:
    """The PDF of a document; the same document gives the same bytes with the same libraries.

    Draws on the calling thread. Raises ``QrTooLongError``, and ``ValueError`` for a text no symbol is made of.
    """
    from fpdf import FPDF  # with fontTools 25 MB and a quarter of a second, for what few processes ever draw
    from fpdf.prefs import ViewerPreferences

    from media.fonts import document_font

    pages = laid_out(document)
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
        for weight, characters in sorted(characters_of(pages).items()):
            path = Path(folder) / f"{weight}.ttf"
            path.write_bytes(document_font(weight, characters))
            pdf.add_font(str(weight), fname=path)
        for marks in pages:
            pdf.add_page()
            for mark in marks:
                _draw(pdf, mark)
        return bytes(pdf.output())


def _draw(pdf: "FPDF", mark: Mark) -> None:
    match mark:
        case Text():
            pdf.set_font(str(mark.type.weight), size=mark.type.size)
            pdf.set_text_color(*mark.type.colour)
            pdf.text(mark.x, mark.base, mark.text)
        case Box():
            pdf.set_draw_color(*HAIRLINE)
            pdf.set_fill_color(*SHADE)
            pdf.set_line_width(0.2)
            pdf.rect(mark.x, mark.top, mark.width, mark.height, "DF" if mark.shaded else "D")
        case Rule():
            pdf.set_draw_color(*INK)
            pdf.set_line_width(mark.thickness)
            pdf.line(LEFT, mark.y, RIGHT, mark.y)
        case Picture():
            pdf.image(mark.png, mark.x, mark.top, mark.width, mark.height, alt_text=mark.alternative)
