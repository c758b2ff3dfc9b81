"""CBOR Web Tokens (RFC 8392) in a COSE_Sign1 (RFC 9052), signed with the key of a purpose; and how keys are published.

Of SM2 neither algorithm nor curve nor key type is registered: the curve goes by ``SM2_CURVE``, within the key type EC2.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import cbor2

from app.licences.keys.algorithms import Algorithm, Purpose
from app.licences.keys.ring import PublicKey, SigningKeys

_SIGN1 = 18
_ALGORITHM, _KEY_ID = 1, 4
SM2_CURVE = -65601
_KEY_PURPOSE, _KEY_SIGNS_FROM, _KEY_BELIEVED_UNTIL = -65537, -65538, -65539
_COORDINATE = 32


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """What the signature of a COSE_Sign1 is over (Sig_structure of RFC 9052)."""
    return cbor2.dumps(["Signature1", protected, b"", payload])


async def sign_cwt(
    keys: SigningKeys, purpose: Purpose, claims: Mapping[int, Any], headers: Mapping[int, Any] | None = None
) -> bytes:
    """A tagged COSE_Sign1 over the claims; ``headers`` stand beside algorithm and key id under the signature.

    Raises TemporarilyUnavailableError or TryLaterError.
    """
    key = await keys.active(purpose)
    head = {_ALGORITHM: key.algorithm, _KEY_ID: key.key_id, **(headers or {})}
    protected, payload = cbor2.dumps(head, canonical=True), cbor2.dumps(claims, canonical=True)
    signature = await keys.sign(key.key_id, to_be_signed(protected, payload))
    return cbor2.dumps(cbor2.CBORTag(_SIGN1, [protected, {}, payload, signature]))


def cose_key_set(keys: Sequence[PublicKey]) -> bytes:
    """A COSE_KeySet (RFC 9052, section 7).

    Each key also has, under labels for private use, -65537 its purpose, -65538 the moment from which it signs and
    -65539 the one until which what it signed is believed (seconds since 1970; absent where no end is set).
    """
    return cbor2.dumps([_cose_key(key) for key in keys], canonical=True)


def _cose_key(key: PublicKey) -> dict[int, Any]:
    if key.algorithm is Algorithm.EDDSA:
        shape: dict[int, Any] = {1: 1, -1: 6, -2: key.public}
    else:
        x, y = _coordinates(key.public)
        shape = {1: 2, -1: SM2_CURVE, -2: x, -3: y}
    times = {_KEY_SIGNS_FROM: int(key.signs_from.timestamp())}
    if key.gone_at:
        times[_KEY_BELIEVED_UNTIL] = int(key.gone_at.timestamp())
    return {**shape, 2: key.key_id, 3: int(key.algorithm), 4: [2], _KEY_PURPOSE: key.purpose.value, **times}


def jwk_set(keys: Sequence[PublicKey]) -> str:
    """The same keys as a JWK set (RFC 7517, RFC 8037), in JSON, with ``purpose``, ``nbf`` and ``exp``."""
    return json.dumps({"keys": [_jwk(key) for key in keys]}, separators=(",", ":"))


def _jwk(key: PublicKey) -> dict[str, Any]:
    if key.algorithm is Algorithm.EDDSA:
        shape = {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": _base64(key.public)}
    else:
        x, y = _coordinates(key.public)
        shape = {"kty": "EC", "crv": "SM2", "alg": "SM2", "x": _base64(x), "y": _base64(y)}
    times = {"nbf": int(key.signs_from.timestamp())}
    if key.gone_at:
        times["exp"] = int(key.gone_at.timestamp())
    return {
        **shape,
        "kid": key.key_id.decode(),
        "use": "sig",
        "key_ops": ["verify"],
        "purpose": key.purpose.value,
        **times,
    }


def _coordinates(point: bytes) -> tuple[bytes, bytes]:
    return point[1 : 1 + _COORDINATE], point[1 + _COORDINATE :]


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
