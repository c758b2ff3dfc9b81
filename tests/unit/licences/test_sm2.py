"""SM2 as the standard has it: the published example, and what is refused."""

import pytest

sm2 = pytest.importorskip("app.licences.keys.sm2", reason="Tongsuo's library is not built for this machine")

# GB/T 32918.5-2017, annex A.2: the message "message digest", the id 1234567812345678.
PRIVATE = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PUBLIC = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
MESSAGE = b"message digest"


def test_the_signature_of_the_standard_is_genuine() -> None:
    """So ZA is in the digest, with the id of GB/T 35276."""
    assert sm2.is_signed(PUBLIC, MESSAGE, SIGNATURE)


def test_the_public_key_is_that_of_the_standard() -> None:
    """From the private key of its example."""
    assert sm2.public_of(PRIVATE) == PUBLIC


def test_what_is_signed_here_is_genuine() -> None:
    """64 bytes, each time others."""
    one, other = sm2.sign(PRIVATE, MESSAGE), sm2.sign(PRIVATE, MESSAGE)
    assert one != other
    assert len(one) == len(other) == 64
    assert sm2.is_signed(PUBLIC, MESSAGE, one)
    assert sm2.public_of(sm2.make_private()) != PUBLIC


@pytest.mark.parametrize(
    ("public", "message", "signature"),
    [
        (PUBLIC, b"message digesT", SIGNATURE),
        (PUBLIC, MESSAGE, SIGNATURE[:-1] + b"\x00"),
        (PUBLIC, MESSAGE, SIGNATURE[32:] + SIGNATURE[:32]),
        (PUBLIC, MESSAGE, SIGNATURE[:-1]),
        (PUBLIC, MESSAGE, bytes(64)),
        (PUBLIC, MESSAGE, b"\xff" * 64),
        (PUBLIC, MESSAGE, b""),
        (PUBLIC[:-1] + b"\x00", MESSAGE, SIGNATURE),
        (b"\x04" + bytes(64), MESSAGE, SIGNATURE),
        (b"", MESSAGE, SIGNATURE),
    ],
)
def test_nothing_else_is_genuine(public: bytes, message: bytes, signature: bytes) -> None:
    """Another message, a turned bit, halves that changed places, wrong lengths, no point of the curve."""
    assert not sm2.is_signed(public, message, signature)
