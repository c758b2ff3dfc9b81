"""Status lists: the draft's own vector, the spreading of places, and how small a list stays."""

import random
import zlib
from itertools import pairwise

import cbor2

from app.licences.status.packing import PLACES, Status, packed, scattered

# "2-bit Status List" of the test vectors in draft-ietf-oauth-status-list-20, in CBOR.
VECTOR = bytes.fromhex(
    "a2646269747302636c737459013d78daeddb310d00211000412ea1a04004fe5520ed357c28c81d3312b6df68bc6548000000"
    "0000406e21010000000000000000000000000000000000000000000000000000000000000040795b02000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000080f4ba0400000000000000000000000000406d764a0000000000000000"
    "00000000000000000000000000e0922101000000000000000000000000000000000000fc1312000000000000000000000000"
    "00000000000000000000000000000000000000c0912e01000000000000000000000000000000000000c07d4b020000000000"
    "00000000000000000000a8614a0000000000000000000000406a1fcd60010c"
)
STATUSES = {
    1: [0, 25460, 495669, 554353, 723232, 854545],
    2: [1993, 645645, 934534],
    3: [159495, 1000345],
}
KEY = bytes(range(32))


def status_at(compressed: bytes, index: int) -> int:
    """The status of a place, as the draft says to read it."""
    return zlib.decompress(compressed)[index * 2 // 8] >> index * 2 % 8 & 0b11


def test_statuses_are_packed_as_the_draft_has_them() -> None:
    """Bit by bit, and compressed to the same bytes."""
    listed = cbor2.loads(VECTOR)
    assert listed["bits"] == 2
    compressed = packed(STATUSES)
    assert zlib.decompress(compressed) == zlib.decompress(listed["lst"])
    assert compressed == listed["lst"]


def test_every_place_is_given_once() -> None:
    """A permutation: none twice, none left out."""
    assert len({scattered(KEY, position) for position in range(PLACES)}) == PLACES


def test_neighbours_in_the_order_of_issue_are_none_in_the_list() -> None:
    """And another key spreads otherwise."""
    places = [scattered(KEY, position) for position in range(1000)]
    apart = sorted(abs(one - other) for one, other in pairwise(places))
    assert apart[len(apart) // 2] > PLACES // 10
    assert places != [scattered(bytes(32), position) for position in range(1000)]


def test_a_million_licences_with_one_in_a_hundred_revoked_stay_small() -> None:
    """Under 20 KB, as the draw of the revoked may fall; each is found, and no other."""
    draw = random.Random(20261127)
    revoked = draw.sample(range(1_000_000), 10_000)
    places = {scattered(KEY, position) for position in revoked}
    compressed = packed({Status.INVALID: places})
    assert len(compressed) < 20_000
    assert all(status_at(compressed, place) == Status.INVALID for place in places)
    assert sum(byte.bit_count() for byte in zlib.decompress(compressed)) == len(places)
