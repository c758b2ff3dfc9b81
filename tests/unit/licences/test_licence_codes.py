"""Presentation codes: what an independent library reads, and what nobody gets past."""

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import cbor2
import cwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.kit.codes import CodeMalformedError, token_in
from app.licences.codes import Claims, CodeSigner, SignedCode
from media.qr import qr_png

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(reversed(range(32))))
SIGNER = CodeSigner({"demo-1": KEY}, "demo-1")
ISSUED = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CLAIMS = Claims(
    nonce=bytes(range(16)),
    issued_at=ISSUED,
    expires_at=ISSUED + timedelta(seconds=60),
    licence_type="food_business",
    masked_holder="李*兰",
    valid_until=date(2031, 11, 21),
)


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


def signed_by(key: Ed25519PrivateKey, protected: bytes, payload: bytes) -> bytes:
    """A COSE_Sign1 with a genuine signature of any key over any header."""
    signature = key.sign(cbor2.dumps(["Signature1", protected, b"", payload]))
    return rebuilt(protected, {}, payload, signature)


def test_an_independent_library_verifies_a_code() -> None:
    """python-cwt, which shares no code with ours, believes the signature and reads the claims."""
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    key = cwt.COSEKey.from_pem(public, kid="demo-1")
    now = datetime.now(UTC)
    fresh = Claims(CLAIMS.nonce, now, now + timedelta(seconds=60), "food_business", "李*兰", CLAIMS.valid_until)
    claims = cwt.decode(decoded(SIGNER.sign(fresh)), key)
    assert claims[7] == CLAIMS.nonce
    assert claims[4] - claims[6] == 60
    assert claims[-65537] == "food_business"
    stranger = OTHER.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(cwt.VerifyError):
        cwt.decode(decoded(SIGNER.sign(fresh)), cwt.COSEKey.from_pem(stranger, kid="demo-1"))


def test_a_code_is_read_in_either_case_and_from_its_address() -> None:
    """The token alone, the QR's text, and the text as a browser may write it."""
    signed = SIGNER.sign(CLAIMS)
    for text in (
        signed.token,
        signed.token.lower(),
        f"HTTPS://JIABAN.EXAMPLE.CN/V/{signed.token}",
        f"https://jiaban.example.cn/v/{signed.token.lower()}",
        f"  {signed.token}\n",
    ):
        assert SIGNER.read(text) == signed


def test_the_longest_code_fits_its_symbol() -> None:
    """Forty characters of host and the longest masked name that an identity card holds."""
    claims = Claims(
        CLAIMS.nonce,
        ISSUED,
        CLAIMS.expires_at,
        "road_transport_qualification",
        "阿" + "*" * 13 + "木",
        CLAIMS.valid_until,
    )
    text = f"https://{'a' * 40}/V/{SIGNER.sign(claims).token}".upper()
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert qr_png(text).startswith(b"\x89PNG")


def test_every_flipped_bit_is_refused() -> None:
    """No bit of a code is free."""
    code = decoded(SIGNER.sign(CLAIMS))
    for place in range(len(code) * 8):
        flipped = bytearray(code)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(CodeMalformedError):
            SIGNER.read(token(bytes(flipped)))


GENUINE = decoded(SIGNER.sign(CLAIMS))
PROTECTED, UNPROTECTED, PAYLOAD, SIGNATURE = parts(GENUINE)
ALTERED = cbor2.dumps({**cbor2.loads(PAYLOAD), -65538: "王*"}, canonical=True)


def header(**changes: object) -> bytes:
    """The protected header with changes."""
    names = {"alg": 1, "kid": 4, "extra": 99}
    return cbor2.dumps({1: -8, 4: b"demo-1", **{names[name]: value for name, value in changes.items()}}, canonical=True)


