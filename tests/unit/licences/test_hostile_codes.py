"""Codes that somebody made or altered: none is accepted, and none ends in any other error."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.codes import CodeMalformedError
from app.licences.codes import CodeKind
from app.licences.codes.digits import read_digits
from app.licences.keys.algorithms import Purpose
from tests.rings import (
    CLAIMS,
    EDDSA,
    LIVE_KEY,
    PAPER_KEY,
    SIGNER,
    SM2,
    SM2_KEY,
    STRANGER,
    RingKey,
    at_once,
    decoded,
    header,
    parts,
    private,
    rebuilt,
    signed_by,
    token,
)

GENUINE = decoded(at_once(SIGNER.sign(CLAIMS)))
OTHER = decoded(at_once(SIGNER.sign(replace(CLAIMS, nonce=bytes(16)))))
PAPER_CLAIMS = replace(CLAIMS, kind=CodeKind.PAPER, expires_at=CLAIMS.issued_at + timedelta(days=90))
PAPER = decoded(at_once(SIGNER.sign(PAPER_CLAIMS)))
PROTECTED, _, PAYLOAD, SIGNATURE = parts(GENUINE)
SAID = cbor2.loads(PAYLOAD)
SHOWN = SAID[-65537]
OWN_ID = RingKey(b"c9999z", EDDSA, Purpose.CODE, private(9))
FLIP, CURVE_ORDER = 0x80, 2**252 + 27742317777372353535851937790883648493


def claims(**changes: object) -> bytes:
    """The payload with changes: ``exp``, ``iat``, ``cti``, ``shown``, ``extra``."""
    names = {"exp": 4, "iat": 6, "cti": 7, "shown": -65537, "extra": -65538}
    return cbor2.dumps({**SAID, **{names[name]: value for name, value in changes.items()}}, canonical=True)


def shown(place: int, value: object) -> bytes:
    """The payload with another value in its list."""
    return claims(shown=[value if number == place else kept for number, kept in enumerate(SHOWN)])


def ours(payload: bytes) -> bytes:
    """What our own key would sign if it were made to: a thief of the key still writes no code of another shape."""
    return signed_by(LIVE_KEY, PROTECTED, payload)


def malleable(signature: bytes) -> bytes:
    """The same signature with S + L (RFC 8032, 5.1.7: to be refused)."""
    scalar = int.from_bytes(signature[32:], "little") + CURVE_ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


ATTACKS: dict[str, Callable[[], bytes]] = {
    "another holder": lambda: rebuilt(PROTECTED, {}, shown(3, "王*"), SIGNATURE),
    "a later end": lambda: rebuilt(PROTECTED, {}, claims(exp=SAID[4] + 1), SIGNATURE),
    "another preset": lambda: rebuilt(PROTECTED, {}, shown(5, 3), SIGNATURE),
    "another status index": lambda: rebuilt(PROTECTED, {}, shown(8, 1), SIGNATURE),
    "another licence": lambda: rebuilt(PROTECTED, {}, shown(1, b"\1" * 8), SIGNATURE),
    "paper made live": lambda: rebuilt(PROTECTED, {}, PAYLOAD, parts(PAPER)[3]),
    "the signature of another code": lambda: rebuilt(PROTECTED, {}, PAYLOAD, parts(OTHER)[3]),
    "the claims of another code": lambda: rebuilt(PROTECTED, {}, parts(OTHER)[2], SIGNATURE),
    "signed by another key": lambda: signed_by(STRANGER, PROTECTED, PAYLOAD),
    "signed by another key under its own id": lambda: signed_by(OWN_ID, header(kid=OWN_ID.key_id), PAYLOAD),
    "live signed by the key of paper": lambda: signed_by(PAPER_KEY, header(kid=PAPER_KEY.key_id), PAYLOAD),
    "paper signed by the key of live codes": lambda: signed_by(LIVE_KEY, PROTECTED, parts(PAPER)[2]),
    "key id swapped": lambda: rebuilt(header(kid=PAPER_KEY.key_id), {}, PAYLOAD, SIGNATURE),
    "key id of another type": lambda: signed_by(LIVE_KEY, header(kid="c2345a"), PAYLOAD),
    "key id of nothing": lambda: signed_by(LIVE_KEY, header(kid=b""), PAYLOAD),
    "algorithm ES256": lambda: signed_by(LIVE_KEY, header(alg=-7), PAYLOAD),
    "algorithm HMAC with the public key": lambda: signed_by(LIVE_KEY, header(alg=5), PAYLOAD),
    "algorithm SM2 for a key of Ed25519": lambda: signed_by(LIVE_KEY, header(alg=SM2), PAYLOAD),
    "algorithm Ed25519 for a key of SM2": lambda: signed_by(SM2_KEY, header(kid=SM2_KEY.key_id), PAYLOAD),
    "algorithm by name": lambda: signed_by(LIVE_KEY, header(alg="EdDSA"), PAYLOAD),
    "no algorithm": lambda: signed_by(LIVE_KEY, cbor2.dumps({4: LIVE_KEY.key_id}), PAYLOAD),
    "no key id": lambda: signed_by(LIVE_KEY, cbor2.dumps({1: EDDSA}), PAYLOAD),
    "no header": lambda: signed_by(LIVE_KEY, b"", PAYLOAD),
    "a header too many": lambda: signed_by(LIVE_KEY, header(extra=1), PAYLOAD),
    "a critical header": lambda: signed_by(LIVE_KEY, cbor2.dumps({1: EDDSA, 2: [4], 4: LIVE_KEY.key_id}), PAYLOAD),
    "a header twice": lambda: signed_by(LIVE_KEY, b"\xa3\x01\x27\x01\x27\x04\x46c2345a", PAYLOAD),
    "a header in another order": lambda: signed_by(LIVE_KEY, b"\xa2\x04\x46c2345a\x01\x27", PAYLOAD),
    "headers that are not protected": lambda: rebuilt(b"", {1: EDDSA, 4: LIVE_KEY.key_id}, PAYLOAD, SIGNATURE),
    "an unprotected header beside": lambda: rebuilt(PROTECTED, {4: b"p2345a"}, PAYLOAD, SIGNATURE),
    "signed as one of many": lambda: signed_by(LIVE_KEY, PROTECTED, PAYLOAD, "Signature"),
    "signed as a MAC": lambda: signed_by(LIVE_KEY, PROTECTED, PAYLOAD, "MAC0"),
    "the claims alone signed": lambda: rebuilt(PROTECTED, {}, PAYLOAD, LIVE_KEY.sign(PAYLOAD)),
    "a malleable signature": lambda: rebuilt(PROTECTED, {}, PAYLOAD, malleable(SIGNATURE)),
    "a signature of zeros": lambda: rebuilt(PROTECTED, {}, PAYLOAD, bytes(64)),
    "a signature of the neutral point": lambda: rebuilt(PROTECTED, {}, PAYLOAD, b"\1" + bytes(63)),
    "no signature": lambda: rebuilt(PROTECTED, {}, PAYLOAD, b""),
    "a short signature": lambda: rebuilt(PROTECTED, {}, PAYLOAD, SIGNATURE[:63]),
    "a long signature": lambda: rebuilt(PROTECTED, {}, PAYLOAD, SIGNATURE + b"\0"),
    "a signature of none": lambda: rebuilt(PROTECTED, {}, PAYLOAD, None),
    "detached claims": lambda: rebuilt(PROTECTED, {}, None, SIGNATURE),
    "truncated": lambda: GENUINE[:-1],
    "something behind": lambda: GENUINE + b"\0",
    "the code twice": lambda: GENUINE + GENUINE,
    "overlong": lambda: rebuilt(PROTECTED, {}, PAYLOAD + bytes(400), SIGNATURE),
    "a tag of many signatures": lambda: cbor2.dumps(cbor2.CBORTag(98, [PROTECTED, {}, PAYLOAD, SIGNATURE])),
    "a tag of MACs": lambda: cbor2.dumps(cbor2.CBORTag(17, [PROTECTED, {}, PAYLOAD, SIGNATURE])),
    "the tag of CWTs around": lambda: cbor2.dumps(cbor2.CBORTag(61, cbor2.loads(GENUINE))),
    "no tag": lambda: cbor2.dumps([PROTECTED, {}, PAYLOAD, SIGNATURE]),
    "a part too many": lambda: cbor2.dumps(cbor2.CBORTag(18, [PROTECTED, {}, PAYLOAD, SIGNATURE, b""])),
    "a list without its length": lambda: b"\xd2\x9f" + GENUINE[2:] + b"\xff",
    "a length written long": lambda: b"\xd2\x98\x04" + GENUINE[2:],
    "claims that are no map": lambda: ours(cbor2.dumps([1, 2])),
    "claims in another order": lambda: ours(cbor2.dumps({6: SAID[6], 4: SAID[4], 7: SAID[7], -65537: SHOWN})),
    "a claim is missing": lambda: ours(cbor2.dumps({4: SAID[4], 6: SAID[6]})),
    "a claim too many": lambda: ours(claims(extra=1)),
    "a claim of another type": lambda: ours(claims(exp="soon")),
    "a time that is true": lambda: ours(claims(iat=True)),
    "a time of a fraction": lambda: ours(claims(exp=float(SAID[4]))),
    "a time beyond all times": lambda: ours(claims(exp=2**62, iat=2**62 - 1)),
    "a time of many bytes": lambda: ours(claims(exp=2**200)),
    "an end before the beginning": lambda: ours(claims(exp=SAID[6] - 1)),
    "a live code of a day": lambda: ours(claims(exp=SAID[6] + 86_400)),
    "a short nonce": lambda: ours(claims(cti=bytes(15))),
    "a long reference": lambda: ours(shown(1, bytes(9))),
    "a kind that is none": lambda: ours(shown(0, 9)),
    "a preset that is none": lambda: ours(shown(5, 9)),
    "a fact that is none": lambda: ours(shown(6, {9: True})),
    "a fact of another type": lambda: ours(shown(6, {1: 1})),
    "a status index that is true": lambda: ours(shown(8, True)),
    "a day beyond all days": lambda: ours(shown(4, 2**40)),
    "a list that is too short": lambda: ours(claims(shown=SHOWN[:-1])),
    "deep nesting": lambda: b"\x81" * 300,
    "deep nesting of claims": lambda: ours(b"\x81" * 150),
    "a length that is not there": lambda: b"\xd2\x84\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "a shared value": lambda: b"\xd8\x1c\x81\xd8\x1d\x00",
    "a number of a tag": lambda: b"\xc4\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
    "nothing": lambda: b"",
}


def refused(text: str) -> bool:
    """Whether a text is refused as it should be: by this one error."""
    try:
        at_once(SIGNER.read(text))
    except CodeMalformedError as error:
        return error.reason in {"malformed", "unknown_key"}
    return False


@pytest.mark.parametrize("name", ATTACKS)
def test_a_named_attack_is_refused(name: str) -> None:
    """Each is one clear error, never a genuine code."""
    assert at_once(SIGNER.read(token(GENUINE)))
    assert refused(token(ATTACKS[name]()))


def test_an_unknown_key_is_told_apart() -> None:
    """A verifier may have to fetch the keys anew; an altered code is no reason to."""
    reasons = {}
    for name in ("signed by another key under its own id", "algorithm ES256", "another holder", "truncated"):
        with pytest.raises(CodeMalformedError) as caught:
            at_once(SIGNER.read(token(ATTACKS[name]())))
        reasons[name] = caught.value.reason
    assert list(reasons.values()) == ["unknown_key", "unknown_key", "malformed", "malformed"]


@pytest.mark.parametrize("code", [GENUINE, PAPER])
def test_every_flipped_bit_is_refused(code: bytes) -> None:
    """No bit of a code is free."""
    for place in range(len(code) * 8):
        flipped = bytearray(code)
        flipped[place // 8] ^= FLIP >> place % 8
        assert refused(token(bytes(flipped)))


@given(
    st.one_of(
        st.text(max_size=300),
        st.binary(max_size=200).map(token),
        st.binary(max_size=200).map(lambda b: "https://x/V/" + token(b)),
    )
)
def test_anything_else_is_one_clear_error(text: str) -> None:
    """Random texts and random bytes; what a phone typed or scanned is neither recognised nor taken for digits."""
    assert refused(text)
    assert at_once(SIGNER.recognise(text)) is None
    digits = read_digits(text)
    assert digits is None or (len(digits), digits.isdecimal(), digits.isascii()) == (12, True, True)


def _flipped(chance: random.Random) -> bytes:
    code = bytearray(chance.choice((GENUINE, PAPER)))
    for place in chance.sample(range(len(code) * 8), chance.randint(1, 12)):
        code[place // 8] ^= FLIP >> place % 8
    return bytes(code)


def _truncated(chance: random.Random) -> bytes:
    begin = chance.choice((0, 0, 0, chance.randrange(1, 20)))
    return GENUINE[begin : chance.randrange(begin, len(GENUINE))]


def _overlong(chance: random.Random) -> bytes:
    place = chance.randrange(len(GENUINE) + 1)
    return GENUINE[:place] + chance.randbytes(chance.randint(1, 300)) + GENUINE[place:]


def _claims_altered(chance: random.Random) -> bytes:
    """A genuine nonce, header and signature over other claims."""
    values = [chance.randint(0, 2), chance.randbytes(8), chance.choice(("disability_certificate", None)), "王*",
              chance.choice((None, chance.randint(0, 40_000))), chance.randint(0, 3), {1: True},
              chance.randint(0, 9), chance.randint(0, 10**6)]  # fmt: skip
    mixed = [new if chance.random() < 0.4 else kept for new, kept in zip(values, SHOWN, strict=True)]
    exp = SAID[4] + (chance.randint(1, 10**9) if mixed == SHOWN else 0)
    return rebuilt(PROTECTED, {}, claims(shown=mixed, exp=exp), SIGNATURE)


def _resigned(chance: random.Random) -> bytes:
    """Genuine claims under another key, its id or ours."""
    key = chance.choice((STRANGER, OWN_ID, PAPER_KEY, SM2_KEY))
    kid = chance.choice((LIVE_KEY.key_id, key.key_id, chance.randbytes(6)))
    if (key, kid) == (SM2_KEY, SM2_KEY.key_id):
        kid = LIVE_KEY.key_id
    return signed_by(key, header(kid=kid, alg=chance.choice((EDDSA, SM2, -7))), PAYLOAD)


def _algorithm_confused(chance: random.Random) -> bytes:
    algorithm = chance.choice((SM2, -7, -19, -9, 5, 4, -50, 0, None, "EdDSA", chance.randint(-70_000, 70_000)))
    confused = header(alg=-7 if algorithm == EDDSA else algorithm)
    return (
        signed_by(LIVE_KEY, confused, PAYLOAD) if chance.random() < 0.5 else rebuilt(confused, {}, PAYLOAD, SIGNATURE)
    )


def _signature_altered(chance: random.Random) -> bytes:
    forged = chance.choice((chance.randbytes(64), SIGNATURE[:32] + chance.randbytes(32), SIGNATURE[::-1]))
    return rebuilt(PROTECTED, {}, PAYLOAD, forged)


def _spliced(chance: random.Random) -> bytes:
    place = chance.randrange(1, len(GENUINE) - 1)
    spliced = GENUINE[:place] + chance.choice((OTHER, PAPER))[place:]
    return GENUINE[:-1] if spliced in {GENUINE, OTHER, PAPER} else spliced


def _noise(chance: random.Random) -> bytes:
    return chance.choice((b"\xd2\x84", b"", b"\xd2\x84\x4e")) + chance.randbytes(chance.randint(0, 260))


FORGERIES = (
    _flipped, _truncated, _overlong, _claims_altered, _resigned, _algorithm_confused, _signature_altered, _spliced,
    _noise,
)  # fmt: skip


def _accepted(many: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    forged = (token(FORGERIES[number % len(FORGERIES)](chance)) for number in range(many))
    return [text for text in forged if not refused(text)]


def test_two_thousand_forgeries_are_refused() -> None:
    """Of each kind as many: flipped, cut, overlong, re-signed, keys and algorithms confused, claims swapped."""
    assert _accepted(2_000, 6) == []


@pytest.mark.long
def test_a_hundred_thousand_forgeries_are_refused() -> None:
    """As above."""
    assert _accepted(100_000, 2026) == []
