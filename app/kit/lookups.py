"""Keyed hashes by which sealed values are found without being opened.

A hash is ``<key id>:<profile>:<64 hexadecimal digits>``. Rows from before hashes named their key hold the digits alone,
made by the profile ``aes`` with the one key there was.
"""

import re
from collections.abc import Mapping

from app.kit.ciphers import AES, MASTER_KEY, PROFILES, ProfileName

LENGTH = 128
_KEY_ID = re.compile(r"[!-9;-~]{1,32}")


class LookupRing:
    """The keys that make lookup hashes; one of them, with one profile, makes those that are stored from now on."""

    def __init__(self, keys: Mapping[str, bytes], active: str, profile: ProfileName) -> None:
        """``keys`` maps key ids (1 to 32 printable ASCII characters, no colon) to 32 bytes. Raises ValueError."""
        if active not in keys:
            raise ValueError("the active lookup key is not in the ring")
        if not all(_KEY_ID.fullmatch(key_id) and len(key) == MASTER_KEY for key_id, key in keys.items()):
            raise ValueError("a lookup key has 32 bytes, and an id of 1 to 32 characters without a colon")
        self._keys = dict(keys)
        self._active = keys[active]
        self._profile = PROFILES[profile]
        self.head = f"{active}:{profile}:"

    def make(self, value: str, purpose: str) -> str:
        """The hash to store."""
        return self.head + self._profile.mac(self._active, _message(value, purpose)).hex()

    def forms(self, value: str, purpose: str) -> list[str]:
        """Every hash of the value that a row may carry, in a fixed order, those without a key id included."""
        message = _message(value, purpose)
        named = {
            f"{key_id}:{profile.name}:{profile.mac(key, message).hex()}"
            for key_id, key in self._keys.items()
            for profile in PROFILES.values()
        }
        return sorted(named | {AES.mac(key, message).hex() for key in self._keys.values()})


def _message(value: str, purpose: str) -> bytes:
    return f"{purpose}\0{value}".encode()
