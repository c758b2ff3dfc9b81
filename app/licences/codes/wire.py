"""How a code is written: a CWT (RFC 8392) in a tagged COSE_Sign1 (RFC 9052), all of it in core deterministic CBOR.

The protected header has the algorithm (1) and the key id (4), the unprotected one nothing. The claims are 4 expires,
6 issued, 7 nonce (``cti``) and, under the number -65537 for private use, a list: kind, licence reference, licence type,
masked holder, valid until (days since 1970-01-01), preset, facts (a map from numbers to truths), status list, status
index. The name of a private claim takes five bytes: so all of them are one.

What is read must be what would be written: whatever else means the same is refused.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import cbor2

from app.catalogue.licence_type import Preset
from app.kit.codes import CodeMalformedError, value_of
from app.licences.codes.claims import LONGEST, NONCE_BYTES, Claims, CodeKind

SIGN1 = 18
_ALGORITHM, _KEY_ID = 1, 4
_EXPIRES, _ISSUED, _NONCE, _SHOWN = 4, 6, 7, -65537
_KINDS = {CodeKind.LIVE: 0, CodeKind.HELD: 1, CodeKind.PAPER: 2}
_PRESETS = {Preset.VALID: 0, Preset.AGE_60: 1, Preset.CARD: 2, Preset.ALL: 3}
_FACTS = {"over_60": 1}
_KIND_OF = {number: kind for kind, number in _KINDS.items()}
_PRESET_OF = {number: preset for preset, number in _PRESETS.items()}
_FACT_OF = {number: name for name, number in _FACTS.items()}
_REFERENCE_BYTES = 8
_SIGNATURE_BYTES = 64
_EPOCH = date(1970, 1, 1)


@lru_cache(maxsize=64)
def header_of(key_id: bytes, algorithm: int) -> bytes:
    """The protected header."""
    return cbor2.dumps({_ALGORITHM: algorithm, _KEY_ID: key_id}, canonical=True)


def signed_data(header: bytes, payload: bytes) -> bytes:
    """What the signature is over: the Sig_structure of RFC 9052, section 4.4."""
    return cbor2.dumps(["Signature1", header, b"", payload])


def code_bytes(header: bytes, payload: bytes, signature: bytes) -> bytes:
    """The whole code."""
    return cbor2.dumps(cbor2.CBORTag(SIGN1, [header, {}, payload, signature]))


def payload_of(claims: Claims) -> bytes:
    """The claims as they stand in a code."""
    shown = [
        _KINDS[claims.kind],
        claims.reference,
        claims.licence_type,
        claims.masked_holder,
        (claims.valid_until - _EPOCH).days if claims.valid_until else None,
        _PRESETS[claims.preset],
        {_FACTS[name]: true for name, true in claims.facts.items()},
        claims.status_list,
        claims.status_index,
    ]
    said = {
        _EXPIRES: int(claims.expires_at.timestamp()),
        _ISSUED: int(claims.issued_at.timestamp()),
        _NONCE: claims.nonce,
        _SHOWN: shown,
    }
    return cbor2.dumps(said, canonical=True)


def parts_of(code: bytes) -> tuple[bytes, bytes, bytes]:
    """Header, payload and signature of a code. Raises CodeMalformedError."""
    header, payload, signature = _parts_in(code)
    if code_bytes(header, payload, signature) != code:
        raise CodeMalformedError("malformed")
    return header, payload, signature


def key_and_nonce_in(code: bytes) -> tuple[tuple[bytes, int], bytes]:
    """The key that a code names, as ``key_of`` says, and its nonce; it may be written otherwise than we would.

    For whoever knows by its digest that it is not. Raises CodeMalformedError.
    """
    header, payload, _ = _parts_in(code)
    match value_of(payload):
        case {7: bytes(nonce)} if len(nonce) == NONCE_BYTES:
            return key_of(header), nonce
    raise CodeMalformedError("malformed")


def _parts_in(code: bytes) -> tuple[bytes, bytes, bytes]:
    tagged = value_of(code)
    if isinstance(tagged, cbor2.CBORTag) and isinstance(tagged.value, list):
        match tagged.value:
            case [bytes(header), dict(), bytes(payload), bytes(signature)] if len(signature) == _SIGNATURE_BYTES:
                return header, payload, signature
    raise CodeMalformedError("malformed")


@lru_cache(maxsize=64)
def key_of(header: bytes) -> tuple[bytes, int]:
    """The key id and the algorithm that a protected header names. Raises CodeMalformedError."""
    match value_of(header):
        case {1: int(algorithm), 4: bytes(key_id)} if header_of(key_id, algorithm) == header:
            return key_id, algorithm
    raise CodeMalformedError("malformed")


def claims_of(payload: bytes) -> Claims:
    """The claims that a code carries. Raises CodeMalformedError."""
    try:
        claims = _claims(value_of(payload))
        if claims and payload_of(claims) == payload:
            return claims
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise CodeMalformedError("malformed") from error
    raise CodeMalformedError("malformed")


def _claims(said: object) -> Claims | None:
    match said:
        case {
            4: int(expires),
            6: int(issued),
            7: bytes(nonce),
            -65537: [
                int(kind),
                bytes(reference),
                str() | None as licence_type,
                str(holder),
                int() | None as until,
                int(preset),
                dict(facts),
                int() | None as status_list,
                int() | None as status_index,
            ],
        } if len(nonce) == NONCE_BYTES and len(reference) == _REFERENCE_BYTES:
            claims = Claims(
                kind=_KIND_OF[kind],
                nonce=nonce,
                issued_at=datetime.fromtimestamp(issued, UTC),
                expires_at=datetime.fromtimestamp(expires, UTC),
                reference=reference,
                licence_type=licence_type,
                masked_holder=holder,
                valid_until=_EPOCH + timedelta(days=until) if until is not None else None,
                preset=_PRESET_OF[preset],
                facts={_FACT_OF[number]: bool(true) for number, true in facts.items()},
                status_list=_number(status_list),
                status_index=_number(status_index),
            )
            return claims if timedelta() < claims.expires_at - claims.issued_at <= LONGEST[claims.kind] else None
    return None


def _number(value: int | None) -> int | None:
    """A number; what CBOR wrote as true becomes one, too, and is then found to be written otherwise."""
    return None if value is None else int(value)
