"""Small pictures of uploads."""

from io import BytesIO

import pytest
from PIL import Image

from media.files import inspect_file
from media.previews import NoPreviewError, preview_of
from tests.unit.media.papers import encoded, paper, with_photo


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    assert image.format == "JPEG"
    return image


def is_red(pixel: object) -> bool:
    return isinstance(pixel, tuple) and pixel[0] > 240 and max(pixel[1:]) < 20


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_reduced_in_its_proportion(kind: str) -> None:
    preview = opened(preview_of(encoded(Image.new("RGB", (1600, 1200), "red"), kind), f"image/{kind.lower()}"))
    assert preview.size == (480, 360)
    assert is_red(preview.getpixel((200, 200)))


def test_a_small_photo_stays_as_small_as_it_is_and_glass_shows_white() -> None:
    preview = opened(preview_of(encoded(Image.new("RGBA", (40, 30), (0, 0, 0, 0)), "PNG"), "image/png"))
    assert preview.size == (40, 30)
    assert preview.getpixel((20, 15)) == (255, 255, 255)


def test_a_paper_shows_its_first_page() -> None:
    document = inspect_file(paper(with_photo, pages=2), max_bytes=100_000, max_pixels=1, max_pages=2)
    preview = opened(preview_of(document.data, document.content_type, longest=200))
    assert max(preview.size) == 200
    assert is_red(preview.getpixel((70, 100)))


@pytest.mark.parametrize("size", [(14_400, 14_400), (14_400, 1), (1, 14_400), (1, 1)])
def test_a_page_of_any_size_makes_a_small_picture(size: tuple[int, int]) -> None:
    assert max(opened(preview_of(paper(size=size), "application/pdf", longest=100)).size) == 100


def test_what_cannot_be_drawn_is_said() -> None:
    for data, content_type in ((b"%PDF-1.7\n%%EOF", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg")):
        with pytest.raises(NoPreviewError) as failed:
            preview_of(data, content_type)
        assert failed.value.code == "no_preview"
