"""A ring of keys without a database, to make and to attack codes with."""

import base64
import hashlib
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.catalogue.licence_type import Preset
from app.licences.codes import Claims, CodeKind, CodeSigner, SignedCode
from app.licences.keys.algorithms import Purpose

EDDSA, SM2 = -8, -65600
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key of the ring. One of SM2 signs by hashing: as long as the real one, and as short of a proof."""

    key_id: bytes
    algorithm: int
    purpose: Purpose
    private: Ed25519PrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """64 bytes."""
        if self.algorithm == EDDSA:
            return self.private.sign(data)
        return hashlib.sha512(self.private.private_bytes_raw() + data).digest()


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys by id; the first one of a purpose signs."""

    keys: dict[bytes, RingKey]

    async def active(self, purpose: Purpose) -> RingKey:
        """The one that signs."""
        return next(key for key in self.keys.values() if key.purpose == purpose)

    async def sign(self, key_id: bytes, data: bytes) -> bytes:
        """Its signature."""
        return self.keys[key_id].sign(data)

    async def verify(self, key_id: bytes, algorithm: int, data: bytes, signature: bytes, purpose: Purpose) -> bool:
        """As ``CodeKeys`` says."""
        key = self.keys.get(key_id)
        if key is None or (key.algorithm, key.purpose) != (algorithm, purpose):
            return False
        if key.algorithm == SM2:
            return key.sign(data) == signature
        try:
            key.private.public_key().verify(signature, data)
        except InvalidSignature:
            return False
        return True

    async def believes(self, key_id: bytes, algorithm: int, purpose: Purpose) -> bool:
        """As ``CodeKeys`` says."""
        key = self.keys.get(key_id)
        return key is not None and (key.algorithm, key.purpose) == (algorithm, purpose)

    async def published(self) -> list[RingKey]:
        """All."""
        return list(self.keys.values())


def private(seed: int) -> Ed25519PrivateKey:
    """The same key every time."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(bytes([seed])).digest())


def ring(*keys: RingKey) -> Ring:
    """A ring of these keys."""
    return Ring({key.key_id: key for key in keys})


LIVE_KEY = RingKey(b"c2345a", EDDSA, Purpose.CODE, private(1))
PAPER_KEY = RingKey(b"p2345a", EDDSA, Purpose.PAPER, private(2))
SM2_KEY = RingKey(b"cabcde", SM2, Purpose.CODE, private(3))
SM2_PAPER_KEY = RingKey(b"pabcde", SM2, Purpose.PAPER, private(5))
STRANGER = RingKey(b"c2345a", EDDSA, Purpose.CODE, private(4))
SIGNER = CodeSigner(ring(LIVE_KEY, PAPER_KEY, SM2_KEY))
SM2_SIGNER = CodeSigner(ring(SM2_KEY, SM2_PAPER_KEY))
ISSUED = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CLAIMS = Claims(
    kind=CodeKind.LIVE,
    nonce=bytes(range(16)),
    issued_at=ISSUED,
    expires_at=ISSUED + timedelta(seconds=60),
    reference=bytes(range(8)),
    licence_type="food_business",
    masked_holder="李*兰",
    valid_until=date(2031, 11, 21),
    preset=Preset.CARD,
    status_list=3,
    status_index=871_334,
)


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that waits for nothing: quicker than a loop for each of a hundred thousand."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise AssertionError("it waits for something")


def decoded(code: SignedCode) -> bytes:
    """The bytes behind a token."""
    return base64.b32decode(code.token + "=" * (-len(code.token) % 8))


def token(code: bytes) -> str:
    """The token of some bytes."""
    return base64.b32encode(code).decode().rstrip("=")


def parts(code: bytes) -> tuple[bytes, dict[object, object], bytes, bytes]:
    """Protected header, unprotected header, payload, signature."""
    protected, unprotected, payload, signature = cbor2.loads(code).value
    return protected, unprotected, payload, signature


def rebuilt(protected: object, unprotected: object, payload: object, signature: object) -> bytes:
    """A COSE_Sign1 of these parts."""
    return cbor2.dumps(cbor2.CBORTag(18, [protected, unprotected, payload, signature]))


def signed_by(key: RingKey, protected: bytes, payload: bytes, context: str = "Signature1") -> bytes:
    """A COSE_Sign1 with a genuine signature of any key over any header."""
    return rebuilt(protected, {}, payload, key.sign(cbor2.dumps([context, protected, b"", payload])))


def header(**changes: object) -> bytes:
    """The protected header of LIVE_KEY with changes: ``alg``, ``kid``, ``extra``."""
    names = {"alg": 1, "kid": 4, "extra": 99}
    said = {1: EDDSA, 4: LIVE_KEY.key_id, **{names[name]: value for name, value in changes.items()}}
    return cbor2.dumps(said, canonical=True)
