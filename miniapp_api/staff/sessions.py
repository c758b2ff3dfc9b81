"""Staff sign in, see where they are signed in, and sign out."""

from dataclasses import asdict
from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.identity import errors, logins, sessions, staff
from app.identity.logins import LoginKind
from app.identity.rules import Audience, Duty
from miniapp_api import cookies
from miniapp_api.answers import json_answer
from miniapp_api.routing import Actor, Call, Routes, Schema
from miniapp_api.sessions import EndedAnswer, SessionList
from wechat.work import WorkClient

routes = Routes()
WORK_RETURN = "/h5/staff/sign-in/work/callback"
"""Where 企业微信 sends a browser back to: a page that asks for the second factor and signs in."""
_HOME = "/h5/staff/verify"


class StaffSessionRequest(Schema):
    """A user name, a password, and the code of the second factor where the account has one."""

    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256)
    otp: str | None = Field(default=None, max_length=16)
    device: str = Field(default="", max_length=128)


class WorkAddress(Schema):
    """Where 企业微信 asks who somebody is."""

    url: str


class WorkSessionRequest(Schema):
    """What 企业微信 sent back, and the code of the second factor where the account has one."""

    code: str = Field(min_length=1, max_length=512)
    state: str = Field(min_length=1, max_length=128)
    otp: str | None = Field(default=None, max_length=16)
    device: str = Field(default="", max_length=128)


class StaffRefreshRequest(Schema):
    """A refresh token; it is spent by this."""

    refresh_token: str = Field(min_length=1, max_length=128)


class StaffTokens(Schema):
    """Tokens; ``expires_in`` is the access token's time in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class StaffSessionAnswer(StaffTokens):
    """Tokens, and what the account may do; until a given password is changed that is nothing."""

    duties: list[str]
    password_change_needed: bool


class PasswordRequest(Schema):
    """The present password and the one to come."""

    old: str = Field(min_length=1, max_length=256)
    new: str = Field(min_length=1, max_length=256)


SIGN_IN_ERRORS = (errors.SecondFactorNeededError, errors.SecondFactorWrongError, errors.SecondFactorUnsetError)


def granted(given: staff.StaffGrant) -> StaffSessionAnswer:
    """The answer to a sign-in."""
    return StaffSessionAnswer(
        **asdict(given.grant.tokens),
        duties=given.member.duties,
        password_change_needed=bool(given.member.password_given),
    )


@routes.add(
    "POST",
    "/staff/v1/sessions",
    actor=Actor.ANYONE,
    limit="staff_sign_in",
    status=201,
    errors=(errors.PasswordWrongError, *SIGN_IN_ERRORS),
)
async def open_staff_session(call: Call, body: StaffSessionRequest) -> StaffSessionAnswer:
    """Sign in."""
    return granted(
        await staff.sign_in_staff(
            call.house.staff_door,
            body.username,
            body.password,
            body.otp,
            address=call.address,
            device=call.device(body.device),
        )
    )


@routes.add(
    "POST",
    "/staff/v1/sign-in/work",
    actor=Actor.ANYONE,
    limit="staff_sign_in",
    status=201,
    errors=(errors.WorkUnavailableError,),
)
async def begin_work_sign_in(call: Call) -> HTTPResponse:
    """Begin to sign in through 企业微信: the address to open there. It comes back to the page that goes on."""
    work = work_of(call)
    browser = cookies.login_of(call.request)
    begun = await logins.begin_login(LoginKind.WORK, browser=browser, return_to=_HOME)
    url = work.authorize_url(f"{call.house.settings.public_url}{WORK_RETURN}", begun.state)
    answer = json_answer(WorkAddress(url=url), status=201)
    cookies.give_login(answer, begun.browser, call.house.settings.public_url)
    return answer


@routes.add(
    "POST",
    "/staff/v1/sessions/work",
    actor=Actor.ANYONE,
    limit="staff_sign_in",
    status=201,
    errors=(
        errors.LoginStateInvalidError,
        errors.WorkUnavailableError,
        errors.WorkAccountUnknownError,
        errors.LoginCodeInvalidError,
        *SIGN_IN_ERRORS,
    ),
)
async def open_work_session(call: Call, body: WorkSessionRequest) -> StaffSessionAnswer:
    """Sign in with what 企业微信 sent back, in place of a password."""
    work = work_of(call)
    await logins.end_login(LoginKind.WORK, state=body.state, browser=cookies.login_of(call.request))
    member = await staff.member_behind(work, body.code)
    return granted(
        await staff.sign_in_known_staff(
            call.house.staff_door, member, body.otp, address=call.address, device=call.device(body.device)
        )
    )


def work_of(call: Call) -> WorkClient:
    """The client of 企业微信. Raises WorkUnavailableError where none is set up."""
    if call.house.work is None:
        raise errors.WorkUnavailableError
    return call.house.work


@routes.add(
    "POST",
    "/staff/v1/sessions/refresh",
    actor=Actor.ANYONE,
    limit="refresh",
    headers=("Idempotency-Key",),
    errors=(errors.RefreshTokenInvalidError,),
)
async def refresh_staff_session(call: Call, body: StaffRefreshRequest) -> StaffTokens:
    """Exchange a refresh token for a new pair, as citizens do."""
    tokens = call.house.access_tokens
    grant = await sessions.refresh_session(tokens, Audience.STAFF, body.refresh_token, call.idempotency_key)
    return StaffTokens(**asdict(grant.tokens))


@routes.add("GET", "/staff/v1/sessions", actor=Actor.STAFF, duty=Duty.ANY, limit="read")
async def list_staff_sessions(call: Call) -> SessionList:
    """Where I am signed in, the last used first."""
    return SessionList.of(await sessions.live_sessions(Audience.STAFF, call.staff.id), call.session_id)


@routes.add("DELETE", "/staff/v1/sessions", actor=Actor.STAFF, duty=Duty.ANY, limit="write")
async def end_all_staff_sessions(call: Call) -> EndedAnswer:
    """Sign out everywhere, here too."""
    return EndedAnswer(ended=await sessions.end_all_sessions(Audience.STAFF, call.staff.id))


@routes.add(
    "DELETE",
    "/staff/v1/sessions/<session_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="write",
    errors=(errors.SessionNotFoundError,),
)
async def end_staff_session(call: Call, session_id: UUID) -> EndedAnswer:
    """Sign out on one device."""
    await sessions.end_session(Audience.STAFF, call.staff.id, session_id)
    return EndedAnswer(ended=1)


@routes.add(
    "POST",
    "/staff/v1/password",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="staff_password",
    errors=(errors.PasswordWrongError, errors.PasswordWeakError),
)
async def change_password(call: Call, body: PasswordRequest) -> EndedAnswer:
    """Change my password; I sign in anew with it everywhere."""
    return EndedAnswer(ended=await staff.change_own_password(call.staff, body.old, body.new))
