"""Where private keys are: in rows, sealed, unless a device of the city's (an HSM, a 密码机) keeps them."""

from typing import Protocol

from app.licences.keys.algorithms import Algorithm


class KeyHolder(Protocol):
    """Keeps private keys and signs with them. A handle is what it calls a key by: at most 500 characters.

    A device that is away raises TryLaterError of ``app/kit/ports.py``. It must not hold up the event loop.
    """

    async def make(self, algorithm: Algorithm) -> str:
        """Make a key pair; its handle."""

    async def public_key(self, algorithm: Algorithm, handle: str) -> bytes:
        """The public half: 32 bytes of Ed25519, or the 65 bytes of a point of SM2 that is not compressed."""

    async def sign(self, algorithm: Algorithm, handle: str, data: bytes) -> bytes:
        """A signature of 64 bytes over the data: Ed25519 (RFC 8032), or r and s of SM2 with SM3.

        SM2 is over the digest that begins with ZA of the id ``1234567812345678`` (GB/T 35276).
        """
