"""Symbols are those of the standard: as another encoder makes them, with the mask that the penalties choose."""

from itertools import groupby
from random import Random
from typing import Literal

import pytest
from qrcode import constants
from qrcode.main import QRCode
from qrcode.util import QRData

from media.qr_symbols import MAX_VERSION, symbol_of

# Their characters and the mode they are packed in.
ALPHABETS: dict[str, tuple[str, Literal[1, 2, 4]]] = {
    "digits": ("0123456789", 1),
    "alphanumerics": ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", 2),
    "bytes": ("abcxyz佳木Ω", 4),
}
FULLEST = {"digits": 691, "alphanumerics": 419, "bytes": 140}


def by_rules(rows: list[str]) -> int:
    """The penalty of a symbol, counted as 7.8.3.1 of the standard says it, module by module."""
    side = len(rows)
    lines = [*rows, *("".join(column) for column in zip(*rows, strict=True))]
    lengths = [len(list(run)) for line in lines for _, run in groupby(line)]
    runs = sum(length - 2 for length in lengths if length >= 5)
    squares = sum(
        len({rows[y][x], rows[y][x + 1], rows[y + 1][x], rows[y + 1][x + 1]}) == 1
        for y in range(side - 1)
        for x in range(side - 1)
    )
    finders = sum(
        line[at : at + 11] in {"10111010000", "00001011101"} for line in lines for at in range(len(line) - 10)
    )
    dark = "".join(rows).count("1")
    return runs + 3 * squares + 40 * finders + 10 * (abs(20 * dark - 10 * side * side) // (side * side))


def rows_of(text: str) -> list[str]:
    symbol = symbol_of(text)
    assert symbol is not None
    return [symbol.bits[at : at + symbol.side] for at in range(0, symbol.side**2, symbol.side)]


def stock_rows(text: str, mode: Literal[1, 2, 4], mask: int) -> list[str]:
    """What another encoder, the library ``qrcode``, makes of a text in one mode with one of the eight masks."""
    symbol = QRCode(error_correction=constants.ERROR_CORRECT_M, mask_pattern=mask)
    symbol.add_data(QRData(text.encode(), mode=mode, check_data=False))
    symbol.make()
    return ["".join("1" if module else "0" for module in row) for row in symbol.modules]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("kind", ALPHABETS)
def test_a_symbol_is_the_least_penalised_of_those_that_another_encoder_makes(kind: str, share: float) -> None:
    alphabet, mode = ALPHABETS[kind]
    text = "".join(Random(kind).choices(alphabet, k=max(1, int(share * FULLEST[kind]))))
    symbols = [stock_rows(text, mode, mask) for mask in range(8)]
    penalties = [by_rules(symbol) for symbol in symbols]
    assert rows_of(text) == symbols[penalties.index(min(penalties))]


def test_every_version_is_as_another_encoder_makes_it() -> None:
    sides = set()
    for characters in range(5, 420, 15):
        text = "".join(Random(characters).choices(ALPHABETS["alphanumerics"][0], k=characters))
        symbol = rows_of(text)
        sides.add(len(symbol))
        assert symbol in [stock_rows(text, 2, mask) for mask in range(8)]
    assert sides == {17 + 4 * version for version in range(1, MAX_VERSION + 1)}


def test_what_fits_into_no_symbol_makes_none() -> None:
    assert symbol_of("A" * 420) is None
