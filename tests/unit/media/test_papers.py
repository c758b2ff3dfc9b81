"""Documents as a reader gets them: pypdfium2, which shares no code with what writes them, reads text and page."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from fontTools.ttLib import TTFont
from PIL import Image

from media.fonts import document_font
from media.paper_layout import Document, Section
from media.papers import render_document
from media.qr import QrTooLongError

TOKEN = "HTTPS://JIABAN.JIAMUSI.GOV.CN/R/" + "ABCD2345" * 42
LAW = "本回执依据《中华人民共和国行政许可法》第三十二条出具。"
ROWS = (("申请人", "李桂兰"), ("申请事项", "食品经营许可（新办）"), ("提交时间", "2026年11月23日 10:15"))
DOCUMENT = Document(
    title="申请回执",
    number="编号：11230800JB0000017Q3000131001001202611230001",
    sections=(Section(rows=ROWS), Section("收到的材料", (("经营场所照片", "1 份"),), (LAW,))),
    signed=("佳木斯市市场监督管理局", "2026年11月23日"),
    qr=TOKEN,
    qr_notes=("微信扫一扫，核对真伪。",),
    footer="佳办",
    author="佳木斯市",
    made_at=datetime(2026, 11, 23, 2, 15, tzinfo=UTC),
)


@contextmanager
def opened(content: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """The document as an independent reader sees it."""
    pdf = pypdfium2.PdfDocument(content)
    try:
        yield pdf
    finally:
        pdf.close()


def text_of(content: bytes) -> str:
    """All text, without white space, page by page."""
    with opened(content) as pdf:
        return "".join("".join(page.get_textpage().get_text_range().split()) for page in pdf)


def picture_of(content: bytes, page: int = 0, dots: int = 150) -> Image.Image:
    """A page as it is printed at so many dots an inch."""
    with opened(content) as pdf:
        picture: Image.Image = pdf[page].render(scale=dots / 72).to_pil()
    return picture


def test_text_is_real_text_in_reading_order() -> None:
    """Every word comes out as it went in, in the order in which it is read."""
    text = text_of(render_document(DOCUMENT))
    said = [DOCUMENT.title, DOCUMENT.number, *sum(ROWS, ()), "收到的材料", "经营场所照片", "1份", LAW, *DOCUMENT.signed]
    at = 0
    for part in ("".join(part.split()) for part in said):
        at = text.find(part, at)
        assert at >= 0, part
        at += len(part)


def test_a_phone_reads_the_printed_symbol() -> None:
    """At the sharpness of an ordinary printer."""
    (found,) = zxingcpp.read_barcodes(picture_of(render_document(DOCUMENT)))
    assert found.text == TOKEN


def test_the_same_document_gives_the_same_bytes() -> None:
    """And another one others."""
    first = render_document(DOCUMENT)
    assert render_document(DOCUMENT) == first
    assert render_document(replace(DOCUMENT, footer="他办")) != first


def test_the_file_says_what_it_is_and_in_which_language() -> None:
    """Title, language and a description of the symbol, for whoever hears it."""
    with pikepdf.open(io.BytesIO(render_document(DOCUMENT))) as pdf:
        assert str(pdf.docinfo.Title) == "申请回执"
        assert str(pdf.Root.Lang) == "zh-CN"
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle) is True
        elements = pdf.Root.StructTreeRoot.K[0].K
        assert [str(element.Alt) for element in elements] == ["微信扫一扫，核对真伪。"]
        assert str(pdf.docinfo.CreationDate).startswith("D:20261123021500")


def test_long_documents_go_on_on_further_pages() -> None:
    """Rows, a row higher than a page, and paragraphs: nothing is lost, nothing leaves the paper, pages are counted."""
    many = tuple((f"材料{n}", f"第{n}份") for n in range(60))
    high = "".join(f"【{n}】" for n in range(600))
    content = render_document(
        replace(DOCUMENT, sections=(Section("清单", many), Section("说明", (("理由", high),), (LAW * 20,) * 4)))
    )
    text = text_of(content)
    assert all(f"第{n}份" in text for n in range(60))
    assert all(f"【{n}】" in text for n in range(600))
    with opened(content) as pdf:
        pages = len(pdf)
        bounds = [page.get_textpage().get_charbox(n) for page in pdf for n in range(page.get_textpage().count_chars())]
    assert pages > 3
    assert f"第{pages}页，共{pages}页" in text
    assert all(left > 0 and right < 596 and bottom > 30 and top < 842 for left, bottom, right, top in bounds)


def test_hostile_text_is_set_and_nothing_of_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Control characters, direction marks, a rare character of a name, one that no font has, an empty value."""
    rows = (("申请人", "𬭎\u202e李\x00兰"), ("空", ""), ("无字", "\U000e1234甲"))
    with caplog.at_level(logging.WARNING):
        text = text_of(render_document(replace(DOCUMENT, sections=(Section(rows=rows),))))
    assert "𬭎李兰" in text
    assert "甲" in text
    assert not caplog.records


