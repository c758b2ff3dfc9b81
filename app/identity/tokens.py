"""Access tokens: JWTs signed with Ed25519, short-lived, one audience per surface (RFC 7519, RFC 8037)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.identity.errors import AccessTokenExpiredError, AccessTokenInvalidError
from app.identity.rules import Audience
from app.kit import clock

LIFETIME = timedelta(minutes=15)
_ISSUER = "jiaban"
_REMEMBERED = 4_000
_DOT = "."


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token speaks for. ``csrf_token`` is what a page must show beside one in a cookie."""

    id: UUID
    session: UUID
    csrf_token: str | None = None


class AccessTokens:
    """Makes and reads access tokens with a ring of Ed25519 keys by key id; ``active`` signs."""

    def __init__(self, keys: Mapping[str, Ed25519PrivateKey], active: str) -> None:
        self._private, self._active = keys[active], active
        self._public = {key_id: key.public_key() for key_id, key in keys.items()}
        # The tokens of a key all begin alike, which tells the key without a look at what they say.
        heads = {key_id: _written({}, key, key_id).partition(_DOT)[0] for key_id, key in keys.items()}
        self._by_head = {head: self._public[key_id] for key_id, head in heads.items()}
        # A signature that was right stays right: each token is verified once while it is used.
        self._read: LRUCache[tuple[str, Audience], tuple[Bearer, int]] = LRUCache(_REMEMBERED)

    def issue(self, audience: Audience, subject: UUID, session: UUID, csrf_token: str | None = None) -> str:
        """A token of a session for ``subject``, good for LIFETIME."""
        moment = clock.now()
        claims = {
            "iss": _ISSUER,
            "aud": audience.value,
            "sub": str(subject),
            "sid": str(session),
            "iat": moment,
            "exp": moment + LIFETIME,
        }
        if csrf_token:
            claims["csrf"] = csrf_token
        return _written(claims, self._private, self._active)

    def read(self, token: str, audience: Audience) -> Bearer:
        """Who a token speaks for. Raises AccessTokenExpiredError or AccessTokenInvalidError."""
        known = self._read.get((token, audience))
        if known is None:
            known = self._read[token, audience] = self._verify(token, audience)
        bearer, expires = known
        if expires <= clock.seconds():
            raise AccessTokenExpiredError
        return bearer

    def _verify(self, token: str, audience: Audience) -> tuple[Bearer, int]:
        try:
            key = self._by_head.get(token.partition(_DOT)[0])
            if key is None:
                key = self._public[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=audience.value,
                issuer=_ISSUER,
                options={"require": ["exp", "sub", "sid"], "verify_exp": False},
            )
            return Bearer(UUID(claims["sub"]), UUID(claims["sid"]), claims.get("csrf")), int(claims["exp"])
        except (jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
            raise AccessTokenInvalidError from error


def _written(claims: dict[str, Any], key: Ed25519PrivateKey, key_id: str) -> str:
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": key_id})
