"""Pure rules of status lists: where a licence stands, how statuses are packed (draft-ietf-oauth-status-list-20, 4)."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from enum import IntEnum
from functools import lru_cache

PLACES = 1 << 20
BITS = 2
_PER_BYTE = 8 // BITS
_HALF_BITS = 10
_HALF = 1 << _HALF_BITS
_ROUNDS = 4


class Status(IntEnum):
    """What a licence is worth. The first three are registered, EXPIRED is of the values kept for applications."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2
    EXPIRED = 3


def scattered(key: bytes, position: int) -> int:
    """The place in a list of the licence that took its ``position``-th place: a permutation, which the key chooses.

    Neighbours in the order of issue are none in the list, so that a place says nothing about when a licence was issued.
    A Feistel network of four rounds over twice ten bits.
    """
    left, right = divmod(position, _HALF)
    for table in _tables(key):
        left, right = right, left ^ table[right]
    return left * _HALF + right


@lru_cache(maxsize=8)
def _tables(key: bytes) -> tuple[tuple[int, ...], ...]:
    def half(number: int, value: int) -> int:
        text = number.to_bytes(1, "big") + value.to_bytes(2, "big")
        return int.from_bytes(hashlib.blake2b(text, key=key, digest_size=2).digest(), "big") % _HALF

    return tuple(tuple(half(number, value) for value in range(_HALF)) for number in range(_ROUNDS))


def packed(places: Mapping[int, Iterable[int]]) -> bytes:
    """A list as the token holds it: two bits for each place from the lowest bit of each byte, compressed by ZLIB.

    ``places`` maps a status to the places that have it; all others are valid.
    """
    array = bytearray(PLACES // _PER_BYTE)
    for status, indices in places.items():
        for index in indices:
            array[index // _PER_BYTE] |= status << index % _PER_BYTE * BITS
    return zlib.compress(array, 9)
