"""Sealing: what was sealed opens for its place and its key alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.crypto import Keyring, SealBrokenError

OLD, NEW, LOOKUP = b"o" * 32, b"n" * 32, b"l" * 32
RING = Keyring({"2025": OLD, "2026": NEW}, "2026", LOOKUP)


@given(st.binary(), st.text())
def test_what_is_sealed_opens_again(plain: bytes, place: str) -> None:
    """Any bytes, any place; and the key id stands beside the ciphertext."""
    sealed = RING.seal(plain, place)
    assert RING.open(sealed, place) == plain
    assert sealed[2:6] == b"2026"


def test_equal_values_look_different_at_rest() -> None:
    """A nonce of its own for each."""
    assert RING.seal(b"x", "a.b") != RING.seal(b"x", "a.b")


def test_a_value_moved_elsewhere_does_not_open() -> None:
    """The place is authenticated."""
    sealed = RING.seal(b"x", "citizens.name")
    with pytest.raises(SealBrokenError):
        RING.open(sealed, "citizens.phone")


@given(st.data())
def test_a_changed_byte_is_found(data: st.DataObject) -> None:
    """Anywhere, head and key id included."""
    sealed = bytearray(RING.seal(b"11010519491231002X", "p"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBrokenError):
        RING.open(bytes(sealed), "p")


@given(st.binary(max_size=40), st.data())
def test_what_was_cut_off_or_added_to_does_not_open(plain: bytes, data: st.DataObject) -> None:
    """At any length."""
    sealed = RING.seal(plain, "p")
    for changed in (sealed[: data.draw(st.integers(0, len(sealed) - 1))], sealed + b"\0"):
        with pytest.raises(SealBrokenError):
            RING.open(changed, "p")


def test_another_key_under_the_same_id_opens_nothing() -> None:
    """The id names a key and proves none."""
    with pytest.raises(SealBrokenError):
        Keyring({"2026": OLD}, "2026", LOOKUP).open(RING.seal(b"x", "p"), "p")


@given(st.binary(max_size=60))
def test_what_nobody_sealed_is_one_clear_error(rubbish: bytes) -> None:
    """Also nothing at all."""
    with pytest.raises(SealBrokenError):
        RING.open(rubbish, "p")


def test_keys_rotate_by_adding_one_and_naming_it() -> None:
    """What the old key sealed still opens; a ring without it says so."""
    before = Keyring({"2025": OLD}, "2025", LOOKUP).seal(b"x", "p")
    assert RING.open(before, "p") == b"x"
    with pytest.raises(SealBrokenError):
        Keyring({"2026": NEW}, "2026", LOOKUP).open(before, "p")


def test_lookups_are_keyed_and_kept_apart_by_purpose() -> None:
    """Nobody without the key can try numbers out."""
    assert RING.lookup("1", "phone") == RING.lookup("1", "phone")
    other = Keyring({"2026": NEW}, "2026", b"m" * 32)
    assert len({RING.lookup("1", "phone"), RING.lookup("1", "id_number"), other.lookup("1", "phone")}) == 3


@pytest.mark.parametrize(
    ("keys", "active", "lookup"),
    [({"a": OLD}, "b", LOOKUP), ({"a": b"short"}, "a", LOOKUP), ({"a": OLD}, "a", b"short")],
)
def test_a_ring_that_cannot_work_is_refused(keys: dict[str, bytes], active: str, lookup: bytes) -> None:
    """At the start, not at the first citizen."""
    with pytest.raises(ValueError, match="key"):
        Keyring(keys, active, lookup)