def test_a_text_too_long_for_a_symbol_is_refused() -> None:
    """Rather than drawn so fine that no phone reads it."""
    with pytest.raises(QrTooLongError):
        render_document(replace(DOCUMENT, qr="A" * 600))


def test_a_font_holds_its_characters_at_its_weight_and_no_more() -> None:
    """The outlines differ by weight; the font is small, and the same whatever the order of its characters."""
    regular, bold = document_font(400, "佳办A"), document_font(700, "佳办A")
    read, heavy = TTFont(io.BytesIO(regular)), TTFont(io.BytesIO(bold))
    assert set(read.getBestCmap()) == {ord(c) for c in "佳办A"}
    assert read["OS/2"].usWeightClass == 400
    outlines = [font["glyf"][font.getBestCmap()[ord("佳")]].getCoordinates(None)[0] for font in (read, heavy)]
    assert list(outlines[0]) != list(outlines[1])
    assert document_font(400, "A办佳佳") == regular
    assert len(regular) < 4_000


def reds(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    """How many pixels of a box are red."""
    pixels = zip(*[iter(picture.convert("RGB").crop(box).tobytes())] * 3, strict=True)
    return sum(red > 150 and green < 140 and blue < 140 for red, green, blue in pixels)


def test_a_seal_lies_at_the_right_over_who_issued_the_document_and_the_symbol_is_still_read() -> None:
    plain, sealed = (picture_of(render_document(replace(DOCUMENT, sealed_by=name))) for name in ("", "佳木斯市民政局"))
    whole = (0, 0, *plain.size)
    assert reds(plain, whole) == 0
    assert reds(sealed, whole) == reds(sealed, (plain.width // 2, 0, *plain.size)) > 5_000
    (found,) = zxingcpp.read_barcodes(sealed)
    assert found.text == TOKEN


def test_a_seal_takes_the_room_it_needs_at_the_foot_of_a_page() -> None:
    """However far down it comes to lie, it is whole, and on the page of the lines it lies over."""
    seen = set()
    for rows in range(16, 24):
        section = Section(rows=tuple((f"项目{n}", "值") for n in range(rows)))
        content = render_document(replace(DOCUMENT, sections=(section,), sealed_by="佳木斯市民政局"))
        with opened(content) as pdf:
            last = len(pdf) - 1
            assert DOCUMENT.signed[0] in "".join(pdf[last].get_textpage().get_text_range().split())
        picture = picture_of(content, last, dots=72)
        seen.add(reds(picture, (0, 0, picture.width, round(picture.height * 275 / 297))))
        assert reds(picture, (0, round(picture.height * 275 / 297), *picture.size)) == 0
    assert max(seen) - min(seen) < 0.1 * max(seen)


def test_a_stamp_crosses_every_page() -> None:
    section = Section(rows=tuple((f"项目{n}", "值") for n in range(60)))
    content = render_document(replace(DOCUMENT, sections=(section,), stamp="已撤销"))
    with opened(content) as pdf:
        pages = len(pdf)
    assert pages > 1
    for number in range(pages):
        picture = picture_of(content, number, dots=72)
        middle = (picture.width // 4, picture.height // 3, picture.width * 3 // 4, picture.height * 2 // 3)
        assert reds(picture, middle) > 3_000
