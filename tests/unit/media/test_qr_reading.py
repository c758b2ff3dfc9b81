"""A code is read from a photograph as a phone takes it."""

from io import BytesIO

import pytest
from PIL import Image, ImageFilter

from media.images import ImageRefusedError
from media.qr import qr_png
from media.qr_reading import read_qr

TEXT = "HTTPS://EXAMPLE.GOV.CN/V/" + "A7" * 120


def drawn(text: str, module_px: int) -> Image.Image:
    """A code whose modules are so many pixels wide."""
    code = Image.open(BytesIO(qr_png(text))).convert("L")
    side = code.width * module_px // 8
    return code.resize((side, side), Image.Resampling.NEAREST)


def photograph(degrees: float = 0, side: int = 4000, kind: str = "JPEG") -> bytes:
    """A code on a grey table, turned, a little out of focus."""
    code = drawn(TEXT, 12)
    table = Image.new("L", (side, side * 3 // 4), 150)
    turned = code.rotate(degrees, expand=True, fillcolor=150)
    table.paste(turned, ((table.width - turned.width) // 2, (table.height - turned.height) // 2))
    content = BytesIO()
    table.filter(ImageFilter.GaussianBlur(1.5)).save(content, kind, quality=75)
    return content.getvalue()


@pytest.mark.parametrize("degrees", [0, 7, 90, 180, 200])
def test_a_turned_code_is_read(degrees: float) -> None:
    """Whichever way the phone is held."""
    assert read_qr(photograph(degrees)) == TEXT


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_are_read(kind: str) -> None:
    """As some phones send them."""
    assert read_qr(photograph(side=1500, kind=kind)) == TEXT


def test_of_two_codes_the_larger_is_meant() -> None:
    """The other stands somewhere in the background."""
    two = Image.new("L", (1600, 1000), 255)
    two.paste(drawn("SMALL", 6), (1200, 40))
    two.paste(drawn(TEXT, 12), (20, 20))
    content = BytesIO()
    two.save(content, "PNG")
    assert read_qr(content.getvalue()) == TEXT


def test_a_photograph_without_a_code() -> None:
    """Is nothing wrong, and nothing to verify."""
    content = BytesIO()
    Image.effect_noise((800, 600), 80).save(content, "JPEG")
    assert read_qr(content.getvalue()) is None


def test_what_is_no_picture_or_too_large_is_refused() -> None:
    """Before it is decoded."""
    with pytest.raises(ImageRefusedError):
        read_qr(b"<svg/>")
    with pytest.raises(ImageRefusedError):
        read_qr(b"\xff\xd8\xff" + bytes(11 * 1024 * 1024))
