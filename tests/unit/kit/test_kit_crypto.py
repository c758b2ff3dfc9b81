"""Sealing: what was sealed opens for its place and its key alone, in every format."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SM3, Hash
from hypothesis import given
from hypothesis import strategies as st

from app.kit.ciphers import PROFILES, ProfileName, Sm4Gcm, hmac_sm3
from app.kit.crypto import Keyring, SealBrokenError
from app.kit.lookups import LENGTH

OLD, NEW, LOOKUP = b"o" * 32, b"n" * 32, {"1": b"l" * 32, "2": b"m" * 32}
KEYS = {"2025": OLD, "2026": NEW}
RINGS = {name: Keyring(KEYS, "2026", LOOKUP, "2", name) for name in get_args(ProfileName)}
COUNTED = bytes(range(1, 33))


def sealed_direct(plain: bytes, place: str, key_id: str = "2026") -> bytes:
    """A value in format 1, as running databases hold it."""
    head, nonce = bytes((1, len(key_id))) + key_id.encode(), b"twelve bytes"
    return head + nonce + AESGCM(KEYS[key_id]).encrypt(nonce, plain, head + place.encode())


SEALS = {**{name: ring.seal for name, ring in RINGS.items()}, "direct": sealed_direct}
every_format = pytest.mark.parametrize("form", SEALS)
every_ring = pytest.mark.parametrize("ring", RINGS.values(), ids=list(RINGS))


@every_format
@every_ring
@given(plain=st.binary(), place=st.text())
def test_what_is_sealed_opens_again(form: str, ring: Keyring, plain: bytes, place: str) -> None:
    """Any bytes, any place, each format under each profile's ring; and the key id stands beside the ciphertext."""
    sealed = SEALS[form](plain, place)
    assert ring.open(sealed, place) == plain
    assert sealed[2:6] == b"2026"


def test_the_profile_chooses_what_seals() -> None:
    """Format 2 is AES's, format 3 SM4's; what is sealed begins with the ring's head."""
    for name, number in (("aes", 2), ("sm", 3)):
        ring = RINGS[name]
        assert ring.seal(b"x", "p").startswith(ring.head)
        assert ring.head == bytes((number, 4)) + b"2026"


def taken_apart(name: ProfileName, sealed: bytes, place: str) -> tuple[bytes, bytes, bytes]:
    """The wrapped part with its nonce, the data key, and the rest, by the published algorithms alone."""
    profile, head = PROFILES[name], RINGS[name].head
    end = len(head) + 12 + profile.key_size + 16
    outer, rest = sealed[len(head) : end], sealed[end:]
    key = profile.cipher(profile.master(NEW)).decrypt(outer[:12], outer[12:], head + place.encode())
    return outer, key, rest


@pytest.mark.parametrize("name", RINGS)
def test_equal_values_look_different_at_rest(name: ProfileName) -> None:
    """Each has a data key and nonces of its own."""
    values = [taken_apart(name, RINGS[name].seal(b"x", "a.b"), "a.b") for _ in range(100)]
    for parts in (
        {key for _, key, _ in values},
        {outer[:12] for outer, _, _ in values},
        {rest[:12] for _, _, rest in values},
    ):
        assert len(parts) == 100


@every_format
def test_a_value_moved_elsewhere_does_not_open(form: str) -> None:
    """The place is authenticated."""
    sealed = SEALS[form](b"x", "citizens.name")
    with pytest.raises(SealBrokenError):
        RINGS["aes"].open(sealed, "citizens.phone")


@pytest.mark.parametrize("name", RINGS)
def test_both_layers_know_the_place_and_the_head(name: ProfileName) -> None:
    """A body made for another place does not open beside a data key that was wrapped for this one."""
    ring, cipher, place = RINGS[name], PROFILES[name].cipher, b"citizens.name"
    outer, key, rest = taken_apart(name, ring.seal(b"x", place.decode()), place.decode())
    nonce, body = rest[:12], rest[12:]
    assert cipher(key).decrypt(nonce, body, ring.head + place) == b"x"
    moved = cipher(key).encrypt(nonce, b"x", ring.head + b"citizens.phone")
    with pytest.raises(SealBrokenError):
        ring.open(ring.head + outer + nonce + moved, place.decode())


@every_format
@given(data=st.data())
def test_a_flipped_bit_is_found(form: str, data: st.DataObject) -> None:
    """Anywhere, head and key id included."""
    sealed = bytearray(SEALS[form](b"11010519491231002X", "p"))
    bit = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBrokenError):
        RINGS["aes"].open(bytes(sealed), "p")


@every_format
@given(plain=st.binary(max_size=40), data=st.data())
def test_what_was_cut_off_or_added_to_does_not_open(form: str, plain: bytes, data: st.DataObject) -> None:
    """At any length."""
    sealed = SEALS[form](plain, "p")
    for changed in (sealed[: data.draw(st.integers(0, len(sealed) - 1))], sealed + b"\0"):
        with pytest.raises(SealBrokenError):
            RINGS["sm"].open(changed, "p")


@every_format
def test_another_key_under_the_same_id_opens_nothing(form: str) -> None:
    """The id names a key and proves none."""
    with pytest.raises(SealBrokenError):
        Keyring({"2026": OLD}, "2026", LOOKUP, "1").open(SEALS[form](b"x", "p"), "p")


@given(st.binary(max_size=160), st.sampled_from(range(5)))
def test_what_nobody_sealed_is_one_clear_error(rubbish: bytes, form: int) -> None:
    """Also nothing at all, and what begins as a sealed value does."""
    for value in (rubbish, bytes((form, 4)) + b"2026" + rubbish):
        with pytest.raises(SealBrokenError):
            RINGS["aes"].open(value, "p")


