"""WeChat's sealed envelope written a second time, from its documentation and with ``cryptography`` alone."""

import base64
import hashlib
import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK_BITS = 256


def _cipher(key: str) -> Cipher[modes.CBC]:
    secret = base64.b64decode(key + "=")
    return Cipher(algorithms.AES(secret), modes.CBC(secret[:16]))


def signature_of(token: str, *parts: str) -> str:
    """The signature over a token and what goes with it."""
    return hashlib.sha1("".join(sorted((token, *parts))).encode()).hexdigest()  # noqa: S324  # WeChat's choice


def seal_frame(key: str, content: bytes, appid: bytes, *, length: int | None = None, random: bytes = b"r" * 16) -> str:
    """Seal a content, whose length may be told wrong; in base64."""
    frame = random + struct.pack(">I", len(content) if length is None else length) + content + appid
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(padder.update(frame) + padder.finalize()) + encryptor.finalize()).decode()


def open_frame(keys: Sequence[str], encrypt: str, appid: bytes) -> bytes:
    """The content under the first key that fits. Raises ValueError."""
    for key in keys:
        decryptor = _cipher(key).decryptor()
        unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
        try:
            plain = decryptor.update(base64.b64decode(encrypt, validate=True)) + decryptor.finalize()
            frame = unpadder.update(plain) + unpadder.finalize()
            (length,) = struct.unpack(">I", frame[16:20])
        except (ValueError, struct.error):
            continue
        if frame[20 + length :] == appid and len(frame) >= 20 + length:
            return frame[20 : 20 + length]
    raise ValueError("no key opens it")
