"""QR symbols of versions 1 to 12 at error level M (ISO/IEC 18004:2015), reckoned as whole numbers of a bit a module.

A symbol is linear in its data, error correction and places included: it is the sum (XOR) of what each half byte adds,
which is worked out once. The penalties by which a mask is chosen are counted on whole symbols, a module beside another
being a shift away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import accumulate, product
from operator import getitem, xor

from media.lanes import narrowed

MAX_VERSION = 12
# Error correction codewords of a block, and the data codewords of each block, by version (table 9).
_BLOCKS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (10, (16,)),
    (16, (28,)),
    (26, (44,)),
    (18, (32,) * 2),
    (24, (43,) * 2),
    (16, (27,) * 4),
    (18, (31,) * 4),
    (22, (38,) * 2 + (39,) * 2),
    (22, (36,) * 3 + (37,) * 2),
    (26, (43,) * 4 + (44,)),
    (30, (50,) + (51,) * 4),
    (22, (36,) * 6 + (37,) * 2),
)
# Where the middles of alignment patterns lie, in rows and columns, by version (annex E).
_ALIGNED: tuple[tuple[int, ...], ...] = (
    *((), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34)),
    *((6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50), (6, 30, 54), (6, 32, 58)),
)
_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = bytes(_ALPHANUMERIC.find(chr(code)) & 0xFF for code in range(256))
"""The value of each of these characters; of any other one _NO_VALUE."""
_NO_VALUE = b"\xff"
_PAIR_BITS, _SINGLE_BITS = 11, 6
_OF_DIGITS = (0, 4, 7, 10)
"""Bits that one, two and three digits take."""
# Bits of the character count up to version 9, and above.
_NUMBERED = {1: (10, 12), 2: (9, 11), 4: (8, 16)}
_LAST_SHORT = 9
_PADS = 0xEC11
_FIELD, _FORMAT, _FORMAT_MASK, _VERSION = 0x11D, 0x537, 0x5412, 0x1F25
_POWERS = list(accumulate(range(254), lambda power, _: power << 1 ^ _FIELD * (power >> 7), initial=1))
_EXPONENTS = {power: exponent for exponent, power in enumerate(_POWERS)}
_VERSIONED = 7
"""The first version whose symbols state it."""
_HALVES = bytes(int(chr(code), 16) if chr(code) in "0123456789abcdef" else 0 for code in range(256))
_MASKS = (
    lambda row, column: (row + column) % 2,
    lambda row, column: row % 2,
    lambda row, column: column % 3,
    lambda row, column: (row + column) % 3,
    lambda row, column: (row // 2 + column // 3) % 2,
    lambda row, column: row * column % 2 + row * column % 3,
    lambda row, column: (row * column % 2 + row * column % 3) % 2,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2,
)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol of ``side`` by ``side`` modules; ``modules`` has a bit for each, row by row from its highest, 1 dark."""

    side: int
    modules: int

    @property
    def bits(self) -> str:
        """The modules as digits of 0 and 1."""
        return f"{self.modules:0{self.side * self.side}b}"


def symbol_of(text: str) -> Symbol | None:
    """The smallest symbol that holds a text, None where none of these versions does.

    A text of digits, or of the 45 alphanumeric characters, is packed as such, any other one is written as UTF-8 bytes.
    The mask is the one with the least penalty. Raises UnicodeEncodeError for a lone surrogate.
    """
    mode, count, packed, size = _packed(text)
    for version, (_, blocks) in enumerate(_BLOCKS, 1):
        length, room = _NUMBERED[mode][version > _LAST_SHORT], sum(blocks)
        if 4 + length + size <= 8 * room:
            return _plan(version).drawn(_filled((mode << length | count) << size | packed, 4 + length + size, room))
    return None


def _packed(text: str) -> tuple[int, int, int, int]:
    """The mode of a text, how many characters it counts, and its bits as a number of so many."""
    if text.isascii() and text.isdigit():
        threes = [text[at : at + 3] for at in range(0, len(text), 3)]
        bits = "".join(f"{int(three):0{_OF_DIGITS[len(three)]}b}" for three in threes)
        return 1, len(text), int(bits, 2), len(bits)
    plain = text.encode()
    values = plain.translate(_VALUES)
    if _NO_VALUE in values:
        return 4, len(plain), int.from_bytes(plain), 8 * len(plain)
    pairs = len(values) // 2
    # In the two bytes of a pair stands 256 times the first value and the second, to be 45 times the first.
    read = int.from_bytes(values[: 2 * pairs])
    each = read - (256 - 45) * (read >> 8 & int.from_bytes(b"\0\xff" * pairs))
    packed, size = narrowed(each, pairs, 16, _PAIR_BITS), _PAIR_BITS * pairs
    if len(values) % 2:
        packed, size = packed << _SINGLE_BITS | values[-1], size + _SINGLE_BITS
    return 2, len(values), packed, size


