"""The two signature algorithms of licences, by their numbers in COSE (RFC 9053), and what keys may be for."""

import asyncio
from enum import IntEnum, StrEnum
from types import ModuleType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.licences.keys.errors import KeyActError


class Algorithm(IntEnum):
    """EdDSA is registered. SM2 with SM3 (GB/T 32918.2) is not: its number is of those for private use."""

    EDDSA = -8
    SM2 = -65600


class Purpose(StrEnum):
    """What a key signs, and nothing else: live and held codes, codes on paper, status lists, credentials."""

    CODE = "code"
    PAPER = "paper"
    STATUS = "status"
    CREDENTIAL = "credential"


def sm2() -> ModuleType:
    """``app/licences/keys/sm2.py``, whose library is not there for every machine. Raises KeyActError."""
    try:
        from app.licences.keys import sm2 as module
    except ImportError as error:
        raise KeyActError("SM2 needs Tongsuo's library here: install jiaban with the extra sm2") from error
    return module


async def is_signed(algorithm: Algorithm, public: bytes, data: bytes, signature: bytes) -> bool:
    """Whether this signature over the data was made by the private half of this public key.

    ``public`` is 32 bytes of Ed25519, or of SM2 the 65 bytes of a point that is not compressed. SM2 is slow enough to
    go to a thread. Raises KeyActError where its library is not installed.
    """
    if algorithm is Algorithm.SM2:
        signed: bool = await asyncio.to_thread(sm2().is_signed, public, data, signature)
        return signed
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        return False
    return True
