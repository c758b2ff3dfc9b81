"""Codes are signed, and read again: what is read is genuine, whatever its time and its licence are worth."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from app.kit.codes import CodeMalformedError, code_of, token_in, token_of
from app.licences.codes import wire
from app.licences.codes.claims import Claims, CodeKind, SignedCode
from app.licences.keys.algorithms import Purpose


class NamedKey(Protocol):
    """A key as codes name it."""

    @property
    def key_id(self) -> bytes:
        """Its ``kid``."""

    @property
    def algorithm(self) -> int:
        """Its one algorithm, by the number in COSE."""


class PublishedKey(NamedKey, Protocol):
    """A key that is believed, for one purpose."""

    @property
    def purpose(self) -> Purpose:
        """What it signs."""


class CodeKeys(Protocol):
    """The keys that codes are signed with, each for one purpose and one algorithm."""

    async def active(self, purpose: Purpose) -> NamedKey:
        """The key that signs for a purpose at present."""

    async def sign(self, key_id: bytes, data: bytes) -> bytes:
        """A signature of 64 bytes."""

    async def verify(self, key_id: bytes, algorithm: int, data: bytes, signature: bytes, purpose: Purpose) -> bool:
        """Whether this key, of this algorithm and purpose, signed the data."""

    async def believes(self, key_id: bytes, algorithm: int, purpose: Purpose) -> bool:
        """Whether there is such a key, and what it signed for this purpose is believed at present."""

    async def published(self) -> Sequence[PublishedKey]:
        """The keys that are believed at present."""


class CodeSigner:
    """Makes and reads codes. Paper is signed by keys of its own: neither kind is taken for the other."""

    def __init__(self, keys: CodeKeys) -> None:
        self._keys = keys

    async def sign(self, claims: Claims) -> SignedCode:
        """The code that carries these claims."""
        key = await self._keys.active(_purpose(claims.kind))
        header, payload = wire.header_of(key.key_id, key.algorithm), wire.payload_of(claims)
        signature = await self._keys.sign(key.key_id, wire.signed_data(header, payload))
        return _signed(wire.code_bytes(header, payload, signature), claims)

    async def recognise(self, text: str) -> tuple[str, str] | None:
        """The nonce and the digest that a code must have been handed out with; None where it is read otherwise.

        Its signature is not looked at: a code whose whole content was handed out is proven by that. One of paper, or
        of a key that is believed no more, is none.
        """
        try:
            code = code_of(token_in(text, "V").upper())
            (key_id, algorithm), nonce = wire.key_and_nonce_in(code)
        except CodeMalformedError:
            return None
        believed = await self._keys.believes(key_id, algorithm, Purpose.CODE)
        return (nonce.hex(), hashlib.sha256(code).hexdigest()) if believed else None

    async def read(self, text: str) -> SignedCode:
        """Read a code and prove that it is ours. Its time is not looked at.

        Raises CodeMalformedError, whose reason is ``unknown_key`` where no key of ours has its key id and algorithm.
        """
        code = code_of(token_in(text, "V").upper())
        header, payload, signature = wire.parts_of(code)
        (key_id, algorithm), claims = wire.key_of(header), wire.claims_of(payload)
        data, purpose = wire.signed_data(header, payload), _purpose(claims.kind)
        if not await self._keys.verify(key_id, algorithm, data, signature, purpose):
            known = any((key.key_id, key.algorithm) == (key_id, algorithm) for key in await self._keys.published())
            raise CodeMalformedError("malformed" if known else "unknown_key")
        return _signed(code, claims)


def _signed(code: bytes, claims: Claims) -> SignedCode:
    return SignedCode(token_of(code), hashlib.sha256(code).hexdigest(), claims)


def _purpose(kind: CodeKind) -> Purpose:
    return Purpose.PAPER if kind is CodeKind.PAPER else Purpose.CODE
