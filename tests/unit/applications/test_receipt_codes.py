"""What the QR of a receipt proves, and what nobody gets past."""

import base64
import re
from dataclasses import replace
from datetime import date

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.applications.receipt_codes import ReceiptClaims, ReceiptKind, read_receipt, sign_receipt
from app.kit.codes import CodeMalformedError
from app.kit.record_signing import RecordSigner
from media.qr import qr_matrix

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(reversed(range(32))))
SIGNER = RecordSigner({"record-1": KEY}, "record-1")
CLAIMS = ReceiptClaims(
    kind=ReceiptKind.SUBMITTED,
    case_no="11230800JB0000017Q3000131001001202611230001",
    item="食品经营许可",
    department="市市场监管局",
    holder="李*兰",
    day=date(2026, 11, 23),
    promised_on=date(2026, 12, 2),
)
TOKEN = sign_receipt(SIGNER, CLAIMS)


def code(token: str = TOKEN) -> bytes:
    """The bytes behind a token."""
    return base64.b32decode(token + "=" * (-len(token) % 8))


def token(code: bytes) -> str:
    """The token of some bytes."""
    return base64.b32encode(code).decode().rstrip("=")


@pytest.mark.parametrize("kind", ReceiptKind)
def test_a_receipt_is_read_as_it_was_signed(kind: ReceiptKind) -> None:
    """In capital letters and small ones, alone and behind an address; without a promise too."""
    for claims in (replace(CLAIMS, kind=kind), replace(CLAIMS, kind=kind, promised_on=None)):
        signed = sign_receipt(SIGNER, claims)
        for text in (signed, signed.lower(), f"HTTPS://X.CN/R/{signed}", f"https://x.cn/r/{signed.lower()}"):
            assert read_receipt(SIGNER, text) == claims


def test_openssl_s_view_of_the_signature_is_ours() -> None:
    """The library's own key verifies the documented bytes, and each byte counts."""
    payload, key_id, signature = cbor2.loads(code())
    assert key_id == "record-1"
    KEY.public_key().verify(signature, b"jiaban:receipt:" + payload)


def test_changing_any_byte_breaks_a_receipt() -> None:
    """Each bit pattern flipped once."""
    whole = code()
    for n in range(len(whole)):
        changed = whole[:n] + bytes([whole[n] ^ 0x01]) + whole[n + 1 :]
        with pytest.raises(CodeMalformedError):
            read_receipt(SIGNER, token(changed))


def test_a_receipt_has_one_spelling() -> None:
    """Neither longer CBOR nor stray bits nor bytes behind say the same."""
    payload, key_id, signature = cbor2.loads(code())
    indefinite = b"\x9f" + b"".join(cbor2.dumps(part) for part in (payload, key_id, signature)) + b"\xff"
    longer = b"\x83\x59" + len(payload).to_bytes(2, "big") + payload + cbor2.dumps(key_id) + cbor2.dumps(signature)
    assert cbor2.loads(indefinite) == cbor2.loads(longer) == [payload, key_id, signature]
    for spelled in (token(indefinite), token(longer), token(code() + b"\x00"), TOKEN + "=", TOKEN + "A"):
        with pytest.raises(CodeMalformedError):
            read_receipt(SIGNER, spelled)


@pytest.mark.parametrize(
    "tagged",
    [
        "c482f6f6",
        "c4821b0de0b6b3a76400001b0de0b6b3a7640000",
        "c5821b0de0b6b3a76400001b0de0b6b3a7640000",
        "d864c2491f" + "00" * 8,
    ],
)
def test_numbers_and_days_that_cannot_be_are_no_receipt(tagged: str) -> None:
    """Decimal fractions and bigfloats beyond all bounds, half a number, a day beyond all calendars."""
    for code in (bytes.fromhex(tagged), b"\x81" + bytes.fromhex(tagged)):
        with pytest.raises(CodeMalformedError):
            read_receipt(SIGNER, token(code))


def test_what_another_key_or_another_purpose_signed_is_no_receipt() -> None:
    """A key that is not in the ring, one under our key's id, and the head of an audit."""
    payload, _, _ = cbor2.loads(code())
    strange = (RecordSigner({"record-9": OTHER}, "record-9"), RecordSigner({"record-1": OTHER}, "record-1"))
    audit = SIGNER.sign("checkpoint", payload)
    for forged in (
        *(sign_receipt(signer, CLAIMS) for signer in strange),
        token(cbor2.dumps([payload, audit.key_id, audit.value], canonical=True)),
    ):
        with pytest.raises(CodeMalformedError):
            read_receipt(SIGNER, forged)


def test_an_older_key_of_the_ring_still_proves() -> None:
    """A receipt outlives the key that is active."""
    turned = RecordSigner({"record-1": KEY, "record-2": OTHER}, "record-2")
    assert read_receipt(turned, TOKEN) == CLAIMS
    assert sign_receipt(turned, CLAIMS) != TOKEN


@given(st.text(max_size=80) | st.binary(max_size=200).map(token))
def test_anything_else_is_one_clear_error(text: str) -> None:
    """Random texts and random bytes."""
    with pytest.raises(CodeMalformedError):
        read_receipt(SIGNER, text)


@pytest.mark.parametrize("payload", [[], [2, 1], [1, 9, "", "", "", "", 1, None], [1, 1, "", "", "", "", 0, None], {}])
def test_a_payload_of_another_shape_is_refused(payload: object) -> None:
    """Also where we signed it."""
    data = cbor2.dumps(payload)
    signature = SIGNER.sign("receipt", data)
    with pytest.raises(CodeMalformedError):
        read_receipt(SIGNER, token(cbor2.dumps([data, signature.key_id, signature.value], canonical=True)))


def test_the_longest_receipt_fits_into_a_symbol() -> None:
    """Long names, a company's code, an address of 60 characters: alphanumeric throughout, at most 65 modules a side."""
    longest = replace(CLAIMS, item="长" * 20, department="长" * 64, holder="91230800MA00000000")
    text = f"{'HTTPS://'.ljust(60, 'X')}/R/{sign_receipt(SIGNER, longest)}"
    assert re.fullmatch(r"[0-9A-Z $%*+\-./:]+", text)
    assert len(qr_matrix(text)) <= 65
