"""QR symbols (ISO/IEC 18004) as 1-bit PNG pictures that every phone reads."""

from collections.abc import Iterable
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps
from qrcode import constants
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode
from qrcode.util import QRData, optimal_data_chunks

MAX_VERSION = 12
"""The largest symbol drawn, 65 modules a side: above it, old phone cameras begin to fail on a phone's screen."""

_MAX_CHARACTERS = 691
"""What version 12-M holds of digits, the densest mode (ISO/IEC 18004, table 7): anything longer cannot fit."""

_SHORTEST_SEGMENT = 20
"""Characters below which a mode of its own costs more bits in headers than it saves (the library's own figure)."""

_BYTE_MODE: Final = 4
"""The mode indicator of 8-bit bytes (ISO/IEC 18004, table 2)."""


class QrTooLongError(ValueError):
    """The text does not fit into a symbol of version 12 at level M: 287 bytes, 419 alphanumerics or 691 digits."""

    code = "qr_too_long"


class _ZeroBlockError(ValueError):
    """The library cannot divide a block of zero bits, which a long run of "0" in a packed mode makes.

    As bytes ("0" is 0x30) no block is zero.
    """


def qr_matrix(text: str) -> list[list[bool]]:
    """The modules of one symbol at error level M, row by row from the top, without a border; ``True`` is dark.

    Digits and the 45 alphanumeric characters are packed in their own modes, all else as UTF-8 bytes; the smallest
    version that fits is taken. Raises ``QrTooLongError``, and ``ValueError`` for a text that is empty, holds U+0000
    or a lone surrogate.
    """
    if not text or "\0" in text:
        raise ValueError("a QR symbol needs a text without U+0000")
    if len(text) > _MAX_CHARACTERS:
        raise QrTooLongError(f"{len(text)} characters do not fit into a QR symbol of version {MAX_VERSION}")
    try:
        return _symbol(optimal_data_chunks(text, minimum=_SHORTEST_SEGMENT))
    except _ZeroBlockError:
        return _symbol([QRData(text, mode=_BYTE_MODE)])


def qr_png(text: str, *, module_px: int = 8, border: int = 4) -> bytes:
    """A 1-bit PNG of one symbol, error level M, version 12 at most.

    ``module_px`` is the side of a module in pixels, ``border`` the quiet zone in modules (the standard asks for 4).
    Raises ``QrTooLongError``, and ``ValueError`` for a text no symbol is made of (see ``qr_matrix``) or a size below
    one pixel or a negative border.
    """
    if module_px < 1 or border < 0:
        raise ValueError("a module is at least one pixel and a border is not negative")
    matrix = qr_matrix(text)
    side = len(matrix)
    grey = bytes(0 if dark else 255 for row in matrix for dark in row)
    modules = Image.frombytes("L", (side, side), grey).convert("1", dither=Image.Dither.NONE)
    framed = ImageOps.expand(modules, border, fill=1)
    picture = framed.resize((framed.width * module_px, framed.height * module_px), Image.Resampling.NEAREST)
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _symbol(segments: Iterable[QRData]) -> list[list[bool]]:
    """The modules of the smallest symbol that holds ``segments``.

    Raises ``QrTooLongError`` where that is above the largest allowed, and ``_ZeroBlockError``.
    """
    symbol = QRCode(error_correction=constants.ERROR_CORRECT_M)
    for segment in segments:
        symbol.add_data(segment)
    try:
        version = symbol.best_fit()
    except (DataOverflowError, ValueError) as error:  # 8.2 means the first and, above version 40, raises the second
        raise QrTooLongError(f"the text does not fit into a QR symbol of version {MAX_VERSION}") from error
    if version > MAX_VERSION:
        raise QrTooLongError(f"the text needs version {version}, above {MAX_VERSION}")
    try:
        symbol.make(fit=False)
    except ValueError as error:
        raise _ZeroBlockError from error
    return [[bool(module) for module in row] for row in symbol.modules]
