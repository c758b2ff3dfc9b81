"""QR symbols (ISO/IEC 18004) as 1-bit PNG pictures that every phone reads, and as SVG drawings."""

import re

from media.qr_pictures import png_of
from media.qr_symbols import MAX_VERSION, Symbol, symbol_of

_MAX_CHARACTERS = 691
"""What version 12-M holds of digits, the densest mode (ISO/IEC 18004, table 7): anything longer cannot fit."""

_RUN = re.compile("(0*)(1+)")
"""Light modules and the dark ones that follow them."""


class QrTooLongError(ValueError):
    """The text does not fit into a symbol of version 12 at level M: 287 bytes, 419 alphanumerics or 691 digits."""

    code = "qr_too_long"


def qr_matrix(text: str) -> list[list[bool]]:
    """The modules of one symbol at error level M, row by row from the top, without a border; ``True`` is dark.

    Digits and the 45 alphanumeric characters are packed in their own modes, other ASCII as bytes, and a text with
    anything else whole as UTF-8 bytes; the smallest version that fits is taken. Raises ``QrTooLongError``, and
    ``ValueError`` for a text that is empty, holds U+0000 or a lone surrogate.
    """
    symbol = _symbol(text)
    return [[module == "1" for module in row] for row in _rows(symbol)]


def qr_png(text: str, *, border: int = 4) -> bytes:
    """A 1-bit PNG of one symbol, error level M, version 12 at most, 8 pixels a module.

    ``border`` is the quiet zone in modules (the standard asks for 4). Raises ``QrTooLongError``, and ``ValueError`` for
    a text no symbol is made of (see ``qr_matrix``) or a negative border.
    """
    if border < 0:
        raise ValueError("a border is not negative")
    return png_of(_symbol(text), border)


def qr_svg(text: str, *, border: int = 4) -> str:
    """One symbol as an SVG drawing, a unit for a module, on a white ground that holds the quiet zone of ``border``.

    Raises as ``qr_png`` does.
    """
    if border < 0:
        raise ValueError("a border is not negative")
    symbol = _symbol(text)
    side = symbol.side + 2 * border
    lines = "".join(
        f"M{border} {y}.5" + "".join([f"m{len(light)} 0h{len(dark)}" for light, dark in _RUN.findall(row)])
        for y, row in enumerate(_rows(symbol), border)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path stroke="#000" d="{lines}"/></svg>'
    )


def _symbol(text: str) -> Symbol:
    """The symbol of a text. Raises as ``qr_matrix`` does."""
    if not text or "\0" in text:
        raise ValueError("a QR symbol needs a text without U+0000")
    symbol = symbol_of(text) if len(text) <= _MAX_CHARACTERS else None
    if symbol is None:
        raise QrTooLongError(f"the text does not fit into a QR symbol of version {MAX_VERSION}")
    return symbol


def _rows(symbol: Symbol) -> list[str]:
    """The rows of a symbol, a digit for a module, 1 dark."""
    bits, side = symbol.bits, symbol.side
    return [bits[at : at + side] for at in range(0, side * side, side)]
