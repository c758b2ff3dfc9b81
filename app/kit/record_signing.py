"""What the city vouches for long after: receipts and the heads of the audit, signed with Ed25519 (RFC 8032).

Each signature is over a context and the data, so that what was signed for one purpose proves nothing in another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Context = Literal["receipt", "checkpoint"]


def signed_text(context: Context, data: bytes) -> bytes:
    """The bytes that are signed: ``jiaban:<context>:`` and the data."""
    return b"jiaban:" + context.encode() + b":" + data


@dataclass(frozen=True, slots=True)
class RecordSignature:
    """A signature of 64 bytes and the id of the key that made it."""

    key_id: str
    value: bytes


class RecordSigner:
    """Signs records, and checks them, with a ring of Ed25519 keys by key id; ``active`` signs.

    ``known`` are public keys whose private ones nobody has any more: what they signed is believed as before.
    """

    def __init__(
        self, keys: Mapping[str, Ed25519PrivateKey], active: str, known: Mapping[str, Ed25519PublicKey] | None = None
    ) -> None:
        self._private, self._active = keys[active], active
        self._public = {**(known or {}), **{key_id: key.public_key() for key_id, key in keys.items()}}

    def sign(self, context: Context, data: bytes) -> RecordSignature:
        """Sign data for one purpose."""
        return RecordSignature(self._active, self._private.sign(signed_text(context, data)))

    def is_ours(self, context: Context, data: bytes, signature: RecordSignature) -> bool:
        """Whether a key of the ring made this signature for this purpose."""
        public = self._public.get(signature.key_id)
        if public is None:
            return False
        try:
            public.verify(signature.value, signed_text(context, data))
        except InvalidSignature:
            return False
        return True

    def public_keys(self) -> dict[str, str]:
        """The public keys in PEM (RFC 8410), which OpenSSL reads, by key id."""
        return {
            key_id: key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
            for key_id, key in self._public.items()
        }
