"""Private keys that stand in their rows, sealed: a handle is the key itself in hexadecimal."""

import asyncio
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.licences.keys.algorithms import Algorithm, sm2


class RowKeeper:
    """Makes keys that are kept as their rows' handles, and signs with them. See ``KeyHolder``.

    SM2 raises KeyActError where its library is not installed.
    """

    async def make(self, algorithm: Algorithm) -> str:
        """A new private key."""
        if algorithm is Algorithm.SM2:
            private: bytes = await asyncio.to_thread(sm2().make_private)
            return private.hex()
        return Ed25519PrivateKey.generate().private_bytes_raw().hex()

    async def public_key(self, algorithm: Algorithm, handle: str) -> bytes:
        """The public half."""
        if algorithm is Algorithm.SM2:
            public: bytes = await asyncio.to_thread(sm2().public_of, bytes.fromhex(handle))
            return public
        return _ed25519(handle).public_key().public_bytes_raw()

    async def sign(self, algorithm: Algorithm, handle: str, data: bytes) -> bytes:
        """A signature; SM2 in a thread."""
        if algorithm is Algorithm.SM2:
            signature: bytes = await asyncio.to_thread(sm2().sign, bytes.fromhex(handle), data)
            return signature
        return _ed25519(handle).sign(data)


@lru_cache(maxsize=16)
def _ed25519(handle: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(handle))
