"""QR symbols, read back by decoders that share nothing with each other, and drawn as another encoder draws them."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from random import Random

import deqr
import pytest
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from qrcode import constants
from qrcode.main import QRCode

from media.qr import QrTooLongError, qr_matrix, qr_png, qr_svg

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def picture(png: bytes) -> Image.Image:
    image = Image.open(BytesIO(png))
    image.load()
    return image


def decoded(png: bytes) -> zxingcpp.Barcode:
    found = zxingcpp.read_barcodes(picture(png).convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    assert len(found) == 1
    return found[0]


def code_of(characters: int) -> str:
    """A text such as presentation codes are."""
    shuffled = Random(characters)
    return ("HTTPS://WX.JMS.GOV.CN/V/" + "".join(shuffled.choices(ALPHANUMERIC[2:36], k=characters)))[:characters]


def version_of(text: str) -> int:
    return (len(qr_matrix(text)) - 17) // 4


@settings(deadline=None, max_examples=50)
@given(st.text(ALPHANUMERIC, min_size=1, max_size=419))
@example("0")
@example("0" * 250)
def test_an_alphanumeric_text_comes_back_as_it_went(text: str) -> None:
    assert decoded(qr_png(text)).bytes == text.encode()


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(min_codepoint=1, max_codepoint=0x7F), min_size=1, max_size=280))
@example("A%20B\\x41\x1d[)>")
def test_any_ascii_comes_back_as_it_went(text: str) -> None:
    assert decoded(qr_png(text)).bytes == text.encode()


@pytest.mark.parametrize(
    "text", ["佳木斯市·营业执照", "https://example.org/v?t=aB3_-x", "JB1:" + "7" * 40 + "佳办", "a\nb", "Ω€𠮷"]
)
def test_any_other_text_comes_back_as_utf_8(text: str) -> None:
    assert decoded(qr_png(text)).bytes.decode() == text


def stock_matrix(text: str, mask: int) -> list[list[bool]]:
    """What another encoder, the library ``qrcode``, makes of a text with one of the eight masks."""
    symbol = QRCode(error_correction=constants.ERROR_CORRECT_M, mask_pattern=mask)
    symbol.add_data(text)
    symbol.make()
    return [[bool(module) for module in row] for row in symbol.modules]


@pytest.mark.parametrize("characters", [1, 20, 90, 285, 419])
def test_two_encoders_make_the_same_symbol_but_for_the_choice_of_its_mask(characters: int) -> None:
    text = code_of(characters)
    assert qr_matrix(text) in [stock_matrix(text, mask) for mask in range(8)]


def test_the_symbol_is_a_qr_code_of_level_m() -> None:
    code = decoded(qr_png("JIABAN"))
    assert (code.format, code.ec_level) == (zxingcpp.BarcodeFormat.QRCode, "M")


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 419), st.integers(0, 20))
@example(20, 4)
@example(419, 4)
@example(419, 0)
def test_the_pixels_of_a_picture_are_the_modules_inside_a_white_border(characters: int, border: int) -> None:
    """As zlib has them, which checks their sum, and in as many bits as the picture says."""
    matrix = qr_matrix(code_of(characters))
    png = qr_png(code_of(characters), border=border)
    around = [False] * border
    white = [False] * (len(matrix) + 2 * border)
    rows = [white] * border + [[*around, *row, *around] for row in matrix] + [white] * border
    lines = [b"\0" + bytes(0 if dark else 0xFF for dark in row) for row in rows for _ in range(8)]
    chunks = dict(chunks_of(png))
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert chunks[b"IHDR"] == struct.pack(">IIBBBBB", len(lines), len(lines), 1, 0, 0, 0, 0)
    assert zlib.decompress(chunks[b"IDAT"]) == b"".join(lines)


def chunks_of(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a PNG, each of which has its sum right."""
    at = 8
    while at < len(png):
        (length,), name = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        data = png[at + 8 : at + 8 + length]
        assert png[at + 8 + length : at + 12 + length] == struct.pack(">I", zlib.crc32(name + data))
        yield name, data
        at += 12 + length


def test_a_picture_is_small_enough_for_a_village_s_network() -> None:
    """Smaller than what zlib makes of it at its best."""
    image = BytesIO()
    picture(qr_png(code_of(285))).save(image, "PNG", optimize=True)
    assert len(qr_png(code_of(285))) < len(image.getvalue())


