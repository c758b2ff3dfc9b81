"""Documents as OFD, read by a library that shares nothing with the writer."""

from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import ofdkit
import pypdfium2
import pytest
import zxingcpp
from fontTools.ttLib import TTFont
from PIL import Image

from media.ofd import render_ofd
from media.paper_layout import Document, Section
from media.papers import render_document
from tests.unit.media.test_papers import DOCUMENT

SEALED = replace(DOCUMENT, sealed_by="佳木斯市市场监督管理局", stamp="已撤销")
LONG = replace(DOCUMENT, sections=(Section(rows=tuple((f"项目{n}", "值" * 60) for n in range(60))),))
SPACE = "{http://www.ofdspec.org/2016}"


def package(document: Document) -> dict[str, bytes]:
    """The parts of the document's OFD."""
    with ZipFile(BytesIO(render_ofd(document))) as files:
        return {name: files.read(name) for name in files.namelist()}


def squeezed(text: str) -> str:
    return "".join(text.split())


def pdf_pages(document: Document) -> list[str]:
    with pypdfium2.PdfDocument(render_document(document)) as pdf:
        return [squeezed(page.get_textpage().get_text_range()) for page in pdf]


@pytest.mark.parametrize("document", [DOCUMENT, SEALED, LONG], ids=["plain", "sealed", "long"])
def test_an_independent_reader_finds_the_pages_and_the_text_of_the_pdf(document: Document) -> None:
    with ofdkit.OFDDocument(render_ofd(document)) as read:
        assert [(page.width, page.height) for page in read.pages] == [(210, 297)] * len(pdf_pages(document))
        found = [sorted(squeezed(page.text())) for page in read.pages]
    assert found == [sorted(text) for text in pdf_pages(document)]


def test_text_stands_where_the_pdf_has_it() -> None:
    """To a tenth of a millimetre, by the left edge and the base line of the title."""
    with ofdkit.OFDDocument(render_ofd(DOCUMENT)) as read:
        run = next(run for run in read.pages[0].runs if run.text == DOCUMENT.title)
    with pypdfium2.PdfDocument(render_document(DOCUMENT)) as pdf:
        page = pdf[0].get_textpage()
        left, bottom, right, top = page.get_charbox(0, loose=True)
        height = pdf[0].get_height()
    assert run.x == pytest.approx(left * 25.4 / 72, abs=0.1)
    assert (height - top) * 25.4 / 72 < run.y < (height - bottom) * 25.4 / 72
    assert run.width == pytest.approx(len(DOCUMENT.title) * (right - left) * 25.4 / 72, rel=0.02)


def test_the_fonts_inside_hold_every_character() -> None:
    files = package(SEALED)
    covered = {
        chr(code)
        for name, content in files.items()
        if name.endswith(".ttf")
        for code in TTFont(BytesIO(content)).getBestCmap()
    }
    with ofdkit.OFDDocument(render_ofd(SEALED)) as read:
        assert set("".join(run.text for run in read.pages[0].runs)) <= covered


def test_the_symbol_inside_is_read_and_the_seal_and_the_stamp_are_there() -> None:
    pictures = [content for name, content in package(SEALED).items() if name.endswith(".png")]
    assert len(pictures) == 3
    white = [Image.open(BytesIO(picture)).convert("RGBA") for picture in pictures]
    codes = [
        code.text
        for picture in white
        for code in zxingcpp.read_barcodes(Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture))
    ]
    assert codes == [SEALED.qr]


def test_every_id_is_given_once_and_whatever_is_referred_to_is_there() -> None:
    files = package(SEALED)
    roots = {
        name: ET.fromstring(content.decode())  # noqa: S314  # our own
        for name, content in files.items()
        if name.endswith(".xml")
    }
    ids = [node.attrib["ID"] for root in roots.values() for node in root.iter() if "ID" in node.attrib]
    assert len(ids) == len(set(ids))
    assert int(roots["Doc_0/Document.xml"].findtext(f".//{SPACE}MaxUnitID", "0")) >= max(map(int, ids))
    referred = {
        node.attrib[name]
        for root in roots.values()
        for node in root.iter()
        for name in ("Font", "ResourceID")
        if name in node.attrib
    }
    assert referred <= set(ids)
    named = [
        f"Doc_0/Res/{node.text}"
        for root in roots.values()
        for tag in ("FontFile", "MediaFile")
        for node in root.iter(SPACE + tag)
    ]
    assert named
    assert set(named) <= set(files)
    with ofdkit.OFDDocument(render_ofd(SEALED)) as read:
        assert read.info.title == SEALED.title
        assert read.info.author == SEALED.author


def test_the_package_begins_with_what_leads_to_the_rest() -> None:
    assert next(iter(package(DOCUMENT))) == "OFD.xml"


def test_the_same_document_gives_the_same_bytes_and_another_one_another_id() -> None:
    assert render_ofd(SEALED) == render_ofd(replace(SEALED))
    ids = set()
    for document in (DOCUMENT, replace(DOCUMENT, footer="别的")):
        with ofdkit.OFDDocument(render_ofd(document)) as read:
            ids.add(read.info.doc_id)
    assert len(ids) == 2


@pytest.mark.parametrize("text", ["<a&b>\"'", "\x00\x1b\ud800", "\ufffe\uffff", "👨‍👩‍👧", "\u202e值", ""])
def test_hostile_text_leaves_a_document_that_is_read(text: str) -> None:
    hostile = replace(DOCUMENT, title=text or "证", number=text, sections=(Section(text, ((text, text),), (text,)),))
    with ofdkit.OFDDocument(render_ofd(hostile)) as read:
        assert read.pages[0].text()
