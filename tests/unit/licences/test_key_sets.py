"""How keys are published: other libraries read them and verify with them what was signed."""

import json
from datetime import UTC, datetime, timedelta

import cbor2
import cwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import KeySet

from app.licences.codes import LONGEST, CodeKind
from app.licences.keys.algorithms import Algorithm, Purpose
from app.licences.keys.cose import cose_key_set, jwk_set, to_be_signed
from app.licences.keys.ring import PublicKey
from app.licences.keys.rules import BELIEVED_FOR

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
SIGNS_FROM = datetime(2026, 11, 27, tzinfo=UTC)
ED25519 = PublicKey(b"c23456", Purpose.CODE, Algorithm.EDDSA, PRIVATE.public_key().public_bytes_raw(), SIGNS_FROM, None)
SM2 = PublicKey(
    b"s23456",
    Purpose.STATUS,
    Algorithm.SM2,
    b"\x04" + bytes([1] * 32) + bytes([2] * 32),
    SIGNS_FROM,
    SIGNS_FROM + timedelta(days=1),
)
TIME = int(SIGNS_FROM.timestamp())


def signed(claims: dict[int, object]) -> bytes:
    """A CWT that this key signed."""
    protected, payload = cbor2.dumps({1: -8, 4: b"c23456"}), cbor2.dumps(claims)
    parts = [protected, {}, payload, PRIVATE.sign(to_be_signed(protected, payload))]
    return cbor2.dumps(cbor2.CBORTag(18, parts))


def test_a_key_of_codes_is_believed_until_the_last_one_that_it_may_have_signed_is_over() -> None:
    """A process may sign with it for some seconds more, and two clocks differ."""
    believed = BELIEVED_FOR[Purpose.CODE]
    assert believed is not None
    assert believed >= max(LONGEST[CodeKind.LIVE], LONGEST[CodeKind.HELD]) + timedelta(minutes=2)
    assert BELIEVED_FOR[Purpose.PAPER] is None


def test_a_cose_key_set_verifies_what_was_signed() -> None:
    """With a library that had no part in writing either."""
    [published] = cbor2.loads(cose_key_set([ED25519]))
    known = {label: value for label, value in published.items() if label > -65536}
    assert cwt.decode(signed({1: "jiaban"}), keys=cwt.COSEKey.new(known)) == {1: "jiaban"}
    assert {label: value for label, value in published.items() if label <= -65536} == {-65537: "code", -65538: TIME}


def test_a_jwk_set_verifies_what_was_signed() -> None:
    """Likewise."""
    published = json.loads(jwk_set([ED25519]))
    [jwk] = published["keys"]
    assert cwt.decode(signed({1: "jiaban"}), keys=cwt.COSEKey.from_jwk(jwk)) == {1: "jiaban"}
    [key] = KeySet.import_key_set(published).keys
    assert key.kid == "c23456"
    assert (jwk["purpose"], jwk["nbf"], "exp" in jwk) == ("code", TIME, False)


def test_an_sm2_key_stands_under_numbers_for_private_use() -> None:
    """With its point, its purpose and its times."""
    [cose] = cbor2.loads(cose_key_set([SM2]))
    assert cose == {
        1: 2,
        2: b"s23456",
        3: -65600,
        4: [2],
        -1: -65601,
        -2: bytes([1] * 32),
        -3: bytes([2] * 32),
        -65537: "status",
        -65538: TIME,
        -65539: TIME + 86_400,
    }
    [jwk] = json.loads(jwk_set([SM2]))["keys"]
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["exp"]) == ("EC", "SM2", "SM2", TIME + 86_400)