def test_packed_modes_are_used_where_the_text_allows_them() -> None:
    """Capacities of ISO/IEC 18004, table 7: 12-M holds 691 digits, 419 alphanumerics, 287 bytes."""
    assert version_of("7" * 691) == 12
    assert version_of("A" * 419) == 12
    assert version_of("a" * 287) == 12
    assert version_of("A" * 20) == 1
    assert version_of("a" * 20) == 2


@pytest.mark.parametrize(
    "text",
    ["7" * 692, "A" * 420, "a" * 288, "a" * 691, "佳" * 96, "𠮷" * 691, "A" * 1_000_000],
    ids=["digits", "alphanumerics", "bytes", "many bytes", "chinese", "above version 40", "a million"],
)
def test_a_text_above_version_12_is_refused(text: str) -> None:
    with pytest.raises(QrTooLongError) as refused:
        qr_png(text)
    assert refused.value.code == "qr_too_long"


@pytest.mark.parametrize("text", ["", "\0", "A\0B", "\ud800"])
def test_a_text_no_symbol_is_made_of_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"U\+0000|surrogates"):
        qr_png(text)


def test_a_picture_without_room_for_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        qr_png("JIABAN", border=-1)


def test_the_same_text_gives_the_same_bytes() -> None:
    assert qr_png("JIABAN") == qr_png("JIABAN")


@settings(deadline=None, max_examples=20)
@given(st.text(ALPHANUMERIC, min_size=1, max_size=419), st.integers(0, 4))
def test_the_drawing_s_lines_are_the_modules(text: str, border: int) -> None:
    svg = qr_svg(text, border=border)
    matrix = qr_matrix(text)
    side = len(matrix) + 2 * border
    assert f'viewBox="0 0 {side} {side}"' in svg
    found = set()
    for line in re.findall(r"M(\d+ [0-9.]+(?:m\d+ 0h\d+)*)", svg.rpartition(" d=")[2]):
        start, *runs = line.split("m")
        x, y = int(start.split()[0]), float(start.split()[1])
        for run in runs:
            light, dark = (int(part) for part in run.split(" 0h"))
            found |= {(round(y - 0.5), column) for column in range(x + light, x + light + dark)}
            x += light + dark
    assert found == {
        (row + border, column + border)
        for row, modules in enumerate(matrix)
        for column, dark in enumerate(modules)
        if dark
    }


def test_a_drawing_without_room_for_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        qr_svg("JIABAN", border=-1)


def by_zxing(image: Image.Image) -> list[str]:
    found = zxingcpp.read_barcodes(image, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return [code.text for code in found]


def by_zbar(image: Image.Image) -> list[str]:
    return ["".join(part.data for part in code.data_entries) for code in deqr.QRdecDecoder().decode(image)]


def shown_at(text: str, side: int) -> Image.Image:
    return picture(qr_png(text)).convert("L").resize((side, side), Image.Resampling.BICUBIC)


def at_contrast(image: Image.Image, share: float) -> Image.Image:
    return image.point([round(128 + (value - 128) * share) for value in range(256)])


def through_jpeg(image: Image.Image, quality: int) -> Image.Image:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("L")


HARDSHIPS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "clean": lambda image: image,
    "blurred by a pixel": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "rotated by 15 degrees": lambda image: image.rotate(15, Image.Resampling.BICUBIC, expand=True, fillcolor=255),
    "at 40 % contrast": lambda image: at_contrast(image, 0.4),
    "a JPEG of quality 30": lambda image: through_jpeg(image, 30),
}
DECODERS = pytest.mark.parametrize("read", [by_zxing, by_zbar])


@DECODERS
@pytest.mark.parametrize("hardship", HARDSHIPS.values(), ids=HARDSHIPS)
@pytest.mark.parametrize("characters", [250, 285, 311, 350, 419])
def test_a_code_240_pixels_wide_is_read_in_each_hardship(
    read: Callable[[Image.Image], list[str]], hardship: Callable[[Image.Image], Image.Image], characters: int
) -> None:
    text = code_of(characters)
    assert read(hardship(shown_at(text, 240))) == [text]


@DECODERS
@pytest.mark.parametrize("characters", [285, 300, 311])
def test_a_code_120_pixels_wide_is_read(read: Callable[[Image.Image], list[str]], characters: int) -> None:
    text = code_of(characters)
    assert read(shown_at(text, 120)) == [text]
