"""The provincial stand-in's side of OAuth 2.0: what it asks of clients, and how it says no."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from sanic.request import Request

from app.sandbox.province_state import Grant
from config.settings import ProvinceSettings

_PRINTED = re.compile(r"[\x21-\x7e]+")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class OAuthError(Exception):
    """A refusal as RFC 6749 writes it (5.2), or RFC 6750 for access tokens."""

    def __init__(self, error: str, status: int = 400, *, challenge: str | None = None) -> None:
        super().__init__(error)
        self.error, self.status, self.challenge = error, status, challenge


def parameters(encoded: bytes | str) -> dict[str, str]:
    """Form-encoded parameters, of which empty ones count as left out (RFC 6749, 3.1 and 3.2).

    Raises OAuthError for repeated or unreadable ones.
    """
    try:
        text = encoded if isinstance(encoded, str) else encoded.decode("ascii")
        pairs = parse_qsl(text, errors="strict")
    except ValueError:
        raise OAuthError("invalid_request") from None
    if len(pairs) != len(dict(pairs)):
        raise OAuthError("invalid_request")
    return dict(pairs)


def _origin(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url) if _PRINTED.fullmatch(url) else None
    except ValueError:
        return None
    return (parts.scheme, parts.netloc) if parts and "#" not in url else None


def check_client(settings: ProvinceSettings, request: Request) -> None:
    """client_secret_basic, both parts form-encoded (RFC 6749, 2.3.1). Raises OAuthError 401 ``invalid_client``."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        name, secret = "", ""
    told = f"{unquote_plus(name)}\n{unquote_plus(secret)}"
    known = f"{settings.client_id}\n{settings.client_secret.get_secret_value()}"
    if scheme.lower() != "basic" or not hmac.compare_digest(told.encode(), known.encode()):
        raise OAuthError("invalid_client", 401, challenge='Basic realm="province"')


def check_sender(settings: ProvinceSettings, public_url: str, asked: Mapping[str, str]) -> None:
    """Raise OAuthError for an authorization request whose answer may go nowhere: an unknown client, or an address
    that is not the product's.
    """
    if asked.get("client_id") != settings.client_id or _origin(asked.get("redirect_uri", "")) != _origin(public_url):
        raise OAuthError("invalid_request")


def what_is_wrong(asked: Mapping[str, str]) -> str | None:
    """The error of an authorization request whose sender is right."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type" if "response_type" in asked else "invalid_request"
    if "openid" not in asked.get("scope", "").split(" "):
        return "invalid_scope"
    if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(asked.get("code_challenge", "")):
        return "invalid_request"
    return "access_denied" if "cancel" in asked else None


def check_redemption(asked: Mapping[str, str]) -> None:
    """Raise OAuthError unless a token request has everything that one with a code and PKCE needs."""
    if asked.get("grant_type") != "authorization_code":
        raise OAuthError("unsupported_grant_type" if "grant_type" in asked else "invalid_request")
    if "code" not in asked or not _VERIFIER.fullmatch(asked.get("code_verifier", "")):
        raise OAuthError("invalid_request")


def proves(settings: ProvinceSettings, grant: Grant, asked: Mapping[str, str]) -> bool:
    """Whether whoever redeems a code is the one it was given to."""
    digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    right = (settings.client_id, asked.get("redirect_uri"), challenge)
    return right == (grant.client_id, grant.redirect_uri, grant.challenge)
