"""Sign-in of the mini-program, and where a citizen is signed in."""

from dataclasses import asdict
from uuid import UUID

from pydantic import Field

from app.identity import errors, service, sessions
from app.identity.models import Citizen
from app.identity.rules import Audience
from app.identity.sign_in import sign_in
from app.kit.errors import NotFoundError
from miniapp_api.citizen.identity import CitizenView
from miniapp_api.routing import Actor, Call, Routes, Schema
from miniapp_api.sessions import EndedAnswer, SessionList

routes = Routes()


class SessionRequest(Schema):
    """A WeChat login code, and what the phone calls itself, for the list of sessions."""

    code: str = Field(min_length=1, max_length=512)
    device: str = Field(default="", max_length=128)


class RefreshRequest(Schema):
    """A refresh token; it is spent by this."""

    refresh_token: str = Field(min_length=1, max_length=128)


class SessionAnswer(Schema):
    """Tokens; ``expires_in`` is the access token's time in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    citizen: CitizenView


def _granted(grant: sessions.Grant, citizen: Citizen) -> SessionAnswer:
    return SessionAnswer(**asdict(grant.tokens), citizen=CitizenView.of(citizen))


@routes.add(
    "POST",
    "/api/v1/sessions",
    actor=Actor.ANYONE,
    limit="sign_in",
    status=201,
    errors=(errors.LoginCodeInvalidError, errors.WeChatUnavailableError, errors.SessionEndedError),
)
async def open_session(call: Call, body: SessionRequest) -> SessionAnswer:
    """Sign in with a WeChat login code."""
    appid = call.house.settings.wechat.mini_program_appid
    signed_in = await sign_in(call.house.wechat, appid, body.code)
    citizen = signed_in.citizen
    grant = await sessions.open_session(
        call.house.access_tokens, Audience.CITIZEN, citizen.id, call.device(body.device), signed_in.account_id
    )
    return _granted(grant, citizen)


@routes.add(
    "POST",
    "/api/v1/sessions/refresh",
    actor=Actor.ANYONE,
    limit="refresh",
    headers=("Idempotency-Key",),
    errors=(errors.RefreshTokenInvalidError, NotFoundError),
)
async def refresh_session(call: Call, body: RefreshRequest) -> SessionAnswer:
    """Exchange a refresh token for a new pair.

    A token used twice ends its session; a retry with the same Idempotency-Key within a minute gets the same answer.
    """
    tokens = call.house.access_tokens
    grant = await sessions.refresh_session(tokens, Audience.CITIZEN, body.refresh_token, call.idempotency_key)
    return _granted(grant, await service.get_citizen(grant.owner_id))


@routes.add("GET", "/api/v1/sessions", actor=Actor.CITIZEN, limit="read")
async def list_sessions(call: Call) -> SessionList:
    """Where I am signed in, the last used first."""
    return SessionList.of(await sessions.live_sessions(Audience.CITIZEN, call.citizen_id), call.session_id)


@routes.add("DELETE", "/api/v1/sessions", actor=Actor.CITIZEN, limit="write")
async def end_all_sessions(call: Call) -> EndedAnswer:
    """Sign out everywhere, here too."""
    return EndedAnswer(ended=await sessions.end_all_sessions(Audience.CITIZEN, call.citizen_id))


@routes.add(
    "DELETE",
    "/api/v1/sessions/<session_id:uuid>",
    actor=Actor.CITIZEN,
    limit="write",
    errors=(errors.SessionNotFoundError,),
)
async def end_session(call: Call, session_id: UUID) -> EndedAnswer:
    """Sign out on one device."""
    await sessions.end_session(Audience.CITIZEN, call.citizen_id, session_id)
    return EndedAnswer(ended=1)
