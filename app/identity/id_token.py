"""ID tokens of the provincial identity platform: whose they are, and what they say (OpenID Connect Core 1.0, 3.1.3.7).

The platform's own document is not at hand. What it calls things is not confirmed and stands here alone.
"""

import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ClaimError, JoseError
from joserfc.jwk import Key, import_key

from app.identity import rules
from app.identity.errors import IdNumberInvalidError
from app.identity.ports import ProvincialIdentity
from app.identity.rules import Level
from app.kit import clock
from app.kit.ports import RefusedError

SCOPE = "openid profile"
_NAME = "name"
_ID_NUMBER = "cn_id_number"
_LEVELS = {"2": Level.REAL_NAME, "3": Level.FACE}

# Ours to say, never the token's. RS256 is what every OpenID provider must have (Core, 15.1).
_ALGORITHMS = ("ES256", "RS256")
_KEY_TYPES = ("EC", "RSA")
_LEEWAY_SECONDS = 30
# No control characters and nothing that is no text; of any script, whether the character is in Unicode yet or not.
_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")
# Header parameters that we do not know are ignored, as RFC 7515 (4) wants it; those named in ``crit`` are not.
_REGISTRY = jws.JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
# What the library raises for rubbish besides its own errors.
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, AttributeError)


def signing_keys(listed: Sequence[Any]) -> dict[str, Key]:
    """The keys of a JWK set (RFC 7517) that may sign ID tokens, by key id; all others are passed over."""
    keys: dict[str, Key] = {}
    for entry in listed:
        # A symmetric key would be one that everybody reads, and verify what anybody signed.
        if not isinstance(entry, dict) or entry.get("kty") not in _KEY_TYPES or entry.get("use", "sig") != "sig":
            continue
        try:
            key = import_key(entry)
        except _UNREADABLE:
            continue
        if key.kid:
            keys.setdefault(key.kid, key)
    return keys


def key_id(token: str) -> str:
    """The id of the key that is said to have signed a token.

    Raises RefusedError where the token is none, names no key, or wants an algorithm that we do not take.
    """
    try:
        header = jws.extract_compact(token.encode(), registry=_REGISTRY).headers()
        algorithm, kid = header.get("alg"), header.get("kid")
    except _UNREADABLE as error:
        raise RefusedError("token_unreadable") from error
    if algorithm not in _ALGORITHMS:
        raise RefusedError("algorithm_unknown")
    if not isinstance(kid, str) or not kid:
        raise RefusedError("key_unnamed")
    return kid


def read(token: str, key: Key, *, issuer: str, client_id: str, nonce: str) -> ProvincialIdentity:
    """Who signed in, where ``key`` signed the token, and it is from ``issuer``, for us, for this ``nonce`` and in time.

    Raises RefusedError, whose reason names what is wrong and holds none of the token's values.
    """
    claims = _signed(token, key)
    try:
        one = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
        checked = CodeIDToken(claims, {}, one, {"client_id": client_id})
        checked.validate(now=int(clock.now().timestamp()), leeway=_LEEWAY_SECONDS)
    except ClaimError as error:
        raise RefusedError(f"claim_{error.claim}") from error
    except _UNREADABLE as error:
        raise RefusedError("token_unreadable") from error
    if not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
        raise RefusedError("claim_nonce")
    return _identity(claims)


def _signed(token: str, key: Key) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, registry=_REGISTRY).claims
    except BadSignatureError as error:
        raise RefusedError("signature_wrong") from error
    except _UNREADABLE as error:
        raise RefusedError("token_unreadable") from error


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip() or not _TEXT.fullmatch(value):
        raise RefusedError(f"claim_{name}")
    return value


def _identity(claims: Mapping[str, Any]) -> ProvincialIdentity:
    level = _LEVELS.get(_text(claims, "acr"))
    if level is None:
        raise RefusedError("claim_acr")
    try:
        id_number = rules.parse_id_number(_text(claims, _ID_NUMBER), today=clock.today())
    except IdNumberInvalidError as error:
        raise RefusedError(f"claim_{_ID_NUMBER}") from error
    return ProvincialIdentity(_text(claims, "sub"), _text(claims, _NAME).strip(), id_number, level)