@pytest.mark.parametrize("profile", RINGS)
def test_keys_rotate_by_adding_one_and_naming_it(profile: ProfileName) -> None:
    """What the old key sealed still opens; a ring without it says so."""
    before = Keyring({"2025": OLD}, "2025", LOOKUP, "1", profile).seal(b"x", "p")
    assert RINGS["aes"].open(before, "p") == b"x"
    with pytest.raises(SealBrokenError):
        Keyring({"2026": NEW}, "2026", LOOKUP, "1").open(before, "p")


def test_lookups_are_keyed_and_kept_apart_by_purpose() -> None:
    """Nobody without the key can try numbers out."""
    ring, other = RINGS["aes"], Keyring(KEYS, "2026", LOOKUP, "1")
    assert ring.lookup("1", "phone") == ring.lookup("1", "phone")
    made = (ring.lookup("1", "phone"), ring.lookup("1", "id_number"), other.lookup("1", "phone"))
    assert len({text[-64:] for text in made}) == 3


@given(st.text())
def test_what_any_ring_hashed_is_looked_for(value: str) -> None:
    """Whatever key and profile is active, whatever was before; hashes that name no key included, and no other value."""
    sought = RINGS["aes"].lookups(value, "phone")
    for active in LOOKUP:
        made = {name: Keyring(KEYS, "2026", LOOKUP, active, name).lookup(value, "phone") for name in RINGS}
        assert {*made.values(), made["aes"][-64:]} <= set(sought)
    assert len(sought) == 6
    assert sought == RINGS["sm"].lookups(value, "phone") == sorted(sought)
    assert not set(sought) & set(RINGS["aes"].lookups(value + "x", "phone"))


def test_a_hash_names_its_key_and_profile_and_fits_its_column() -> None:
    """With the known answers of another implementation.

    ``printf 'phone\\00013900000000' | openssl dgst -sm3 -mac HMAC -macopt hexkey:0102…20``, and ``-sha256``.
    """
    made = {name: Keyring(KEYS, "2026", {"1": COUNTED}, "1", name).lookup("13900000000", "phone") for name in RINGS}
    assert made == {
        "aes": "1:aes:093650464a764f8e4ee9179acd9e8adb98c515a8847c6d3964ce9b88cfc4c705",
        "sm": "1:sm:a85ec9706b39d8ff396a0ff18e432f7f14c846cbd946ae32336519056ababfdc",
    }
    longest = "k" * 32
    assert len(Keyring(KEYS, "2026", {longest: COUNTED}, longest).lookup("x" * 99, "phone")) <= LENGTH


@pytest.mark.parametrize(
    "change",
    [
        {"active": "b"},
        {"keys": {"a": b"short"}},
        {"keys": {"a": OLD, "": OLD}},
        {"keys": {"a": OLD, "k" * 33: OLD}},
        {"keys": {"a": OLD, "钥": OLD}},
        {"lookup": {"1": b"short"}},
        {"lookup": {"1": OLD, "2:": OLD}},
        {"lookup_active": "2"},
    ],
)
def test_a_ring_that_cannot_work_is_refused(change: dict[str, Any]) -> None:
    """At the start, not at the first citizen."""
    works: Callable[..., Keyring] = partial(Keyring, keys={"a": OLD}, active="a", lookup={"1": OLD}, lookup_active="1")
    works()
    with pytest.raises(ValueError, match="key"):
        works(**change)


def test_sm3_and_sm4_are_the_published_ones() -> None:
    """The examples of GB/T 32905 and GB/T 32907."""
    digest = Hash(SM3())
    digest.update(b"abc")
    assert digest.finalize().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    encrypted = Cipher(algorithms.SM4(block), modes.ECB()).encryptor().update(block)  # noqa: S305  # the example's mode
    assert encrypted.hex() == "681edf34d206965e86b3e94f536e4246"


def test_sm4_gcm_is_the_published_one() -> None:
    """RFC 8998, appendix A.1."""
    cipher, nonce = Sm4Gcm(bytes.fromhex("0123456789abcdeffedcba9876543210")), bytes.fromhex("00001234567800000000abcd")
    plain = bytes.fromhex("".join(digit * 16 for digit in "abcdefea"))
    known = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    sealed = cipher.encrypt(nonce, plain, known)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert cipher.decrypt(nonce, sealed, known) == plain


def test_aes_gcm_is_the_published_one() -> None:
    """Test case 16 of McGrew and Viega, The Galois/Counter Mode of Operation."""
    cipher = PROFILES["aes"].cipher(bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2))
    plain = (
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    known = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    assert cipher.encrypt(bytes.fromhex("cafebabefacedbaddecaf888"), bytes.fromhex(plain), known).hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )


def test_hmac_sm3_is_the_published_one() -> None:
    """GM/T 0042-2015, appendix D.3, first example."""
    message = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq" * 2
    assert hmac_sm3(COUNTED, message).hex() == "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a"


def test_the_sm4_master_key_is_derived_as_written() -> None:
    """HKDF (RFC 5869) with SM3, compared with another implementation.

    ``openssl kdf -keylen 16 -kdfopt digest:SM3 -kdfopt hexkey:0102…20 -kdfopt info:'jiaban sm4-gcm master' HKDF``
    """
    assert PROFILES["sm"].master(COUNTED).hex() == "d4b4eafa233705907823170dc1715a29"
