"""Presentation codes: what a licence's QR holds.

The text is ``HTTPS://<host>/V/<token>``, spelled as ``app/kit/codes.py`` says. The token is that of a CWT (RFC 8392) in
a COSE_Sign1 (RFC 9052) signed with Ed25519. Its claims: 4 expires, 6 issued, 7 nonce, and privately -65537 licence
type, -65538 masked holder, -65539 valid until (ISO 8601, null where it has no end).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.kit.codes import CodeMalformedError, code_of, token_in, token_of, value_of

_SIGN1 = 18
_ALGORITHM, _KEY_ID, _EDDSA = 1, 4, -8
_EXPIRES, _ISSUED, _NONCE = 4, 6, 7
_TYPE, _HOLDER, _UNTIL = -65537, -65538, -65539
NONCE_BYTES = 16
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Claims:
    """What a code says to somebody without a network."""

    nonce: bytes
    issued_at: datetime
    expires_at: datetime
    licence_type: str
    masked_holder: str
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class SignedCode:
    """A code: its token as written in the QR, and the SHA-256 of all its bytes in hexadecimal."""

    token: str
    digest: str
    claims: Claims


class CodeSigner:
    """Makes and reads codes with a ring of Ed25519 keys by key id; ``active`` signs."""

    def __init__(self, keys: Mapping[str, Ed25519PrivateKey], active: str) -> None:
        self._private, self._active = keys[active], active
        self._public = {key_id.encode(): key.public_key() for key_id, key in keys.items()}

    def sign(self, claims: Claims) -> SignedCode:
        """The code that carries these claims."""
        protected = cbor2.dumps({_ALGORITHM: _EDDSA, _KEY_ID: self._active.encode()}, canonical=True)
        said = {
            _EXPIRES: int(claims.expires_at.timestamp()),
            _ISSUED: int(claims.issued_at.timestamp()),
            _NONCE: claims.nonce,
            _TYPE: claims.licence_type,
            _HOLDER: claims.masked_holder,
            _UNTIL: claims.valid_until.isoformat() if claims.valid_until else None,
        }
        payload = cbor2.dumps(said, canonical=True)
        signature = self._private.sign(_to_be_signed(protected, payload))
        code = cbor2.dumps(cbor2.CBORTag(_SIGN1, [protected, {}, payload, signature]))
        return SignedCode(token_of(code), hashlib.sha256(code).hexdigest(), claims)

    def read(self, text: str) -> SignedCode:
        """Read a code and prove that it is ours. Its time is not looked at. Raises CodeMalformedError."""
        token = token_in(text, "V").upper()
        code = code_of(token)
        protected, payload, signature = _parts(code)
        header = _map(protected)
        key_id = header.get(_KEY_ID)
        public = self._public.get(key_id) if isinstance(key_id, bytes) else None
        if public is None or header.get(_ALGORITHM) != _EDDSA or len(header) != 2:  # noqa: PLR2004  # alg and kid
            raise CodeMalformedError("unknown_key")
        try:
            public.verify(signature, _to_be_signed(protected, payload))
        except InvalidSignature as error:
            raise CodeMalformedError("malformed") from error
        return SignedCode(token, hashlib.sha256(code).hexdigest(), _claims(_map(payload)))


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload])


def _parts(code: bytes) -> tuple[bytes, bytes, bytes]:
    tagged = value_of(code)
    if not isinstance(tagged, cbor2.CBORTag) or tagged.tag != _SIGN1 or not isinstance(tagged.value, list):
        raise CodeMalformedError("malformed")
    match tagged.value:
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)] if not unprotected:
            if len(signature) == _SIGNATURE_BYTES:
                return protected, payload, signature
    raise CodeMalformedError("malformed")


def _map(data: bytes) -> dict[object, object]:
    value = value_of(data)
    if not isinstance(value, dict):
        raise CodeMalformedError("malformed")
    return value


def _claims(payload: dict[object, object]) -> Claims:
    match payload:
        case {
            4: int(expires),
            6: int(issued),
            7: bytes(nonce),
            -65537: str(kind),
            -65538: str(holder),
            -65539: str() | None as until,
        }:
            try:
                return Claims(
                    nonce=nonce,
                    issued_at=datetime.fromtimestamp(issued, UTC),
                    expires_at=datetime.fromtimestamp(expires, UTC),
                    licence_type=kind,
                    masked_holder=holder,
                    valid_until=date.fromisoformat(until) if until is not None else None,
                )
            except (ValueError, OverflowError, OSError) as error:
                raise CodeMalformedError("malformed") from error
    raise CodeMalformedError("malformed")
