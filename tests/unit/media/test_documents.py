"""PDFs: honest ones come through clean, everything else is refused by a known code."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Encryption, Name, Pdf, String
from PIL import Image

from media import pdf_jobs
from media.documents import Document, DocumentRefusedError, inspect_document
from tests.unit.media.papers import (
    A4,
    encoded,
    opened,
    paper,
    photo_with_position,
    picture_of,
    unpacked,
    with_attachment,
    with_form,
    with_metadata,
    with_photo,
    with_script,
)

MEGABYTE = 1_000_000


def inspect(content: bytes, *, max_bytes: int = MEGABYTE, max_pages: int = 10) -> Document:
    return inspect_document(content, max_bytes=max_bytes, max_pages=max_pages)


def refusal(content: bytes, *, max_bytes: int = MEGABYTE, max_pages: int = 10) -> str:
    with pytest.raises(DocumentRefusedError) as refused:
        inspect(content, max_bytes=max_bytes, max_pages=max_pages)
    return refused.value.code


def text_of(content: bytes) -> list[str]:
    with pypdfium2.PdfDocument(content) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def drawn(content: bytes, page: int = 0) -> Image.Image:
    with pypdfium2.PdfDocument(content) as document:
        picture: Image.Image = document[page].render(scale=0.25).to_pil()
        return picture.convert("RGB")


def test_every_page_is_kept_with_what_it_says() -> None:
    document = inspect(paper(pages=3))
    assert (document.content_type, document.pages, document.width, document.height) == ("application/pdf", 3, *A4)
    assert text_of(document.data) == ["page 1", "page 2", "page 3"]
    assert "data=" not in repr(document)


def test_the_same_upload_gives_the_same_document_and_so_does_the_document_itself() -> None:
    content = paper(with_script, with_photo)
    document = inspect(content)
    assert inspect(content) == document
    assert inspect(document.data) == document


@pytest.mark.parametrize("change", [with_script, with_attachment, with_metadata, with_photo, with_form])
def test_nothing_that_acts_hides_or_tells_of_people_is_left(change: Callable[[Pdf], None]) -> None:
    content = paper(change)
    assert b"secret" in unpacked(content), "there is something to lose"
    data = inspect(content).data
    left = unpacked(data)
    assert b"secret" not in left
    for word in (b"JavaScript", b"/Launch", b"/URI", b"/AA", b"/EmbeddedFile", b"/Annots", b"/AcroForm", b"/Metadata"):
        assert word not in left
    with opened(data) as pdf:
        assert set(pdf.Root.keys()) == {"/Type", "/Pages"}
        assert "/Info" not in pdf.trailer


def test_a_photo_inside_loses_its_position_and_keeps_its_pixels() -> None:
    content = paper(with_photo)
    assert drawn(inspect(content).data).tobytes() == drawn(content).tobytes()
    with opened(inspect(content).data) as pdf:
        jpeg = pdf.pages[0].obj.Resources.XObject.I.read_raw_bytes()
    kept = Image.open(BytesIO(jpeg))
    assert "exif" not in kept.info
    assert "comment" not in kept.info
    assert kept.tobytes() == Image.open(BytesIO(photo_with_position())).tobytes()


def test_a_progressive_photo_inside_keeps_all_its_scans() -> None:
    noise = Image.effect_noise((200, 150), 80).convert("RGB")

    def change(pdf: Pdf) -> None:
        pdf.pages[0].obj.Resources.XObject = Dictionary(
            I=picture_of(pdf, encoded(noise, "JPEG", progressive=True, restart_marker_rows=2), noise.size)
        )
        pdf.pages[0].obj.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /I Do Q")

    content = paper(change)
    assert drawn(inspect(content).data).tobytes() == drawn(content).tobytes()


def test_what_was_filled_in_stays_to_be_seen() -> None:
    """The form goes, and its field's drawing becomes part of the page."""
    picture = drawn(inspect(paper(with_form)).data)
    assert picture.getpixel((37, 48)) == (0, 0, 0)
    assert picture.getpixel((10, 48)) == (255, 255, 255)


