"""The sealed envelope of WeChat's secure mode: signature outside, AES-256-CBC inside.

The key is the base64 text of 43 characters with "=" appended, the initial vector its first 16 bytes, the padding
PKCS7 on blocks of 32; inside are 16 random bytes, the text's length in four bytes (big-endian), the text and the appid.
Source: WeChat's documentation of message encryption.

wechatpy's own envelope compares signatures in a time that depends on them, does not look at the padding, takes its
random bytes from a guessable source and brings 7 MB along. Tests hold what is made here against it.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from wechat.errors import CallbackRefusedError

_KEY_BYTES = 32
_BLOCK = 32
_RANDOM_BYTES = 16
_LENGTH_END = _RANDOM_BYTES + 4


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text that was sealed, in base64, and its signature."""

    encrypt: str
    signature: str


class Envelope:
    """Seals and opens for one app. ``aes_keys`` are EncodingAESKeys, the current first, then the previous ones.

    Raises ValueError for a key that is not 43 characters of base64; the key is not named.
    """

    def __init__(self, appid: str, token: str, aes_keys: Sequence[str]) -> None:
        self._appid = appid.encode()
        self._token = token
        self._ciphers = [_cipher(_decode_key(key)) for key in aes_keys]

    def check(self, signature: str, *parts: str) -> None:
        """Compare a signature over the token and ``parts`` in constant time.

        Raises CallbackRefusedError (signature).
        """
        try:
            expected = self._sign(*parts)
            equal = hmac.compare_digest(expected.encode(), signature.encode())
        except UnicodeEncodeError:
            equal = False
        if not equal:
            raise CallbackRefusedError("signature")

    def unseal(self, encrypt: str) -> str:
        """Open with the first key that fits. Raises CallbackRefusedError (decrypt, or appid for another app's)."""
        try:
            data = base64.b64decode(encrypt, validate=True)
        except ValueError:
            raise CallbackRefusedError("decrypt") from None
        refused = CallbackRefusedError("decrypt")
        for cipher in self._ciphers:
            try:
                return self._unframe(cipher, data)
            except CallbackRefusedError as error:
                # Another app's name tells more than a key that does not fit.
                refused = error if error.reason == "appid" else refused
        raise refused

    def seal(self, text: str, timestamp: str, nonce: str, *, random: bytes | None = None) -> Sealed:
        """Seal with the current key and sign. ``random`` (16 bytes) is given only where a result must repeat.

        Raises ValueError where there is no key.
        """
        if not self._ciphers:
            raise ValueError("there is no AES key to seal with")
        content = text.encode()
        prefix = random or secrets.token_bytes(_RANDOM_BYTES)
        frame = prefix + len(content).to_bytes(4, "big") + content + self._appid
        encrypt = base64.b64encode(_encrypted(self._ciphers[0], frame)).decode()
        return Sealed(encrypt, self._sign(timestamp, nonce, encrypt))

    def _sign(self, *parts: str) -> str:
        said = b"".join(sorted(part.encode() for part in (self._token, *parts)))
        return hashlib.sha1(said, usedforsecurity=False).hexdigest()  # what WeChat chose

    def _unframe(self, cipher: Cipher[CBC], data: bytes) -> str:
        if not data or len(data) % _BLOCK:
            raise CallbackRefusedError("decrypt")
        opened = cipher.decryptor()
        frame = opened.update(data) + opened.finalize()
        padding = frame[-1]
        if not 1 <= padding <= _BLOCK or frame[-padding:] != bytes([padding]) * padding:
            raise CallbackRefusedError("decrypt")
        frame = frame[:-padding]
        end = _LENGTH_END + int.from_bytes(frame[_RANDOM_BYTES:_LENGTH_END], "big")
        if len(frame) < _LENGTH_END or end > len(frame):
            raise CallbackRefusedError("decrypt")
        if not hmac.compare_digest(frame[end:], self._appid):
            raise CallbackRefusedError("appid")
        try:
            return frame[_LENGTH_END:end].decode()
        except UnicodeDecodeError:
            raise CallbackRefusedError("decrypt") from None


def _cipher(key: bytes) -> Cipher[CBC]:
    return Cipher(AES256(key), CBC(key[:16]))


def _encrypted(cipher: Cipher[CBC], frame: bytes) -> bytes:
    missing = _BLOCK - len(frame) % _BLOCK
    sealed = cipher.encryptor()
    return sealed.update(frame + bytes([missing]) * missing) + sealed.finalize()


def _decode_key(key: str) -> bytes:
    try:
        decoded = base64.b64decode(key + "=", validate=True)
    except ValueError:
        decoded = b""
    if len(decoded) != _KEY_BYTES:
        raise ValueError("an EncodingAESKey is 43 characters of base64")
    return decoded
