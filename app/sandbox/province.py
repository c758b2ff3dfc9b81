"""The stand-in of the provincial identity platform: an OpenID Connect provider.

Authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 6749, RFC 7636), ID tokens signed with ES256. Who signs
in is said by ``login_hint``, the hint somebody was registered with under /control, or typed into a small form.
"""

import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

import jwt
from pydantic import BaseModel, Field
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import html as html_response

from app.sandbox.answers import RefusedError, answer, read
from app.sandbox.authority import is_well_formed
from app.sandbox.faults import Faults
from app.sandbox.province_oauth import (
    OAuthError,
    check_client,
    check_redemption,
    check_sender,
    parameters,
    proves,
    what_is_wrong,
)
from app.sandbox.province_page import form
from app.sandbox.province_state import TOKEN_LIFETIME, Grant, Person, ProvinceState
from config.settings import ProvinceSettings

_NO_STORE = {"Cache-Control": "no-store"}
_PAGE = {**_NO_STORE, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


class _PersonBody(BaseModel):
    hint: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    name: Annotated[str, Field(pattern=r"\S")]
    id_number: str
    phone: Annotated[str | None, Field(pattern=r"^1[0-9]{10}$")] = None
    acr: Literal["2", "3"]


class _RotationBody(BaseModel):
    drop_old: bool = False


def _refuse(_request: Request, refused: OAuthError) -> HTTPResponse:
    response = answer({"error": refused.error}, refused.status)
    response.headers.update(_NO_STORE)
    if refused.challenge:
        response.headers["WWW-Authenticate"] = refused.challenge
    return response


def _send_back(asked: Mapping[str, str], **result: str) -> HTTPResponse:
    if "state" in asked:
        result["state"] = asked["state"]
    uri = asked["redirect_uri"]
    location = f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(result)}"
    return HTTPResponse(status=302, headers={"Location": location, **_NO_STORE})


def _claims(person: Person) -> dict[str, Any]:
    """What is told about somebody. The names are constructed: the province's own are not known yet."""
    told = {"sub": person.subject, "name": person.name, "cn_id_number": person.id_number, "phone_number": person.phone}
    return {name: value for name, value in told.items() if value is not None}


def _id_token(settings: ProvinceSettings, state: ProvinceState, person: Person, nonce: str | None) -> str:
    now, (kid, key) = int(time.time()), state.signing_key
    claims = {"iss": settings.issuer, "aud": settings.client_id, "iat": now, "exp": now + TOKEN_LIFETIME}
    if nonce is not None:
        claims["nonce"] = nonce
    return jwt.encode({**_claims(person), **claims, "acr": person.acr}, key, algorithm="ES256", headers={"kid": kid})


def _authorize(settings: ProvinceSettings, state: ProvinceState, asked: Mapping[str, str]) -> HTTPResponse:
    if wrong := what_is_wrong(asked):
        return _send_back(asked, error=wrong)
    hint = asked.get("login_hint")
    if hint is None or state.person(hint) is None:
        return html_response(form(asked, unknown=hint is not None), headers=_PAGE)
    grant = Grant(hint, settings.client_id, asked["redirect_uri"], asked["code_challenge"], asked.get("nonce"))
    return _send_back(asked, code=state.give_code(grant))


def _redeem(settings: ProvinceSettings, state: ProvinceState, asked: Mapping[str, str]) -> dict[str, Any]:
    check_redemption(asked)
    grant = state.grant_of(asked["code"])
    person = state.person(grant.hint) if grant else None
    if grant is None or person is None or not proves(settings, grant, asked):
        raise OAuthError("invalid_grant")
    id_token = _id_token(settings, state, person, grant.nonce)
    access_token = state.redeem(asked["code"])
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME,
        "id_token": id_token,
    }


def blueprint(settings: ProvinceSettings, public_url: str, state: ProvinceState, faults: Faults) -> Blueprint:
    """The provider's routes. Citizens are sent back to addresses of the product alone, which ``public_url`` names."""
    routes = Blueprint("province", url_prefix="/province")
    routes.exception(OAuthError)(_refuse)

    @routes.get("/.well-known/openid-configuration")
    async def discovery(_request: Request) -> HTTPResponse:
        return answer(
            {
                "issuer": settings.issuer,
                "authorization_endpoint": f"{settings.issuer}/authorize",
                "token_endpoint": f"{settings.issuer}/token",
                "userinfo_endpoint": f"{settings.issuer}/userinfo",
                "jwks_uri": f"{settings.issuer}/jwks",
                "scopes_supported": ["openid", "profile", "phone"],
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
                "acr_values_supported": ["2", "3"],
            }
        )

    @routes.get("/jwks")
    async def jwks(request: Request) -> HTTPResponse:
        await faults.reach(request, "province.jwks.before")
        state.jwks_reads += 1
        keys = state.published()
        await faults.reach(request, "province.jwks.after")
        return answer({"keys": keys})

    @routes.get("/authorize")
    async def authorize(request: Request) -> HTTPResponse:
        asked = parameters(request.query_string)
        check_sender(settings, public_url, asked)
        return _authorize(settings, state, asked)

    @routes.post("/token")
    async def token(request: Request) -> HTTPResponse:
        await faults.reach(request, "province.token.before")
        check_client(settings, request)
        given = _redeem(settings, state, parameters(request.body))
        await faults.reach(request, "province.token.after")
        response = answer(given)
        response.headers.update(_NO_STORE)
        return response

    @routes.get("/userinfo")
    async def userinfo(request: Request) -> HTTPResponse:
        scheme, _, access_token = request.headers.get("authorization", "").partition(" ")
        person = state.bearer(access_token) if scheme.lower() == "bearer" else None
        if person is None:
            raise OAuthError("invalid_token", 401, challenge='Bearer error="invalid_token"')
        return answer(_claims(person))

    return routes


def control(state: ProvinceState) -> Blueprint:
    """Who has an account, and which keys sign."""
    routes = Blueprint("province_control", url_prefix="/control/province")

    def keys() -> HTTPResponse:
        kids = [key["kid"] for key in state.published()]
        return answer({"kid": state.signing_key[0], "published": kids, "jwks_reads": state.jwks_reads})

    @routes.get("/")
    async def look(_request: Request) -> HTTPResponse:
        return keys()

    @routes.post("/persons")
    async def register(request: Request) -> HTTPResponse:
        body = read(_PersonBody, request)
        if not is_well_formed(body.id_number):
            raise RefusedError(400, "malformed")
        person = state.register(body.hint, body.model_dump(exclude={"hint"}))
        return answer({"hint": body.hint, "sub": person.subject}, 201)

    @routes.post("/rotate-keys")
    async def rotate(request: Request) -> HTTPResponse:
        body = read(_RotationBody, request) if request.body else _RotationBody()
        state.rotate(drop_old=body.drop_old)
        return keys()

    return routes
