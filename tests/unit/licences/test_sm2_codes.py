"""Codes under the second profile: signed with SM2 by a library, verified by the standard's own arithmetic."""

from dataclasses import dataclass
from typing import Any

import cbor2
import pytest

from app.kit.codes import CodeMalformedError
from app.licences.codes import CodeSigner
from app.licences.keys.algorithms import Algorithm, Purpose, is_signed
from tests import sm2_by_hand
from tests.rings import CLAIMS, LIVE_KEY, RingKey, decoded, parts, private, rebuilt, token

sm2 = pytest.importorskip("app.licences.keys.sm2", reason="Tongsuo's library is not built for this machine")
PRIVATE = bytes(range(1, 33))
PUBLIC = sm2.public_of(PRIVATE)
KEY = RingKey(b"cabcde", Algorithm.SM2, Purpose.CODE, private(6))


@dataclass(frozen=True, slots=True)
class Sm2Ring:
    """One key of SM2, signing and verifying as the product does."""

    async def active(self, purpose: Purpose) -> RingKey:
        """That key."""
        assert purpose is Purpose.CODE
        return KEY

    async def sign(self, key_id: bytes, data: bytes) -> bytes:
        """64 bytes."""
        assert key_id == KEY.key_id
        signature: bytes = sm2.sign(PRIVATE, data)
        return signature

    async def verify(self, key_id: bytes, algorithm: int, data: bytes, signature: bytes, purpose: Purpose) -> bool:
        """As ``CodeKeys`` says."""
        known = (key_id, algorithm, purpose) == (KEY.key_id, Algorithm.SM2, Purpose.CODE)
        return known and await is_signed(Algorithm.SM2, PUBLIC, data, signature)

    async def believes(self, key_id: bytes, algorithm: int, purpose: Purpose) -> bool:
        """That key."""
        return (key_id, algorithm, purpose) == (KEY.key_id, Algorithm.SM2, Purpose.CODE)

    async def published(self) -> list[RingKey]:
        """That key."""
        return [KEY]


SIGNER = CodeSigner(Sm2Ring())


def signature_over(code: bytes) -> tuple[bytes, bytes]:
    """What is signed, and the signature."""
    protected, _, payload, signature = parts(code)
    return cbor2.dumps(["Signature1", protected, b"", payload]), signature


def test_the_arithmetic_knows_the_example_of_the_standard() -> None:
    """GB/T 32918.5-2017, annex A.2."""
    public = bytes.fromhex(
        "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
    signature = bytes.fromhex(
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    assert sm2_by_hand.is_signed(public, b"message digest", signature)
    assert not sm2_by_hand.is_signed(public, b"message digesT", signature)


async def test_a_code_of_sm2_is_genuine_by_the_standards_arithmetic() -> None:
    """And its header says the number for private use."""
    code = await SIGNER.sign(CLAIMS)
    data, signature = signature_over(decoded(code))
    assert cbor2.loads(parts(decoded(code))[0]) == {1: -65600, 4: b"cabcde"}
    assert sm2_by_hand.is_signed(PUBLIC, data, signature)
    assert not sm2_by_hand.is_signed(PUBLIC, data + b"\0", signature)
    assert await SIGNER.read(code.token) == code


async def test_a_code_of_sm2_is_refused_with_anything_altered() -> None:
    """Its signature, its claims, its algorithm; a signature of Ed25519 under its key id."""
    protected, _, payload, signature = parts(decoded(await SIGNER.sign(CLAIMS)))
    claims: Any = {**cbor2.loads(payload), 4: CLAIMS.expires_at.timestamp() - 1}
    confused = cbor2.dumps({1: -8, 4: KEY.key_id}, canonical=True)
    forged = [
        rebuilt(protected, {}, payload, bytes(64)),
        rebuilt(protected, {}, payload, b"\xff" * 64),
        rebuilt(protected, {}, payload, signature[32:] + signature[:32]),
        rebuilt(protected, {}, cbor2.dumps(claims, canonical=True), signature),
        rebuilt(confused, {}, payload, signature),
        rebuilt(protected, {}, payload, LIVE_KEY.sign(signature_over(rebuilt(protected, {}, payload, signature))[0])),
    ]
    for code in forged:
        with pytest.raises(CodeMalformedError):
            await SIGNER.read(token(code))