def _filled(bits: int, size: int, room: int) -> bytes:
    """So many codewords of data: so many bits, their terminator, and padding."""
    ended = min(size + 4, 8 * room)
    length = -(-ended // 8)
    data = (bits << 8 * length - size).to_bytes(length)
    return data + (_PADS.to_bytes(2) * room)[: room - length]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A version: what its symbols are without any data, by the mask, and what each half byte of data adds, by value.

    ``frames`` are the former, ``halves`` the latter.
    """

    side: int
    halves: tuple[tuple[int, ...], ...]
    frames: tuple[int, ...]
    penalties: "_Penalties"

    def drawn(self, data: bytes) -> Symbol:
        unmasked = reduce(xor, map(getitem, self.halves, data.hex().encode().translate(_HALVES)))
        return Symbol(self.side, min((unmasked ^ frame for frame in self.frames), key=self.penalties.of))


class _Penalties:
    """Counts what makes a symbol hard to read (7.8.3.1)."""

    def __init__(self, side: int) -> None:
        self._all, self._side = side * side, side
        self._every = (1 << self._all) - 1
        lines = [sum(1 << side * row for row in range(side)) * ((1 << side - more) - 1) for more in range(side)]
        # Where a module has so many others behind it in its row, or below it in its column.
        self._along = (
            (1, *(lines[more] for more in (1, 4, 10))),
            (side, *((1 << side * (side - more)) - 1 for more in (1, 4, 10))),
        )

    def of(self, symbol: int) -> int:
        """The penalty of a symbol."""
        light, same, found = symbol ^ self._every, [], 0
        for step, two, five, eleven in self._along:
            dark_before, light_before = symbol >> step, light >> step
            darks, lights = symbol & dark_before, light & light_before
            alike = (darks | lights) & two
            same.append(alike)
            three = alike & alike >> step
            runs = three & three >> 2 * step & five
            # A run of five counts 3, and 1 for each module more.
            found += 3 * runs.bit_count() - 2 * (runs & runs << step).bit_count()
            four = lights & lights >> 2 * step
            # Dark, light, three dark, light, dark.
            core = symbol & light_before & (darks & darks >> step) >> 2 * step & (light & dark_before) >> 5 * step
            finders = (core & four >> 7 * step & eleven).bit_count() + (four & core >> 4 * step & eleven).bit_count()
            found += 40 * finders
        beside, below = same
        squares = beside & beside >> self._side & below
        uneven = abs(20 * symbol.bit_count() - 10 * self._all) // self._all
        return found + 3 * squares.bit_count() + 10 * uneven


@lru_cache(maxsize=MAX_VERSION)
def _plan(version: int) -> _Plan:
    side = 4 * version + 17
    fixed = _patterns(version, side)
    free = [(row, column) for row, column in _path(side) if (row, column) not in fixed]
    dark = _number(side, [place for place, is_dark in fixed.items() if is_dark])
    frames = tuple(
        dark
        ^ _number(side, _formats(side, mask))
        ^ _number(side, [place for place in free if _MASKS[mask](*place) == 0])
        for mask in range(8)
    )
    halves = tuple(_halves(version, [_bit(side, *place) for place in free]))
    return _Plan(side, halves, frames, _Penalties(side))


def _bit(side: int, row: int, column: int) -> int:
    return 1 << side * side - 1 - side * row - column


def _number(side: int, places: list[tuple[int, int]]) -> int:
    return sum(_bit(side, row, column) for row, column in places)


def _patterns(version: int, side: int) -> dict[tuple[int, int], bool]:
    """What is no data, by its place, and whether it is dark; the places of the format are light."""
    found: dict[tuple[int, int], bool] = {}
    for place in range(side):
        found[6, place] = found[place, 6] = place % 2 == 0
    for top, left in ((0, 0), (0, side - 7), (side - 7, 0)):
        for row, column in product(range(-1, 8), repeat=2):
            if 0 <= top + row < side and 0 <= left + column < side:
                away = max(abs(row - 3), abs(column - 3))
                found[top + row, left + column] = away not in (2, 4)
    found |= _aligning(version, side)
    for place in range(9):
        found.setdefault((8, place), False)
        found.setdefault((place, 8), False)
        found.setdefault((8, side - 1 - min(place, 7)), False)
        found.setdefault((side - 1 - min(place, 7), 8), False)
    found[side - 8, 8] = True
    if version >= _VERSIONED:
        stated = _checked(version, 12, _VERSION)
        for place in range(18):
            row, column = place // 3, side - 11 + place % 3
            found[row, column] = found[column, row] = bool(stated >> place & 1)
    return found


def _aligning(version: int, side: int) -> dict[tuple[int, int], bool]:
    """The alignment patterns, wherever no finder pattern is."""
    middles = set(product(_ALIGNED[version - 1], repeat=2)) - {(6, 6), (6, side - 7), (side - 7, 6)}
    return {
        (middle + row, beside + column): max(abs(row), abs(column)) != 1
        for middle, beside in middles
        for row, column in product(range(-2, 3), repeat=2)
    }


def _checked(value: int, more: int, generator: int) -> int:
    """A value with the remainder by which its wrong bits are found, of so many bits."""
    rest = value << more
    while rest.bit_length() > more:
        rest ^= generator << rest.bit_length() - more - 1
    return value << more | rest


def _formats(side: int, mask: int) -> list[tuple[int, int]]:
    """The dark modules that say level M, which is 0, and the mask, twice (7.9)."""
    stated = _checked(mask, 10, _FORMAT) ^ _FORMAT_MASK
    around = [*((row, 8) for row in (0, 1, 2, 3, 4, 5, 7, 8)), *((8, column) for column in (7, 5, 4, 3, 2, 1, 0))]
    apart = [*((8, side - 1 - place) for place in range(8)), *((side - 7 + place, 8) for place in range(7))]
    return [place for where in (around, apart) for bit, place in enumerate(where) if stated >> bit & 1]


def _path(side: int) -> Iterator[tuple[int, int]]:
    """The order in which modules are filled: two columns at a time from the right, up and down in turn (7.7.3)."""
    up = True
    for right in (*range(side - 1, 6, -2), 5, 3, 1):
        for row in reversed(range(side)) if up else range(side):
            yield from ((row, right), (row, right - 1))
        up = not up


def _halves(version: int, free: list[int]) -> Iterator[tuple[int, ...]]:
    """What each half of each codeword of data adds to a symbol, by its values; ``free`` are the bits to fill."""
    checks, blocks = _BLOCKS[version - 1]
    placed, remainders, first = _placed(blocks, checks, free), _remainders(checks, max(blocks)), 0
    for block, size in enumerate(blocks):
        correction = placed[sum(blocks) + checks * block :][:checks]
        for at in range(size):
            high, low = placed[first + at]
            ones = [half[8 >> bit] for half in (high, low) for bit in range(4)]
            for bit in range(8):
                for (upper, lower), factor in zip(correction, remainders[size - 1 - at], strict=True):
                    check = _product(0x80 >> bit, factor)
                    ones[bit] ^= upper[check >> 4] ^ lower[check & 15]
            yield from (_sums(ones[:4]), _sums(ones[4:]))
        first += size


def _placed(blocks: tuple[int, ...], checks: int, free: list[int]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """What each codeword is within the symbol, by the values of its halves: those of all blocks take turns (7.6).

    They are told block after block, the data of all first, then the correction of all.
    """
    data = sum(blocks)
    starts = [sum(blocks[:block]) for block in range(len(blocks))]
    order = [starts[block] + at for at in range(max(blocks)) for block, size in enumerate(blocks) if at < size]
    order += [data + checks * block + check for check in range(checks) for block in range(len(blocks))]
    turns = {codeword: 8 * turn for turn, codeword in enumerate(order)}
    return [
        (_sums(free[turns[codeword] : turns[codeword] + 4]), _sums(free[turns[codeword] + 4 : turns[codeword] + 8]))
        for codeword in range(len(order))
    ]


def _sums(ones: list[int]) -> tuple[int, ...]:
    """The sums of some of these: of those whose bits are set in an index, the first its highest."""
    found = [0]
    for one in reversed(ones):
        found += [other ^ one for other in found]
    return tuple(found)


def _remainders(checks: int, size: int) -> list[list[int]]:
    """The error correction of a lone 1, by how many codewords of data follow it in its block (annex A)."""
    generator, root = [1], 1
    for _ in range(checks):
        times_root = [0, *(_product(one, root) for one in generator)]
        generator = [high ^ low for high, low in zip([*generator, 0], times_root, strict=True)]
        root = _product(root, 2)
    found = [generator[1:]]
    for _ in range(size - 1):
        first, *others = found[-1]
        found.append([after ^ _product(first, one) for after, one in zip([*others, 0], generator[1:], strict=True)])
    return found


def _product(one: int, other: int) -> int:
    """Of two elements of the field of 256, by the powers of 2 that they are."""
    return _POWERS[(_EXPONENTS[one] + _EXPONENTS[other]) % 255] if one and other else 0