def test_a_form_whose_letters_only_its_program_can_draw_is_refused() -> None:
    def to_be_drawn(value: str) -> Callable[[Pdf], None]:
        def change(pdf: Pdf) -> None:
            with_form(pdf)
            pdf.Root.AcroForm.NeedAppearances = True
            pdf.Root.AcroForm.Fields = Array([pdf.make_indirect(Dictionary(T=String("group"), Kids=Array([])))])
            pdf.pages[0].obj.Annots[0].V = String(value)
            pdf.Root.AcroForm.Fields[0].Kids = Array([pdf.pages[0].obj.Annots[0]])

        return change

    def dynamic(pdf: Pdf) -> None:
        pdf.Root.NeedsRendering = True

    assert refusal(paper(to_be_drawn("王桂兰"))) == "unsupported_type"
    assert refusal(paper(dynamic)) == "unsupported_type"
    assert inspect(paper(to_be_drawn("2026-11-27"))).pages == 1


def test_pages_keep_what_they_inherit_and_layers_stay_hidden() -> None:
    def change(pdf: Pdf) -> None:
        page = pdf.pages[0].obj
        pdf.Root.Pages.MediaBox, pdf.Root.Pages.Resources, pdf.Root.Pages.Rotate = page.MediaBox, page.Resources, 90
        del page.MediaBox
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("draft")))
        page.Resources.Properties = Dictionary(L=layer)
        del page.Resources
        page.Contents = pdf.make_stream(b"/OC /L BDC 0 0 9999 9999 re f EMC BT /F 40 Tf 60 400 Td (page) Tj ET")
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer]), Order=Array([layer])))

    content = paper(change)
    document = inspect(content)
    assert text_of(document.data) == ["page"]
    assert (document.width, document.height) == (842, 595)
    assert drawn(document.data).getpixel((5, 5)) == (255, 255, 255)
    assert drawn(document.data).tobytes() == drawn(content).tobytes()


def test_no_bytes_too_many_bytes_and_too_many_pages_are_refused() -> None:
    content = paper(pages=3)
    assert refusal(b"") == "empty"
    assert refusal(content, max_bytes=len(content) - 1) == "too_large"
    assert inspect(content, max_bytes=len(content)).pages == 3
    assert refusal(content, max_pages=2) == "too_many_pages"
    assert inspect(content, max_pages=3).pages == 3


