"""How what a QR of ours holds is spelled: ``HTTPS://<host>/<letter>/<token>`` in QR's alphanumeric characters.

A token is RFC 4648 base32 without padding of one CBOR value (RFC 8949). It is read in either case; base32 that is not
canonical (stray bits, padding, other characters) is refused, so that some bytes have one spelling only.
"""

import io

import cbor2

from media.lanes import widened

_MAX_TOKEN = 512
# The letters of base32 as Python writes digits of numbers to the base 32; what is no such letter becomes none either.
_DIGITS = bytearray(b"!" * 256)
_DIGITS[ord("A") : ord("Z") + 1] = b"0123456789ABCDEFGHIJKLMNOP"
_DIGITS[ord("2") : ord("7") + 1] = b"QRSTUV"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" + bytes(224)
_BITS, _OF_BYTE = 5, 8
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
    count = -(-len(code) * _OF_BYTE // _BITS)
    digits = int.from_bytes(code) << count * _BITS - len(code) * _OF_BYTE
    return widened(digits, count, _BITS, _OF_BYTE).to_bytes(count).translate(_LETTERS).decode()


def code_of(token: str) -> bytes:
    """The bytes that a token in capital letters spells. Raises CodeMalformedError."""
    if not token or len(token) > _MAX_TOKEN or not token.isascii():
        raise CodeMalformedError("malformed")
    try:
        number = int(token.encode().translate(_DIGITS), 32)
    except ValueError as error:
        raise CodeMalformedError("malformed") from error
    length, stray = divmod(len(token) * _BITS, _OF_BYTE)
    # As many letters as the bytes need, and nothing in what the last one has beyond them.
    if stray >= _BITS or number & ((1 << stray) - 1):
        raise CodeMalformedError("malformed")
    return (number >> stray).to_bytes(length, "big")


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
