"""The stand-in's own sealing and signing against WeChat's published examples and the product's codec."""

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.wechat.seal import UnsealedError, seal, sign, unseal
from wechat.envelope import Envelope

KEY, APPID = "A" * 43, "wxba5fad812f8e6fb9"
SEALED = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="


def test_the_published_examples_hold() -> None:
    assert sign("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert sign("AAAAA", "1713424427", "415670741", SEALED) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    assert unseal(SEALED, KEY, APPID) == '{"demo_resp":"good luck"}'


@given(text=st.text(max_size=300))
def test_either_side_opens_what_the_other_has_sealed(text: str) -> None:
    envelope = Envelope(APPID, "AAAAA", [KEY])
    assert envelope.unseal(seal(text, KEY, APPID)) == text
    assert unseal(envelope.seal(text, "1", "2").encrypt, KEY, APPID) == text


@pytest.mark.parametrize("sealed", ["", "AAAA", "!", SEALED[:-8] + "AAAAAA==", "A" * 86 + "=="])
def test_what_does_not_open_is_refused(sealed: str) -> None:
    with pytest.raises(UnsealedError):
        unseal(sealed, KEY, APPID)


def test_padding_that_is_not_pkcs7_is_refused() -> None:
    text = b"r" * 16 + (2).to_bytes(4, "big") + b"ok" + APPID.encode()
    frame = text + b"\0" * (31 - len(text) % 32) + bytes([32 - len(text) % 32])
    key = b64decode(KEY + "=")
    encryptor = Cipher(AES256(key), CBC(key[:16])).encryptor()
    with pytest.raises(UnsealedError, match="wrong padding"):
        unseal(b64encode(encryptor.update(frame) + encryptor.finalize()).decode(), KEY, APPID)


def test_another_apps_seal_is_refused() -> None:
    with pytest.raises(UnsealedError, match="another appid"):
        unseal(SEALED, KEY, "wxother")
