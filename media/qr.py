"""QR symbols (ISO/IEC 18004) as 1-bit PNG pictures that every phone reads, and as SVG drawings.

ASCII goes through zxing-cpp, which takes a millisecond for a symbol of version 10; ``qrcode`` takes seventeen, and
writes what zxing-cpp would announce with an ECI header that old readers stumble over: UTF-8 beyond ASCII.
"""

import re
from io import BytesIO
from typing import Final

import zxingcpp
from PIL import Image
from qrcode import constants
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode
from qrcode.util import QRData

MAX_VERSION = 12
"""The largest symbol drawn, 65 modules a side: above it, old phone cameras begin to fail on a phone's screen."""

_MAX_CHARACTERS = 691
"""What version 12-M holds of digits, the densest mode (ISO/IEC 18004, table 7): anything longer cannot fit."""

_BYTE_MODE: Final = 4
"""The mode indicator of 8-bit bytes (ISO/IEC 18004, table 2)."""

_DARK, _LIGHT = 0, 255
_RUN = re.compile(rb"(\xff*)(\0+)")
"""Light modules and the dark ones that follow them."""

_COMPRESSION = 1
"""zlib's fastest: two thirds of the time of its own choice, for some hundred bytes more."""


class QrTooLongError(ValueError):
    """The text does not fit into a symbol of version 12 at level M: 287 bytes, 419 alphanumerics or 691 digits."""

    code = "qr_too_long"


def qr_matrix(text: str) -> list[list[bool]]:
    """The modules of one symbol at error level M, row by row from the top, without a border; ``True`` is dark.

    Digits and the 45 alphanumeric characters are packed in their own modes, other ASCII as bytes, and a text with
    anything else whole as UTF-8 bytes; the smallest version that fits is taken. Raises ``QrTooLongError``, and
    ``ValueError`` for a text that is empty, holds U+0000 or a lone surrogate.
    """
    return [[module == _DARK for module in row] for row in _rows(text)]


def qr_png(text: str, *, module_px: int = 8, border: int = 4) -> bytes:
    """A 1-bit PNG of one symbol, error level M, version 12 at most.

    ``module_px`` is the side of a module in pixels, ``border`` the quiet zone in modules (the standard asks for 4).
    Raises ``QrTooLongError``, and ``ValueError`` for a text no symbol is made of (see ``qr_matrix``) or a size below
    one pixel or a negative border.
    """
    if module_px < 1 or border < 0:
        raise ValueError("a module is at least one pixel and a border is not negative")
    rows = _rows(text)
    side = len(rows)
    framed = Image.new("L", (side + 2 * border, side + 2 * border), _LIGHT)
    framed.paste(Image.frombytes("L", (side, side), b"".join(rows)), (border, border))
    modules = framed.convert("1", dither=Image.Dither.NONE)
    picture = modules.resize((modules.width * module_px, modules.height * module_px), Image.Resampling.NEAREST)
    out = BytesIO()
    picture.save(out, "PNG", compress_level=_COMPRESSION)
    return out.getvalue()


def qr_svg(text: str, *, border: int = 4) -> str:
    """One symbol as an SVG drawing, a unit for a module, on a white ground that holds the quiet zone of ``border``.

    Raises as ``qr_png`` does.
    """
    if border < 0:
        raise ValueError("a border is not negative")
    rows = _rows(text)
    side = len(rows) + 2 * border
    lines = "".join(
        f"M{border} {y}.5" + "".join(f"m{len(light)} 0h{len(dark)}" for light, dark in _RUN.findall(row))
        for y, row in enumerate(rows, border)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path stroke="#000" d="{lines}"/></svg>'
    )


def _rows(text: str) -> list[bytes]:
    """The rows of the symbol, a byte for a module. Raises as ``qr_matrix`` does."""
    if not text or "\0" in text:
        raise ValueError("a QR symbol needs a text without U+0000")
    if len(text) > _MAX_CHARACTERS:
        raise QrTooLongError(f"{len(text)} characters do not fit into a QR symbol of version {MAX_VERSION}")
    rows = _ascii_rows(text) if text.isascii() else _utf_8_rows(text)
    version = (len(rows) - 17) // 4
    if version > MAX_VERSION:
        raise QrTooLongError(f"the text needs version {version}, above {MAX_VERSION}")
    return rows


def _ascii_rows(text: str) -> list[bytes]:
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture = symbol.to_image(scale=1, add_quiet_zones=False)
    side = picture.shape[1]
    modules = memoryview(picture).tobytes()  # type: ignore[arg-type]  # its stub leaves the buffer out
    return [modules[at : at + side] for at in range(0, len(modules), side)]


def _utf_8_rows(text: str) -> list[bytes]:
    symbol = QRCode(error_correction=constants.ERROR_CORRECT_M)
    symbol.add_data(QRData(text, mode=_BYTE_MODE))
    try:
        symbol.make()
    except (DataOverflowError, ValueError) as error:  # 8.2 means the first and, above version 40, raises the second
        raise QrTooLongError(f"the text does not fit into a QR symbol of version {MAX_VERSION}") from error
    return [bytes(_DARK if module else _LIGHT for module in row) for row in symbol.modules]
