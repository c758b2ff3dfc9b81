"""QR symbols, read back by a decoder that shares nothing with the encoder."""

from io import BytesIO

import pytest
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from media.qr import QrTooLongError, qr_matrix, qr_png

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def picture(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    image.load()
    return image


def decoded(png: bytes) -> zxingcpp.Barcode:
    found = zxingcpp.read_barcodes(picture(png).convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    assert len(found) == 1
    return found[0]


def version_of(text: str) -> int:
    return (len(qr_matrix(text)) - 17) // 4


@settings(deadline=None, max_examples=50)
@given(st.text(ALPHANUMERIC, min_size=1, max_size=419))
@example("0")
@example("0" * 250)
def test_an_alphanumeric_text_comes_back_as_it_went(text: str) -> None:
    try:
        png = qr_png(text, module_px=3)
    except QrTooLongError:
        assert "0" * 36 in text, "only a text with a block of zeros takes more room than its mode"
        return
    assert decoded(png).bytes == text.encode()


@pytest.mark.parametrize(
    "text", ["佳木斯市·营业执照", "https://example.org/v?t=aB3_-x", "JB1:" + "7" * 40 + "佳办", "a\nb", "Ω€𠮷"]
)
def test_any_other_text_comes_back_as_utf_8(text: str) -> None:
    assert decoded(qr_png(text)).bytes.decode() == text


def test_the_symbol_is_a_qr_code_of_level_m() -> None:
    code = decoded(qr_png("JIABAN"))
    assert (code.format, code.ec_level) == (zxingcpp.BarcodeFormat.QRCode, "M")


def test_the_picture_is_one_bit_deep_and_of_whole_modules() -> None:
    png = qr_png("JIABAN", module_px=5, border=3)
    image = picture(png)
    assert image.format == "PNG"
    assert image.mode == "1"
    assert png[24] == 1, "the bit depth in IHDR"
    assert image.size == ((21 + 2 * 3) * 5, (21 + 2 * 3) * 5)


def test_every_module_is_drawn_where_the_matrix_has_it_inside_a_white_border() -> None:
    matrix = qr_matrix("JIABAN-2026")
    side, border, px = len(matrix), 4, 2
    image = picture(qr_png("JIABAN-2026", module_px=px, border=border))
    for y in range(image.height):
        for x in range(image.width):
            row, column = y // px - border, x // px - border
            dark = 0 <= row < side and 0 <= column < side and matrix[row][column]
            assert (image.getpixel((x, y)) == 0) is dark


def test_packed_modes_are_used_where_the_text_allows_them() -> None:
    """Capacities of ISO/IEC 18004, table 7: 12-M holds 691 digits, 419 alphanumerics, 287 bytes."""
    assert version_of("7" * 691) == 12
    assert version_of("A" * 419) == 12
    assert version_of("a" * 287) == 12
    assert version_of("A" * 20) == 1
    assert version_of("a" * 20) == 2


@pytest.mark.parametrize(
    "text",
    ["7" * 692, "A" * 420, "a" * 288, "佳" * 96, "𠮷" * 691, "A" * 1_000_000],
    ids=["digits", "alphanumerics", "bytes", "chinese", "above version 40", "a million"],
)
def test_a_text_above_version_12_is_refused(text: str) -> None:
    with pytest.raises(QrTooLongError) as refused:
        qr_png(text)
    assert refused.value.code == "qr_too_long"


@pytest.mark.parametrize("text", ["", "\0", "A\0B", "\ud800"])
def test_a_text_no_symbol_is_made_of_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"U\+0000|surrogates"):
        qr_png(text)


@pytest.mark.parametrize(("module_px", "border"), [(0, 4), (8, -1)])
def test_an_impossible_size_is_refused(module_px: int, border: int) -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        qr_png("JIABAN", module_px=module_px, border=border)


def test_the_same_text_gives_the_same_bytes() -> None:
    assert qr_png("JIABAN") == qr_png("JIABAN")