ATTACKS: dict[str, Callable[[], bytes]] = {
    "claims altered": lambda: rebuilt(PROTECTED, UNPROTECTED, ALTERED, SIGNATURE),
    "signed by another key": lambda: signed_by(OTHER, header(), PAYLOAD),
    "signed by another key under its own id": lambda: signed_by(OTHER, header(kid=b"other"), PAYLOAD),
    "key id swapped": lambda: rebuilt(header(kid=b"demo-2"), {}, PAYLOAD, SIGNATURE),
    "key id of another type": lambda: signed_by(KEY, header(kid="demo-1"), PAYLOAD),
    "algorithm ES256": lambda: signed_by(KEY, header(alg=-7), PAYLOAD),
    "algorithm HMAC": lambda: signed_by(KEY, header(alg=5), PAYLOAD),
    "no algorithm": lambda: signed_by(KEY, cbor2.dumps({4: b"demo-1"}), PAYLOAD),
    "a header too many": lambda: signed_by(KEY, header(extra=1), PAYLOAD),
    "unprotected header filled": lambda: rebuilt(PROTECTED, {4: b"demo-1"}, PAYLOAD, SIGNATURE),
    "no signature": lambda: rebuilt(PROTECTED, {}, PAYLOAD, b""),
    "signature cut short": lambda: rebuilt(PROTECTED, {}, PAYLOAD, b"\0" * 63),
    "truncated": lambda: GENUINE[:-1],
    "something behind": lambda: GENUINE + b"\0",
    "another tag": lambda: cbor2.dumps(cbor2.CBORTag(17, [PROTECTED, {}, PAYLOAD, SIGNATURE])),
    "no tag": lambda: cbor2.dumps([PROTECTED, {}, PAYLOAD, SIGNATURE]),
    "payload is no map": lambda: signed_by(KEY, header(), cbor2.dumps([1, 2])),
    "a claim is missing": lambda: signed_by(KEY, header(), cbor2.dumps({4: 1, 6: 1})),
    "a claim of another type": lambda: signed_by(KEY, header(), cbor2.dumps({**cbor2.loads(PAYLOAD), 4: "soon"})),
    "a time beyond all times": lambda: signed_by(KEY, header(), cbor2.dumps({**cbor2.loads(PAYLOAD), 4: 2**62})),
    "a day that is none": lambda: signed_by(KEY, header(), cbor2.dumps({**cbor2.loads(PAYLOAD), -65539: "2031-02-30"})),
    "deep nesting": lambda: b"\x81" * 300,
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_named_attack_is_refused(name: str) -> None:
    """Each is one clear error, never a genuine code."""
    with pytest.raises(CodeMalformedError):
        SIGNER.read(token(ATTACKS[name]()))


def test_a_code_has_one_spelling() -> None:
    """Padding, spaces within, foreign characters and stray bits at the end are refused."""
    signed = SIGNER.sign(CLAIMS)
    spellings = [signed.token + "=", signed.token[:9] + " " + signed.token[9:], signed.token[:-1] + "1", "=" * 8]
    strays = {signed.token[:-1] + character for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"} - {signed.token}
    for spelling in [*spellings, *strays]:
        with pytest.raises(CodeMalformedError):
            SIGNER.read(spelling)


@pytest.mark.parametrize(
    "text", ["", "/V/", "ftp://a/V/AAAA", "https://a/AAAA", "A" * 5000, "https://a/V/" + "A" * 900]
)
def test_a_text_that_is_no_code_is_refused(text: str) -> None:
    """Other QR codes get scanned, too."""
    with pytest.raises(CodeMalformedError):
        SIGNER.read(text)


@given(
    st.one_of(
        st.text(max_size=300),
        st.binary(max_size=200).map(token),
        st.binary(max_size=200).map(lambda b: "https://x/V/" + token(b)),
    )
)
def test_anything_else_is_one_clear_error(text: str) -> None:
    """Random texts and random bytes."""
    with pytest.raises(CodeMalformedError):
        SIGNER.read(text)


def test_the_token_is_found_behind_any_host() -> None:
    """A code made before the host moved is still read."""
    assert token_in("https://old.example.cn/V/ABCD", "V") == "ABCD"
