"""Marked copies: the mark is everywhere, shows on any ground, hides nothing, and stays."""

from collections.abc import Callable
from io import BytesIO

import pypdfium2
import pytest
from pikepdf import Array, Name, Pdf
from PIL import Image, ImageChops, ImageFilter

from media.documents import inspect_document
from media.files import inspect_file
from media.watermarks import NoWatermarkError, watermarked
from tests.unit.media.papers import encoded, paper, with_photo

TEXT = "仅供办理食品经营许可（新办）使用 2026年11月27日"
GROUNDS = {"white": 255, "light": 200, "middle": 128, "dark": 40, "black": 0}


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("L")


def page_of(data: bytes, number: int) -> Image.Image:
    with pypdfium2.PdfDocument(data) as document:
        picture: Image.Image = document[number].render(scale=1).to_pil()
        return picture.convert("L")


def difference(one: Image.Image, other: Image.Image) -> Image.Image:
    assert one.size == other.size
    return ImageChops.difference(one, other)


def marked_everywhere(change: Image.Image) -> bool:
    """Whether each of nine parts has letters in it: pixels that changed enough to be seen."""
    width, height = change.width // 3, change.height // 3
    parts = [
        change.crop((x * width, y * height, (x + 1) * width, (y + 1) * height)) for x in range(3) for y in range(3)
    ]
    return all(sum(part.point(lambda v: v > 15).histogram()[1:]) > 0.01 * width * height for part in parts)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("size", [(320, 240), (1600, 1200), (900, 2000)])
def test_a_photo_of_any_ground_is_marked_everywhere_and_stays_legible(ground: str, size: tuple[int, int]) -> None:
    photo = Image.new("RGB", size, (GROUNDS[ground],) * 3)
    data, content_type = watermarked(encoded(photo, "PNG"), "image/png", TEXT)
    assert content_type == "image/jpeg"
    assert Image.open(BytesIO(data)).format == "JPEG"
    change = difference(opened(data), photo.convert("L"))
    assert marked_everywhere(change)
    strong = change.filter(ImageFilter.MedianFilter(3)).histogram()[100:]
    assert sum(strong) == 0, "what lies under a letter still shows"


def test_another_purpose_gives_another_mark_and_the_same_one_the_same() -> None:
    photo = encoded(Image.new("RGB", (400, 300), "white"), "JPEG")
    assert watermarked(photo, "image/jpeg", TEXT) == watermarked(photo, "image/jpeg", TEXT)
    assert watermarked(photo, "image/jpeg", TEXT) != watermarked(photo, "image/jpeg", TEXT[:-3])


@pytest.mark.parametrize("text", ["", "用", "长" * 3000, "\u202e\0\n", "x" * 500])
@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (60, 60)])
def test_any_text_goes_on_any_size(text: str, size: tuple[int, int]) -> None:
    data, _ = watermarked(encoded(Image.new("RGBA", size), "PNG"), "image/png", text)
    assert opened(data).size == size


def turned(degrees: int) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        for page in pdf.pages:
            page.obj.Rotate, page.obj.CropBox = degrees, Array([20, 20, 500, 700])

    return change


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_every_page_of_a_paper_is_marked_upright_to_its_edges(degrees: int) -> None:
    """The mark of a turned page is that of a page that was made in the turned size."""
    content = paper(turned(degrees), pages=3)
    data, content_type = watermarked(content, "application/pdf", TEXT)
    assert content_type == "application/pdf"
    upright, _ = watermarked(paper(size=page_of(content, 0).size), "application/pdf", TEXT)
    bare = paper(size=page_of(content, 0).size)
    expected = difference(page_of(upright, 0), page_of(bare, 0)).point(lambda v: 255 * (v > 15))
    for number in range(3):
        change = difference(page_of(data, number), page_of(content, number))
        assert marked_everywhere(change)
        off = ImageChops.difference(change.point(lambda v: 255 * (v > 15)), expected)
        assert off.histogram()[255] < 0.3 * expected.histogram()[255]


LEFT_OPEN = {
    "states": b"q q q 0.2 0 0 0.2 30 30 cm 0 0 9 9 re W n",
    "too few": b"Q Q 0.2 0 0 0.2 30 30 cm 0 0 9 9 re W n",
    "text": b"BT /F 9 Tf 3 Tr",
    "a string": b"BT (",
    "a picture": b"BI /W 9 /H 9 ID ",
}


@pytest.mark.parametrize("content", LEFT_OPEN.values(), ids=LEFT_OPEN)
@pytest.mark.parametrize("halved", [False, True])
def test_what_a_page_leaves_open_moves_and_hides_no_mark(content: bytes, halved: bool) -> None:
    """The whole paper comes from a stranger, and where it is shown it must say what it is for."""

    def change(pdf: Pdf) -> None:
        stream = pdf.make_stream(content)
        pdf.pages[0].obj.Contents = Array([pdf.make_stream(b"q 1 w"), stream]) if halved else stream

    def bare(pdf: Pdf) -> None:
        pdf.pages[0].obj.Contents = pdf.make_stream(b"")

    marked, _ = watermarked(paper(change), "application/pdf", TEXT)
    expected, _ = watermarked(paper(bare), "application/pdf", TEXT)
    assert page_of(marked, 0).tobytes() == page_of(expected, 0).tobytes()


def test_pages_that_share_a_content_keep_what_each_draws_with_it() -> None:
    """One stream, and another letter face on each page."""

    def change(pdf: Pdf) -> None:
        pdf.pages[1].obj.Contents = pdf.pages[0].obj.Contents
        pdf.pages[1].obj.Resources.Font.F.BaseFont = Name.Courier

    content = paper(change, pages=2)
    data, _ = watermarked(content, "application/pdf", TEXT)
    assert page_of(content, 0).tobytes() != page_of(content, 1).tobytes()
    changes = [difference(page_of(data, number), page_of(content, number)) for number in range(2)]
    assert all(sum(change.histogram()[100:]) == 0 for change in changes)


def test_a_mark_stays_when_the_paper_is_written_anew() -> None:
    content = paper(with_photo, pages=2)
    data, _ = watermarked(content, "application/pdf", TEXT)
    anew = inspect_document(data, max_bytes=10_000_000, max_pages=2).data
    for number in range(2):
        assert page_of(anew, number).tobytes() == page_of(data, number).tobytes()
    with pypdfium2.PdfDocument(anew) as document:
        assert document[1].get_textpage().get_text_bounded() == "page 2"


def test_a_paper_of_many_sizes_is_marked_with_few_sheets() -> None:
    def change(pdf: Pdf) -> None:
        for number, page in enumerate(pdf.pages):
            page.obj.MediaBox = Array([0, 0, 595 + number, 842])

    content = paper(change, pages=12)
    data, _ = watermarked(content, "application/pdf", TEXT)
    assert len(data) < len(content) + 600_000
    assert all(marked_everywhere(difference(page_of(data, n), page_of(content, n))) for n in range(12))


def test_what_an_inspection_kept_can_be_marked() -> None:
    for content in (paper(with_photo), encoded(Image.new("RGBA", (64, 64)), "WEBP")):
        file = inspect_file(content, max_bytes=100_000, max_pixels=10_000, max_pages=1)
        assert watermarked(file.data, file.content_type, TEXT)[0] != file.data


@pytest.mark.parametrize(("data", "content_type"), [(b"%PDF-1.7", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg")])
def test_what_cannot_be_marked_is_said(data: bytes, content_type: str) -> None:
    with pytest.raises(NoWatermarkError) as failed:
        watermarked(data, content_type, TEXT)
    assert failed.value.code == "no_watermark"
