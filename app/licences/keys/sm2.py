"""SM2 signatures with SM3 (GB/T 32918.2) through Tongsuo's library: a millisecond each, so they belong in a thread.

The digest begins with ZA of the id ``1234567812345678`` (GB/T 35276), as Tongsuo does it. A signature is r and s, 32
bytes each; a public key is a point that is not compressed, 65 bytes; a private key is 32 bytes.
"""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from tongsuopy.crypto import hashes
from tongsuopy.crypto.asymciphers import ec
from tongsuopy.crypto.exceptions import InternalError, InvalidSignature
from tongsuopy.crypto.serialization import Encoding, PublicFormat

_HALF = 32
_SIGNATURE_BYTES = 2 * _HALF
_ALGORITHM = ec.ECDSA(hashes.SM3())  # Tongsuo's name for it; with a key on SM2's curve it is SM2


def make_private() -> bytes:
    """A new private key."""
    value: int = ec.generate_private_key(ec.SM2()).private_numbers().private_value
    return value.to_bytes(_HALF, "big")


def public_of(private: bytes) -> bytes:
    """The public key of a private one."""
    return bytes(_private(private).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def sign(private: bytes, data: bytes) -> bytes:
    """A signature over the data."""
    r, s = decode_dss_signature(_private(private).sign(data, _ALGORITHM))
    return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def is_signed(public: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the signature over the data was made by the private half of this key."""
    if len(signature) != _SIGNATURE_BYTES:
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SM2(), public)
        key.verify(encode_dss_signature(r, s), data, _ALGORITHM)
    except (InvalidSignature, InternalError, ValueError):
        return False
    return True


@lru_cache(maxsize=16)
def _private(private: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(private, "big"), ec.SM2())
