"""WeChat's side of its secure mode, written from the documentation alone on plain ``cryptography``.

It shares no code with the product's codec, so that each is the other's second opinion.
"""

import hashlib
import secrets
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

_BLOCK = 32
_RANDOM = 16
_LENGTH = 4


class UnsealedError(Exception):
    """An answer that does not open as WeChat would open it; the text says why."""


def sign(*parts: str) -> str:
    """The SHA-1, in hexadecimal, of the parts sorted and joined."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def _cipher(aes_key: str) -> Cipher[CBC]:
    key = b64decode(aes_key + "=")
    return Cipher(AES256(key), CBC(key[:16]))


def seal(text: str, aes_key: str, appid: str) -> str:
    """The text under an EncodingAESKey of 43 characters, in base64."""
    content = text.encode()
    frame = secrets.token_bytes(_RANDOM) + len(content).to_bytes(_LENGTH, "big") + content + appid.encode()
    missing = _BLOCK - len(frame) % _BLOCK
    encryptor = _cipher(aes_key).encryptor()
    return b64encode(encryptor.update(frame + bytes([missing]) * missing) + encryptor.finalize()).decode()


def unseal(sealed: str, aes_key: str, appid: str) -> str:
    """The text in the product's sealed answer; raises UnsealedError."""
    try:
        data = b64decode(sealed, validate=True)
        decryptor = _cipher(aes_key).decryptor()
        frame = decryptor.update(data) + decryptor.finalize()
    except ValueError:
        raise UnsealedError("not a sealed text") from None
    missing = frame[-1] if frame else 0
    if not 1 <= missing <= _BLOCK or frame[-missing:] != bytes([missing]) * missing:
        raise UnsealedError("wrong padding")
    start = _RANDOM + _LENGTH
    end = start + int.from_bytes(frame[_RANDOM:start], "big")
    if frame[end:-missing] != appid.encode():
        raise UnsealedError("another appid")
    try:
        return frame[start:end].decode()
    except UnicodeDecodeError:
        raise UnsealedError("not UTF-8") from None
