"""Codes: CBOR Web Tokens in COSE, signed with Ed25519, in base32."""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import text

from app.kit.codes import CodeMalformedError, code_of, token_in
from app.kit.crypto import keyring
from app.licences.codes import Claims, wire
from app.licences.verifying.verdicts import Reason
from bench.peers.fastapi_house.database import new_session


@dataclass(frozen=True, slots=True)
class Key:
    """A key that signs codes."""

    id: bytes
    algorithm: int
    private: Ed25519PrivateKey
    public: Ed25519PublicKey


keys: dict[bytes, Key] = {}


async def read_keys() -> None:
    """Read the keys once, at the start."""
    async with new_session() as session:
        for row in await session.execute(text("SELECT id, algorithm, handle FROM licence_keys WHERE purpose = 'code'")):
            secret = bytes.fromhex(keyring().open(row.handle, "licence_keys.handle").decode())
            private = Ed25519PrivateKey.from_private_bytes(secret)
            keys[row.id.encode()] = Key(row.id.encode(), row.algorithm, private, private.public_key())


def read_code(text: str) -> tuple[Claims, str]:
    """What a code says and its digest. Raises CodeMalformedError."""
    code = code_of(token_in(text, "V").upper())
    header, payload, signature = wire.parts_of(code)
    key = keys.get(wire.key_of(header)[0])
    if key is None:
        raise CodeMalformedError(Reason.UNKNOWN_KEY)
    try:
        key.public.verify(signature, wire.signed_data(header, payload))
    except InvalidSignature as error:
        raise CodeMalformedError(Reason.MALFORMED) from error
    return wire.claims_of(payload), hashlib.sha256(code).hexdigest()
