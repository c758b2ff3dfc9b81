"""Signing in on a web page: through WeChat or the province, into cookies that scripts cannot read."""

import hashlib
from urllib.parse import quote
from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.identity import errors, logins, provincial, sessions, sign_in
from app.identity.logins import Begun, LoginKind
from app.identity.models import LoginState
from app.identity.ports import ProvincialIdentityProvider
from app.identity.rules import Audience
from app.identity.service import get_citizen
from app.kit.errors import DomainError, NotFoundError
from app.kit.ports import PortError
from miniapp_api import auth, cookies
from miniapp_api.answers import json_answer
from miniapp_api.citizen.identity import CitizenView
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema

routes = Routes()
_SIGN_IN = "/h5/sign-in"
_RETURNED = (errors.LoginStateInvalidError, NotFoundError)


class SignInQuery(QuerySchema):
    """The page of ours to open afterwards: a path, never another site."""

    return_to: str = Field(default=_SIGN_IN, max_length=512, pattern=r"^/[^/\\\s][^\\\s]*$")


class ReturnQuery(QuerySchema):
    """What another site sends the browser back with."""

    code: str = Field(default="", max_length=2048)
    state: str = Field(default="", max_length=128)


class ProvinceAddress(Schema):
    """Where the province asks who somebody is."""

    url: str


class PageSessionAnswer(Schema):
    """A session in cookies; ``expires_in`` is the access token's time in seconds."""

    expires_in: int
    citizen: CitizenView


@routes.add("GET", _SIGN_IN, actor=Actor.ANYONE, limit="browse", media_type="text/html")
async def open_sign_in(call: Call, query: SignInQuery) -> HTTPResponse:
    """The ways to sign in, and whether somebody is signed in."""
    signed_in = await _signed_in(call) is not None
    province = call.house.province is not None
    return page(call.request, "sign_in.html", signed_in=signed_in, province=province, return_to=query.return_to)


async def _signed_in(call: Call) -> UUID | None:
    """Who is signed in on this browser, None where nobody is."""
    try:
        caller = await auth.identify(call.house, call.request, Actor.CITIZEN.value, None)
    except DomainError:
        return None
    return caller.citizen_id


def _sent(call: Call, begun: Begun, address: str) -> HTTPResponse:
    answer = moved(address)
    cookies.give_login(answer, begun.browser, call.house.settings.public_url)
    return answer


def _back(call: Call, kind: LoginKind) -> str:
    return f"{call.house.settings.public_url}/h5/sign-in/{kind}/callback"


@routes.add("GET", "/h5/sign-in/wechat", actor=Actor.ANYONE, limit="sign_in", status=302, media_type="text/html")
async def begin_wechat_sign_in(call: Call, query: SignInQuery) -> HTTPResponse:
    """Go to WeChat, which says who opened the page."""
    begun = await logins.begin_login(
        LoginKind.WECHAT, browser=cookies.login_of(call.request), return_to=query.return_to
    )
    # The UnionID, which makes one citizen of both apps, comes with this scope alone.
    address = call.house.official.authorize_url(_back(call, LoginKind.WECHAT), begun.state, "snsapi_userinfo")
    return _sent(call, begun, address)


@routes.add(
    "GET",
    "/h5/sign-in/wechat/callback",
    actor=Actor.ANYONE,
    limit="sign_in",
    status=302,
    media_type="text/html",
    errors=(
        *_RETURNED,
        errors.LoginCodeInvalidError,
        errors.SnapshotUserError,
        errors.WeChatUnavailableError,
        errors.SessionEndedError,
    ),
)
async def finish_wechat_sign_in(call: Call, query: ReturnQuery) -> HTTPResponse:
    """Come back from WeChat, signed in."""
    login = await _login(call, LoginKind.WECHAT, query)
    if not query.code:
        # WeChat sends whoever declines back without one.
        raise errors.LoginCodeInvalidError
    appid = call.house.settings.wechat.official_account_appid
    signed_in = await sign_in.sign_in_by_page(call.house.official, appid, query.code)
    return await _opened(call, login, signed_in.citizen.id, signed_in.account_id)


def _province(call: Call) -> ProvincialIdentityProvider:
    if call.house.province is None:
        raise NotFoundError
    return call.house.province


@routes.add(
    "GET",
    "/h5/sign-in/province",
    actor=Actor.ANYONE,
    limit="sign_in",
    status=302,
    media_type="text/html",
    errors=(errors.ProvinceUnavailableError, NotFoundError),
)
async def begin_province_sign_in(call: Call, query: SignInQuery) -> HTTPResponse:
    """Go to the provincial identity platform. Whoever is signed in here gets nothing by it: see ``link_province``."""
    begun, address = await _to_province(call, query.return_to, None)
    return _sent(call, begun, address)


@routes.add(
    "POST",
    "/api/v1/identity/province",
    actor=Actor.CITIZEN,
    limit="write",
    status=201,
    errors=(errors.ProvinceUnavailableError, NotFoundError),
)
async def link_province(call: Call) -> HTTPResponse:
    """Ask for my account at the province and its level: the address to open in this browser."""
    begun, address = await _to_province(call, _SIGN_IN, call.session_id)
    answer = json_answer(ProvinceAddress(url=address), status=201)
    cookies.give_login(answer, begun.browser, call.house.settings.public_url)
    return answer


