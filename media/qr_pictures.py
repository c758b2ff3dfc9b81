"""A QR symbol as a 1-bit PNG (W3C PNG, third edition), a module 8 pixels wide, that is written compressed at once.

So a line of pixels is a byte a module, and each line stands eight times. The Huffman code (RFC 1951, 3.2.7) is made for
that: a light module is one bit and a dark one two, and a short reference to the line above stands for the seven others.
All around the modules is the same for every symbol of a size, and worked out once.
"""

import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache

from media.qr_symbols import Symbol

MODULE_PX = 8
_LIGHT, _END = 0xFF, 256
_AS_IT_IS = 0
"""The filter of a line that is written as it is: the same byte as eight dark pixels."""
_LITERALS, _DISTANCES = 286, 30
_SHORTEST, _LONGEST = 3, 258
# The order in which the lengths of codes of code lengths are told, up to the last that is used (RFC 1951, 3.2.7).
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1)
_WINDOW = b"\x78\x01"
"""How zlib's data begins: deflated, within 32 KB, quickly (RFC 1950, 2.2)."""
_BASE = 65521
"""The modulus of Adler-32 (RFC 1950, 8.2)."""
_WEIGHT_BITS = _BASE.bit_length()
_BREAK = "\n"


def png_of(symbol: Symbol, border: int) -> bytes:
    """The picture of a symbol with so many light modules around it."""
    sheet, side, modules = _sheet(symbol.side, border), symbol.side, symbol.bits
    rows = _BREAK.join([modules[at : at + side] for at in range(0, side * side, side)])
    bits = sheet.before + rows.replace("1", "10").replace(_BREAK, sheet.between) + sheet.after
    deflated = int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")
    pixels = _WINDOW + deflated + struct.pack(">I", sheet.checksum(symbol.modules))
    return sheet.head + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What all symbols of a size share: a PNG until its pixels, and the compressed bits around each row of modules.

    ``light`` is the checksum of a picture without dark modules. By how much a dark one lessens its upper half is told
    by ``weights``: bit by bit, the modules in whose weight it is set.
    """

    head: bytes
    before: str
    between: str
    after: str
    light: int
    weights: tuple[int, ...]

    def checksum(self, modules: int) -> int:
        """Adler-32 of the pixels."""
        low = (self.light & 0xFFFF) - MODULE_PX * _LIGHT * modules.bit_count()
        high = (self.light >> 16) - sum((modules & which).bit_count() << bit for bit, which in enumerate(self.weights))
        return high % _BASE << 16 | low % _BASE


@lru_cache(maxsize=16)
def _sheet(side: int, border: int) -> _Sheet:
    width = side + 2 * border
    line, lines = 1 + width, MODULE_PX * width
    seven, blank = _copies((MODULE_PX - 1) * line), _copies(max(MODULE_PX * border - 1, 0) * line)
    lengths, distance = {_length(many)[0] for many in (*seven, *blank)}, _distance(line)
    rare = [_END, *lengths]
    # As many codes as there can be of their length, so that none is undefined; the others are bytes that never come.
    rare += range(1, 1 + (1 << (len(rare) - 1).bit_length()) - len(rare))
    sizes = {_LIGHT: 1, _AS_IT_IS: 2} | dict.fromkeys(rare, 2 + (len(rare) - 1).bit_length())
    codes, far = _codes(sizes), _codes({0: 1, distance[0]: 1})

    def copied(parts: list[int]) -> str:
        found = ((_length(many), distance) for many in parts)
        return "".join(codes[symbol] + extra + far[place] + beyond for (symbol, extra), (place, beyond) in found)

    light, begun = codes[_LIGHT], codes[_AS_IT_IS]
    blanks = begun + light * width + copied(blank) if border else ""
    weights = [
        _LIGHT * sum(line * lines - line * (MODULE_PX * row + of) - 1 - column for of in range(MODULE_PX)) % _BASE
        for row in range(border, border + side)
        for column in range(border, border + side)
    ]
    header = struct.pack(">IIBBBBB", lines, lines, 1, 0, 0, 0, 0)
    return _Sheet(
        head=b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header),
        before=_block(sizes, distance[0]) + blanks + begun + light * border,
        between=light * border + copied(seven) + begun + light * border,
        after=light * border + copied(seven) + blanks + codes[_END],
        light=zlib.adler32((b"\0" + b"\xff" * width) * lines),
        weights=tuple(int("".join([str(weight >> bit & 1) for weight in weights]), 2) for bit in range(_WEIGHT_BITS)),
    )


def _copies(many: int) -> list[int]:
    """So many bytes in parts, as alike as they can be, each of which one reference repeats."""
    parts = -(-many // _LONGEST)
    return [(many + part) // parts for part in range(parts)]


def _length(many: int) -> tuple[int, str]:
    """The symbol of a length to repeat, and the bits after it (RFC 1951, 3.2.5)."""
    if many == _LONGEST:
        return 285, ""
    more = many - _SHORTEST
    bits = max(more.bit_length() - 3, 0)
    return 257 + 4 * bits + (more >> bits), _number(more & (1 << bits) - 1, bits)


def _distance(back: int) -> tuple[int, str]:
    """The symbol of how far back it stands, and the bits after it."""
    more = back - 1
    bits = max(more.bit_length() - 2, 0)
    return 2 * bits + (more >> bits), _number(more & (1 << bits) - 1, bits)


def _codes(sizes: dict[int, int]) -> dict[int, str]:
    """The code of each symbol, by the length of its code (RFC 1951, 3.2.2)."""
    code, before, found = 0, 0, {}
    for size, symbol in sorted((size, symbol) for symbol, size in sizes.items()):
        code <<= size - before
        found[symbol] = f"{code:0{size}b}"
        code, before = code + 1, size
    return found


def _block(sizes: dict[int, int], distance: int) -> str:
    """How the one block begins: with the length of each code, which is mostly 0 (RFC 1951, 3.2.7)."""
    told = [sizes.get(symbol, 0) for symbol in range(_LITERALS)]
    told += [int(symbol in {0, distance}) for symbol in range(_DISTANCES)]
    of_lengths = {0: 1, 1: 2, 2: 3, max(sizes.values()): 3}
    codes = _codes(of_lengths)
    return "".join(
        [
            "1" + _number(2, 2),
            _number(_LITERALS - 257, 5) + _number(_DISTANCES - 1, 5) + _number(len(_ORDER) - 4, 4),
            *(_number(of_lengths.get(length, 0), 3) for length in _ORDER),
            *(codes[length] for length in told),
        ]
    )


def _number(value: int, bits: int) -> str:
    """A number, its lowest bit first."""
    return f"{value:0{bits}b}"[::-1] if bits else ""