@pytest.mark.parametrize(
    "content",
    [b"this text is named paper.pdf", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", photo_with_position(), b"x%PDF-1.7\n%%EOF"],
    ids=["text", "word", "old word", "photo", "late header"],
)
def test_another_type_is_refused_whatever_its_name(content: bytes) -> None:
    assert refusal(content) == "unsupported_type"


def test_a_byte_order_mark_before_the_header_does_not_matter() -> None:
    assert inspect(b"\xef\xbb\xbf\r\n" + paper()).pages == 1


@pytest.mark.parametrize("owner", ["", "owner"])
@pytest.mark.parametrize("user", ["", "user"])
def test_an_encrypted_paper_is_refused_with_and_without_a_password(user: str, owner: str) -> None:
    assert refusal(paper(encryption=Encryption(user=user, owner=owner))) == "encrypted"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_paper_that_was_cut_off_is_refused(share: float) -> None:
    content = paper(with_photo, pages=5)
    assert refusal(content[: int(share * len(content))]) == "broken"


def test_a_paper_without_pages_or_with_a_page_nobody_can_show_is_refused() -> None:
    assert refusal(paper(pages=0)) == "broken"
    assert refusal(b"%PDF-1.7\n%%EOF\n") == "broken"
    for size in ((0, 842), (1e9, 1e9), (14_401, 10)):
        assert refusal(paper(size=size)) == "broken"
    assert inspect(paper(size=(14_400, 10))).width == 14_400


def bomb_of_content(pdf: Pdf) -> None:
    pdf.pages[0].obj.Contents = pdf.make_stream(bytes(300 * MEGABYTE))


def bomb_of_parts(pdf: Pdf) -> None:
    pdf.pages[0].obj.Contents = Array([pdf.make_stream(bytes(90 * MEGABYTE)) for _ in range(3)])


def bomb_of_pixels(pdf: Pdf) -> None:
    pdf.pages[0].obj.Resources.XObject = Dictionary(I=picture_of(pdf, b"x", (30_000, 30_000)))


@pytest.mark.parametrize("bomb", [bomb_of_content, bomb_of_parts, bomb_of_pixels])
def test_a_small_file_that_unpacks_to_a_large_one_is_refused(bomb: Callable[[Pdf], None]) -> None:
    assert refusal(paper(bomb)) == "too_large"


def with_marks(count: int) -> Callable[[Pdf], None]:
    """So many squares that every page names."""

    def change(pdf: Pdf) -> None:
        square: dict[str, Any] = {"Type": Name.Annot, "Subtype": Name.Square, "F": 4}
        each = (Dictionary(**square, Rect=Array([0, 0, 9, 9])) for _ in range(count))
        marks = pdf.make_indirect(Array([pdf.make_indirect(one) for one in each]))
        for page in pdf.pages:
            page.obj.Annots = marks

    return change


def with_objects(count: int) -> Callable[[Pdf], None]:
    """A page with so many things beside what it draws."""

    def change(pdf: Pdf) -> None:
        pdf.pages[0].obj.Resources.X = Array([pdf.make_indirect(Dictionary()) for _ in range(count)])

    return change


def test_a_paper_of_few_bytes_and_very_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any is drawn; marks that pages share count on each of them."""
    assert refusal(paper(with_marks(501), pages=10)) == "too_complex"
    assert inspect(paper(with_marks(100), pages=10)).pages == 10
    monkeypatch.setattr(pdf_jobs, "_OBJECTS", 1_000)
    crowded = paper(with_objects(1_001))
    assert pdf_jobs.clean(crowded, max_pages=1) == ({"refused": "too_complex"}, b"")
    monkeypatch.setattr(pdf_jobs, "_OBJECTS", 2_000)
    assert pdf_jobs.clean(crowded, max_pages=1)[0]["pages"] == 1


def test_a_form_of_few_fields_that_name_each_other_often_is_read() -> None:
    """Sixteen levels of ten: followed to the end of each way they are more than anybody can look at."""

    def change(pdf: Pdf) -> None:
        fields = Array([Dictionary(T=String("x"))])
        for _ in range(16):
            fields = Array([pdf.make_indirect(Dictionary(T=String("x"), Kids=fields))] * 10)
        pdf.Root.AcroForm = Dictionary(Fields=fields, NeedAppearances=True)

    assert inspect(paper(change)).pages == 1


POLYGLOTS = {
    "photo behind": paper() + photo_with_position() + bytes(2000),
    "photo before": photo_with_position() + paper(),
}


@pytest.mark.parametrize(("name", "code"), [("photo behind", "broken"), ("photo before", "unsupported_type")])
def test_what_is_two_types_at_once_is_no_paper(name: str, code: str) -> None:
    assert refusal(POLYGLOTS[name]) == code


@settings(max_examples=25)
@given(st.binary(max_size=300))
@example(b"1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj\ntrailer<</Root 1 0 R>>")
@example(b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Kids[2 0 R]/Count 9>>endobj\ntrailer<</Root 1 0 R>>")
def test_any_bytes_are_refused_by_a_known_code(content: bytes) -> None:
    assert refusal(b"%PDF-1.7\n" + content + b"\n%%EOF") in {"broken", "encrypted"}


@settings(max_examples=25)
@given(st.data())
def test_damage_anywhere_is_refused_or_leaves_a_document_that_opens(data: st.DataObject) -> None:
    whole = bytearray(paper(with_photo, with_script, pages=2))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        document = inspect(bytes(whole))
    except DocumentRefusedError:
        return
    with opened(document.data) as pdf:
        assert len(pdf.pages) == document.pages
        assert set(pdf.Root.keys()) <= {"/Type", "/Pages", "/OCProperties"}