@routes.add(
    "POST",
    "/h5/identity/province",
    actor=Actor.CITIZEN,
    limit="write",
    media_type="text/html",
    errors=(errors.ProvinceUnavailableError, NotFoundError),
)
async def link_province_on_page(call: Call) -> HTTPResponse:
    """Ask for my account at the province and its level: a page with the way there, since no form leaves our site."""
    begun, address = await _to_province(call, "/h5/identity", call.session_id)
    answer = page(call.request, "province.html", address=address)
    cookies.give_login(answer, begun.browser, call.house.settings.public_url)
    return answer


async def _to_province(call: Call, return_to: str, session_id: UUID | None) -> tuple[Begun, str]:
    province, browser = _province(call), cookies.login_of(call.request)
    begun = await logins.begin_login(LoginKind.PROVINCE, browser=browser, return_to=return_to, session_id=session_id)
    try:
        address = await province.authorize_url(
            redirect_uri=_back(call, LoginKind.PROVINCE),
            state=begun.state,
            nonce=begun.nonce,
            verifier=begun.verifier,
        )
    except PortError as error:
        raise errors.ProvinceUnavailableError from error
    return begun, address


@routes.add(
    "GET",
    "/h5/sign-in/province/callback",
    actor=Actor.ANYONE,
    limit="sign_in",
    status=302,
    media_type="text/html",
    errors=(
        *_RETURNED,
        errors.ProvinceRefusedError,
        errors.ProvinceUnavailableError,
        errors.AlreadyVerifiedError,
        errors.MinorNeedsGuardianError,
        errors.SessionEndedError,
    ),
)
async def finish_province_sign_in(call: Call, query: ReturnQuery) -> HTTPResponse:
    """Come back from the province, signed in with the level that it vouches for."""
    province, settings = _province(call), call.house.settings
    login = await _login(call, LoginKind.PROVINCE, query)
    linked = await call.house.live_sessions.owner(login.session_id) if login.session_id else None
    citizen = await provincial.sign_in_by_province(
        province,
        settings.province.issuer if settings.province else "",
        login,
        code=query.code,
        redirect_uri=_back(call, LoginKind.PROVINCE),
        linked=linked,
    )
    return await _opened(call, login, citizen.id, None)


async def _login(call: Call, kind: LoginKind, query: ReturnQuery) -> LoginState:
    return await logins.end_login(kind, state=query.state, browser=cookies.login_of(call.request))


async def _opened(call: Call, login: LoginState, citizen_id: UUID, account_id: UUID | None) -> HTTPResponse:
    grant = await sessions.open_session(call.house.access_tokens, Audience.H5, citizen_id, call.device(), account_id)
    answer, public_url = moved(login.return_to), call.house.settings.public_url
    cookies.give_session(answer, grant.tokens, public_url)
    cookies.take_acting(answer, public_url)
    return answer


@routes.add(
    "POST",
    "/h5/v1/session/refresh",
    actor=Actor.ANYONE,
    limit="refresh",
    headers=("Idempotency-Key", auth.CSRF_TOKEN),
    errors=(errors.RefreshTokenInvalidError, errors.CsrfTokenWrongError, NotFoundError),
)
async def refresh_page_session(call: Call) -> HTTPResponse:
    """Exchange the refresh token in the cookie for new cookies."""
    token = str(call.request.cookies.get(cookies.REFRESH, ""))
    auth.require_csrf_token(call.request, sessions.csrf_token_of(token))
    grant = await sessions.refresh_session(call.house.access_tokens, Audience.H5, token, call.idempotency_key)
    citizen = await get_citizen(grant.owner_id)
    answer = json_answer(PageSessionAnswer(expires_in=grant.tokens.expires_in, citizen=CitizenView.of(citizen)))
    cookies.give_session(answer, grant.tokens, call.house.settings.public_url)
    return answer


_RENEW = "/h5/v1/session/renew"


@routes.add("GET", _RENEW, actor=Actor.ANYONE, limit="refresh", status=302, media_type="text/html")
async def renew_page_session(call: Call, query: SignInQuery) -> HTTPResponse:
    """Exchange the refresh token of a browser that opened a page too late, and go back to the page.

    The cookie comes along from our own pages alone (SameSite=Strict). Two pages that are opened at once renew as one.
    """
    if not call.request.cookies.get(cookies.REFRESH):
        return moved(f"{_SIGN_IN}?return_to={quote(query.return_to, safe='/')}")
    return await _renewed(call, moved(query.return_to))


@routes.add("POST", _RENEW, actor=Actor.ANYONE, limit="refresh", status=307, media_type="text/html")
async def renew_and_send_again(call: Call, query: SignInQuery) -> HTTPResponse:
    """The same for a form that was sent too late: the browser sends it again, where it shows that it is ours.

    Where there is nothing to renew, what was sent meets a page that asks to sign in.
    """
    return await _renewed(call, moved(query.return_to, status=307))


async def _renewed(call: Call, answer: HTTPResponse) -> HTTPResponse:
    token, public_url = str(call.request.cookies.get(cookies.REFRESH, "")), call.house.settings.public_url
    once = hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
    try:
        grant = await sessions.refresh_session(call.house.access_tokens, Audience.H5, token, once)
    except errors.RefreshTokenInvalidError:
        cookies.take_session(answer, public_url)
    else:
        cookies.give_session(answer, grant.tokens, public_url)
    return answer


@routes.add("DELETE", "/h5/v1/session", actor=Actor.CITIZEN, limit="write", errors=(errors.SessionNotFoundError,))
async def end_page_session(call: Call) -> HTTPResponse:
    """Sign out on this browser."""
    await sessions.end_session(Audience.H5, call.citizen_id, call.session_id)
    answer = json_answer({"ended": 1})
    cookies.take_session(answer, call.house.settings.public_url)
    return answer
