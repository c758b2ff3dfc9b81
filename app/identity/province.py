"""Signing in through the provincial identity platform: an OpenID Connect relying party.

Authorization code flow with PKCE S256 (OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749, RFC 7636).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from joserfc.jwk import Key

from app.identity import id_token
from app.identity.ports import ProvincialIdentity
from app.kit.kept import Kept
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError
from config.settings import ProvinceSettings

_DISCOVERY_AGE = timedelta(hours=1)
# A key that the province drops at once is believed no longer than this.
_KEYS_AGE = timedelta(minutes=5)
# However many unknown key ids come, the keys are asked for because of them no more often than this.
_RENEW_EVERY = timedelta(seconds=10)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_PASSING = {408, 425, 429}
# RFC 6749, 5.2.
_OAUTH_ERRORS = (
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
)


@dataclass(frozen=True, slots=True)
class _Provider:
    """The addresses in the platform's discovery document."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class ProvinceLogin:
    """ProvincialIdentityProvider over OpenID Connect. It lives on one event loop."""

    def __init__(self, http: httpx.AsyncClient, settings: ProvinceSettings) -> None:
        """``http`` carries the time-outs and follows no redirects."""
        self._http, self._settings = http, settings
        secret = settings.client_secret.get_secret_value()
        # client_secret_basic takes both form-encoded (RFC 6749, 2.3.1).
        self._credentials = httpx.BasicAuth(quote_plus(settings.client_id), quote_plus(secret))
        self._provider = Kept(self._read_provider, _DISCOVERY_AGE, renew_every=_RENEW_EVERY)
        self._keys = Kept(self._read_keys, _KEYS_AGE, renew_every=_RENEW_EVERY)

    async def authorize_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where a citizen's browser goes to sign in; ``verifier`` has 43 to 128 unreserved characters (RFC 7636, 4.1).

        Raises TryLaterError where the province is not to be reached, RefusedError where it is not who we think.
        """
        provider = await self._provider.get()
        url: str = prepare_grant_uri(
            provider.authorization_endpoint,
            self._settings.client_id,
            "code",
            redirect_uri,
            id_token.SCOPE,
            state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return url

    async def finish(self, *, code: str, redirect_uri: str, nonce: str, verifier: str) -> ProvincialIdentity:
        """Redeem the code that a citizen came back with; the other values are those of ``authorize_url``.

        Raises TryLaterError where the code was not spent, RefusedError for a code or an ID token that counts for
        nothing, AmbiguousError where the code may be spent and no usable answer came.
        """
        provider = await self._provider.get()
        await self._keys.get()  # while nothing is spent yet
        token = await self._redeem(
            provider.token_endpoint,
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=verifier,
        )
        key = await self._key(id_token.key_id(token))
        client_id, issuer = self._settings.client_id, self._settings.issuer
        return id_token.read(token, key, issuer=issuer, client_id=client_id, nonce=nonce)

    async def _key(self, kid: str) -> Key:
        try:
            keys = await self._keys.get()
            if kid not in keys:  # the province signs with a new key
                keys = await self._keys.renew()
        except TryLaterError as error:
            raise AmbiguousError(error.reason) from error
        if kid not in keys:
            raise RefusedError("key_unknown")
        return keys[kid]

    async def _redeem(self, endpoint: str, **form: str) -> str:
        headers = {"Accept": "application/json"}
        try:
            response = await self._http.post(endpoint, data=form, headers=headers, auth=self._credentials)
        except _NOT_SENT as error:
            raise TryLaterError("unreachable") from error
        except httpx.HTTPError as error:
            raise AmbiguousError("no_answer") from error
        status = f"status_{response.status_code}"
        if response.status_code in _PASSING:
            raise TryLaterError(status)
        if response.is_client_error:
            error_code = (_object(response) or {}).get("error")
            raise RefusedError(error_code if error_code in _OAUTH_ERRORS else status)
        if not response.is_success:
            raise AmbiguousError(status)
        token = (_object(response) or {}).get("id_token")
        if not isinstance(token, str):
            raise AmbiguousError("unreadable_answer")
        return token

    async def _read_provider(self) -> _Provider:
        document = await self._read(get_well_known_url(self._settings.issuer, external=True))
        if document.get("issuer") != self._settings.issuer:
            raise RefusedError("issuer_mismatch")
        return _Provider(*(self._endpoint(document.get(name)) for name in _Provider.__slots__))

    def _endpoint(self, address: Any) -> str:
        if not isinstance(address, str):
            raise TryLaterError("unreadable_answer")
        try:
            url, issuer = httpx.URL(address), httpx.URL(self._settings.issuer)
        except httpx.InvalidURL as error:
            raise TryLaterError("unreadable_answer") from error
        if not url.host or url.scheme not in {"https", issuer.scheme}:
            raise RefusedError("endpoint_unsafe")
        return address

    async def _read_keys(self) -> dict[str, Key]:
        provider = await self._provider.get()
        listed = (await self._read(provider.jwks_uri)).get("keys")
        if not isinstance(listed, list):
            raise TryLaterError("unreadable_answer")
        return id_token.signing_keys(listed)

    async def _read(self, address: str) -> dict[str, Any]:
        try:
            response = await self._http.get(address, headers={"Accept": "application/json"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TryLaterError("unreachable") from error
        if response.status_code != httpx.codes.OK:
            raise TryLaterError(f"status_{response.status_code}")
        document = _object(response)
        if document is None:
            raise TryLaterError("unreadable_answer")
        return document


def _object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
