"""The algorithms of the two profiles: ``aes`` (AES-256-GCM, HMAC-SHA256) and ``sm`` (SM4-GCM, HMAC-SM3).

SM3 is GB/T 32905, SM4 is GB/T 32907, SM4 in GCM as in RFC 8998.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ProfileName = Literal["aes", "sm"]
NONCE = 12
TAG = 16
MASTER_KEY = 32


class Aead(Protocol):
    """Authenticated encryption under one key. The tag stands at the end of what is encrypted."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Encrypt ``data``, and authenticate ``associated_data`` with it."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Raises ``cryptography.exceptions.InvalidTag``, or ValueError for a nonce or tag that is too short."""


class Sm4Gcm:
    """SM4 in GCM, with the manners of ``AESGCM``."""

    def __init__(self, key: bytes) -> None:
        """``key`` has 16 bytes."""
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """See ``Aead``."""
        encryptor = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """See ``Aead``. Nothing is given out before the tag was found right."""
        decryptor = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG:])).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-TAG]) + decryptor.finalize()


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC (RFC 2104) with SHA-256."""
    return hmac.digest(key, message, hashlib.sha256)


def hmac_sm3(key: bytes, message: bytes) -> bytes:
    """HMAC (RFC 2104) with SM3."""
    mac = HMAC(key, SM3())
    mac.update(message)
    return mac.finalize()


def _sm4_master(master: bytes) -> bytes:
    """SM4 takes 16 bytes where the ring's keys have 32: they are derived (HKDF, RFC 5869), not cut off."""
    return HKDF(SM3(), SM4.key_size, salt=None, info=b"jiaban sm4-gcm master").derive(master)


@dataclass(frozen=True, slots=True)
class Profile:
    """What seals and hashes together. ``master`` makes the wrapping key from the 32 bytes of the ring."""

    name: ProfileName
    key_size: int
    cipher: Callable[[bytes], Aead]
    master: Callable[[bytes], bytes]
    mac: Callable[[bytes, bytes], bytes]


AES = Profile("aes", 32, AESGCM, bytes, hmac_sha256)
SM4 = Profile("sm", 16, Sm4Gcm, _sm4_master, hmac_sm3)
PROFILES: dict[str, Profile] = {profile.name: profile for profile in (AES, SM4)}
