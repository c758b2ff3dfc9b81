"""How what a QR of ours holds is spelled: ``HTTPS://<host>/<letter>/<token>`` in QR's alphanumeric characters.

A token is RFC 4648 base32 without padding of one CBOR value (RFC 8949). It is read in either case; base32 that is not
canonical (stray bits, padding, other characters) is refused, so that some bytes have one spelling only.
"""

import base64
import binascii
import io

import cbor2

_MAX_TOKEN = 512
_MAX_TEXT = 1024


class CodeMalformedError(Exception):
    """Not a code of ours: wrong shape, not canonical, unknown key or wrong signature; ``reason`` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def token_in(text: str, letter: str) -> str:
    """The token within the text of a QR under ``/<letter>/``, or the token itself. Raises CodeMalformedError."""
    text = text.strip()
    if len(text) > _MAX_TEXT:
        raise CodeMalformedError("malformed")
    if "/" not in text:
        return text
    head, marker, token = text.upper().rpartition(f"/{letter}/")
    if not marker or not head.startswith(("HTTPS://", "HTTP://")):
        raise CodeMalformedError("malformed")
    return token


def token_of(code: bytes) -> str:
    """The token that spells some bytes."""
    return base64.b32encode(code).decode().rstrip("=")


def code_of(token: str) -> bytes:
    """The bytes that a token in capital letters spells. Raises CodeMalformedError."""
    if not token or len(token) > _MAX_TOKEN or not token.isascii():
        raise CodeMalformedError("malformed")
    try:
        code = base64.b32decode(token + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError) as error:
        raise CodeMalformedError("malformed") from error
    if token_of(code) != token:
        raise CodeMalformedError("malformed")
    return code


def value_of(data: bytes) -> object:
    """The one CBOR value that ``data`` is, with nothing behind it. Raises CodeMalformedError."""
    stream = io.BytesIO(data)
    try:
        value: object = cbor2.CBORDecoder(stream).decode()
    except Exception as error:
        # What a tag is made into fails by errors of its own: decimal.Overflow, TypeError, OverflowError and others.
        raise CodeMalformedError("malformed") from error
    if stream.read(1):
        raise CodeMalformedError("malformed")
    return value
