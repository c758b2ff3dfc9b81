"""Signatures of records: believed for their purpose and their key alone."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from app.kit.record_signing import Context, RecordSignature, RecordSigner, signed_text

KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number, name in enumerate(("old", "new"))}
SIGNER = RecordSigner(KEYS, "new")


def test_a_signature_is_believed_after_its_key_was_replaced() -> None:
    """By the ring that still holds it."""
    before = RecordSigner({"old": KEYS["old"]}, "old").sign("receipt", b"data")
    assert SIGNER.is_ours("receipt", b"data", before)
    assert SIGNER.sign("receipt", b"data").key_id == "new"


@pytest.mark.parametrize(
    ("context", "data", "key_id"),
    [
        ("checkpoint", b"data", "new"),
        ("receipt", b"date", "new"),
        ("receipt", b"data", "old"),
        ("receipt", b"data", "x"),
    ],
)
def test_a_signature_proves_nothing_else(context: Context, data: bytes, key_id: str) -> None:
    """Another purpose, other data, another key."""
    signature = SIGNER.sign("receipt", b"data")
    assert not SIGNER.is_ours(context, data, RecordSignature(key_id, signature.value))


def test_others_check_a_signature_with_the_published_key() -> None:
    """The PEM is the key that signs."""
    signature = SIGNER.sign("checkpoint", b"data")
    public = load_pem_public_key(SIGNER.public_keys()["new"].encode())
    public.verify(signature.value, signed_text("checkpoint", b"data"))  # type: ignore[union-attr,call-arg]
