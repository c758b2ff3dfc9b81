"""Uploads of any type: told by content, kept clean, refused by one error with a known code."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Encryption
from PIL import Image

from media.files import FileRefusedError, InspectedFile, inspect_file
from tests.unit.media.papers import A4, encoded, paper, photo_with_position

MEGABYTE = 1_000_000


def inspect(content: bytes) -> InspectedFile:
    return inspect_file(content, max_bytes=MEGABYTE, max_pixels=MEGABYTE, max_pages=3)


def test_a_photo_and_a_paper_are_told_apart_by_content() -> None:
    photo = inspect(photo_with_position())
    assert (photo.content_type, photo.width, photo.height, photo.pages) == ("image/jpeg", 40, 30, 1)
    document = inspect(paper(pages=2))
    assert (document.content_type, document.width, document.height, document.pages) == ("application/pdf", *A4, 2)
    for file in (photo, document):
        assert (file.size, file.sha256) == (len(file.data), hashlib.sha256(file.data).hexdigest())


REFUSED = {
    "empty": b"",
    "too_large": bytes(MEGABYTE + 1),
    "unsupported_type": b"PK\x03\x04",
    "broken": paper()[:200],
    "too_many_pixels": encoded(Image.new("1", (1001, 1000)), "PNG"),
    "too_many_pages": paper(pages=4),
    "encrypted": paper(encryption=Encryption(user="secret", owner="secret")),
}


@pytest.mark.parametrize("code", REFUSED)
def test_each_refusal_has_its_code(code: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        inspect(REFUSED[code])
    assert refused.value.code == code


def test_of_a_photo_with_a_paper_behind_it_the_photo_alone_is_kept() -> None:
    photo = photo_with_position()
    both = inspect(photo + paper())
    assert both == inspect(photo)
    assert b"%PDF" not in both.data
    assert b"SecretPhone" not in both.data


@settings(max_examples=30)
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF1234WEBP", b"%PDF-"]), st.binary(max_size=200)
)
def test_any_bytes_are_refused_by_a_known_code(start: bytes, rest: bytes) -> None:
    with pytest.raises(FileRefusedError) as refused:
        inspect(start + rest)
    assert refused.value.code in REFUSED
