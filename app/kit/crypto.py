"""Sealing personal data at rest, and finding it again without opening it.

Every value has a data key of its own, which is wrapped by a master key of the ring. A sealed value is
``head | nonce (12) | wrapped data key | nonce (12) | ciphertext and tag``, its head ``format (1 byte) | length of the
key id (1) | key id``. Format 2 wraps and encrypts with AES-256-GCM, format 3 with SM4-GCM. Format 1, which is opened
and no longer made, is ``head | nonce (12) | ciphertext and tag`` under the master key itself, with AES-256-GCM.

The head and the place the value stands in (table and column, or the blob's key) are authenticated in both layers, so
that a value moved elsewhere does not open. The key id stands in the head: keys rotate by adding one and naming it
active (``app/kit/rotation.py`` renews the rest).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag

from app.kit.ciphers import AES, MASTER_KEY, NONCE, PROFILES, TAG, Aead, Profile, ProfileName
from app.kit.lookups import LookupRing

_DIRECT = 1
_FORMATS = {"aes": 2, "sm": 3}
FORMAT_NAMES = {_DIRECT: "direct", **{number: name for name, number in _FORMATS.items()}}
HEAD_LENGTH = 2 + 32
_KEY_ID = re.compile(r"[ -~]{1,32}")


class SealBrokenError(Exception):
    """A sealed value that no key of the ring opens: damaged, moved, or its key is gone."""


class _Opener(Protocol):
    def open(self, rest: bytes, authenticated: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Direct:
    master: Aead

    def open(self, rest: bytes, authenticated: bytes) -> bytes:
        return self.master.decrypt(rest[:NONCE], rest[NONCE:], authenticated)


@dataclass(frozen=True, slots=True)
class _Envelope:
    master: Aead
    profile: Profile

    def seal(self, plain: bytes, authenticated: bytes) -> bytes:
        drawn = os.urandom(self.profile.key_size + 2 * NONCE)
        key, outer, inner = drawn[: -2 * NONCE], drawn[-2 * NONCE : -NONCE], drawn[-NONCE:]
        wrapped = self.master.encrypt(outer, key, authenticated)
        return outer + wrapped + inner + self.profile.cipher(key).encrypt(inner, plain, authenticated)

    def open(self, rest: bytes, authenticated: bytes) -> bytes:
        body = NONCE + self.profile.key_size + TAG
        key = self.master.decrypt(rest[:NONCE], rest[NONCE:body], authenticated)
        return self.profile.cipher(key).decrypt(rest[body : body + NONCE], rest[body + NONCE :], authenticated)


def _head(form: int, key_id: str) -> bytes:
    return bytes((form, len(key_id))) + key_id.encode()


class Keyring:
    """The keys that seal and open, and the keys that make lookup hashes."""

    def __init__(
        self,
        keys: Mapping[str, bytes],
        active: str,
        lookup: Mapping[str, bytes],
        lookup_active: str,
        profile: ProfileName = "aes",
    ) -> None:
        """``keys`` and ``lookup`` map key ids (1 to 32 ASCII characters) to 32 bytes; the active ones seal and hash.

        ``profile`` chooses what seals and hashes; what the other profile made opens all the same. ``head`` and
        ``lookup_head`` are what every value and hash begins with that is made now. Raises ValueError.
        """
        if active not in keys:
            raise ValueError("the active encryption key is not in the ring")
        if not all(_KEY_ID.fullmatch(key_id) and len(key) == MASTER_KEY for key_id, key in keys.items()):
            raise ValueError("an encryption key has 32 bytes, and an id of 1 to 32 ASCII characters")
        self._openers: dict[bytes, _Opener] = {}
        for key_id, key in keys.items():
            self._openers[_head(_DIRECT, key_id)] = _Direct(AES.cipher(key))
            for one in PROFILES.values():
                self._openers[_head(_FORMATS[one.name], key_id)] = _Envelope(one.cipher(one.master(key)), one)
        self.profile: ProfileName = profile
        chosen = PROFILES[profile]
        self._sealer = _Envelope(chosen.cipher(chosen.master(keys[active])), chosen)
        self.head = _head(_FORMATS[profile], active)
        self._lookups = LookupRing(lookup, lookup_active, profile)
        self.lookup_head = self._lookups.head

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt ``plain`` for ``place``."""
        return self.head + self._sealer.seal(plain, self.head + place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt what ``seal`` made for the same place. Raises SealBrokenError."""
        try:
            head = sealed[: 2 + sealed[1]]
            return self._openers[head].open(sealed[len(head) :], head + place.encode())
        except (IndexError, KeyError, ValueError, InvalidTag) as error:
            raise SealBrokenError("no key of the ring opens this value") from error

    def lookup(self, value: str, purpose: str) -> str:
        """The keyed hash to store, by which equal values of one purpose are found. At most 128 characters."""
        return self._lookups.make(value, purpose)

    def lookups(self, value: str, purpose: str) -> list[str]:
        """Every keyed hash of the value that rows may carry until all are renewed: what to look for."""
        return self._lookups.forms(value, purpose)


class _Installed:
    ring: Keyring | None = None


def install(ring: Keyring) -> None:
    """Make ``ring`` the one this process seals with."""
    _Installed.ring = ring


def keyring() -> Keyring:
    """The ring this process seals with. Raises RuntimeError before ``install``."""
    if _Installed.ring is None:
        raise RuntimeError("no keyring is installed")
    return _Installed.ring
