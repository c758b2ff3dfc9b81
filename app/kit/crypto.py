"""Sealing personal data at rest, and finding it again without opening it.

A sealed value is ``format (1 byte) | length of the key id (1) | key id | nonce (12) | ciphertext and tag``. Format 1 is
AES-256-GCM; the place the value stands in (table and column) is authenticated with it, so that a value moved
elsewhere does not open. The key id stands beside the ciphertext: keys rotate by adding one and naming it active.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_AES_256_GCM = 1
_NONCE = 12
_KEY = 32


class SealBrokenError(Exception):
    """A sealed value that no key of the ring opens: damaged, moved, or its key is gone."""


class Keyring:
    """The keys that seal and open, and the key that makes lookup hashes."""

    def __init__(self, keys: Mapping[str, bytes], active: str, lookup: bytes) -> None:
        """``keys`` maps key ids (1 to 32 ASCII characters) to 32 bytes; ``active`` seals; ``lookup`` has 32 bytes."""
        if active not in keys:
            raise ValueError("the active encryption key is not in the ring")
        if any(len(key) != _KEY for key in keys.values()) or len(lookup) != _KEY:
            raise ValueError("encryption and lookup keys have 32 bytes")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._active = active
        self._lookup = lookup

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt ``plain`` for ``place``."""
        key_id, nonce = self._active.encode(), os.urandom(_NONCE)
        head = bytes((_AES_256_GCM, len(key_id))) + key_id
        return head + nonce + self._ciphers[self._active].encrypt(nonce, plain, head + place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt what ``seal`` made for the same place. Raises SealBrokenError."""
        try:
            end = 2 + sealed[1]
            head, nonce, body = sealed[:end], sealed[end : end + _NONCE], sealed[end + _NONCE :]
            if head[0] != _AES_256_GCM:
                raise SealBrokenError("unknown format")
            return self._ciphers[head[2:].decode()].decrypt(nonce, body, head + place.encode())
        except (IndexError, KeyError, ValueError, InvalidTag) as error:
            raise SealBrokenError("no key of the ring opens this value") from error

    def lookup(self, value: str, purpose: str) -> str:
        """A keyed hash (HMAC-SHA256 in hexadecimal) by which equal values of one purpose are found."""
        return hmac.new(self._lookup, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


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
