"""Staff sign in on a web page: password and second factor, into cookies of the staff's pages alone."""

from pydantic import Field
from sanic import HTTPResponse

from app.identity import errors, sessions
from app.identity.models import Staff
from app.identity.rules import Audience, Duty
from app.identity.staff import StaffGrant, change_own_password, sign_in_staff
from miniapp_api import auth, cookies
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.view import is_in_work
from miniapp_api.routing import Actor, Call, QuerySchema, Routes
from miniapp_api.staff.sessions import SIGN_IN_ERRORS

routes = Routes()
_SIGN_IN, _HOME = "/h5/staff/sign-in", "/h5/staff/verify"
_COMPLAINTS = "/h5/staff/complaints"
PASSWORD = "/h5/staff/password"  # noqa: S105  # a page's address
_REFUSED = (errors.PasswordWrongError, *SIGN_IN_ERRORS)
_NOT_CHANGED = (errors.PasswordWrongError, errors.PasswordWeakError)
_TWO_TABS = "page"
"""Two pages that renew a session at once are answered the same: what the second spends was just spent by the first."""


class StaffReturn(QuerySchema):
    """The staff's page to open afterwards."""

    return_to: str = Field(default=_HOME, max_length=512, pattern=r"^/h5/staff/[a-z0-9/-]*$")


class StaffSignInForm(StaffReturn):
    """A user name, a password, and the code of the second factor where the account has one."""

    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256)
    otp: str = Field(default="", max_length=16)


class PasswordForm(QuerySchema):
    """The present password and the one to come."""

    old: str = Field(min_length=1, max_length=256)
    new: str = Field(min_length=1, max_length=256)


@routes.add("GET", _SIGN_IN, actor=Actor.ANYONE, limit="browse", media_type="text/html")
async def open_staff_sign_in(call: Call, query: StaffReturn) -> HTTPResponse:
    """Where staff sign in."""
    return sign_in_page(call, return_to=query.return_to)


@routes.add(
    "POST",
    _SIGN_IN,
    actor=Actor.ANYONE,
    limit="staff_sign_in",
    status=303,
    media_type="text/html",
    errors=(*_REFUSED, errors.CsrfTokenWrongError),
)
async def sign_in_staff_on_page(call: Call, form: StaffSignInForm) -> HTTPResponse:
    """Sign in; what was wrong is said on the same page."""
    auth.require_own_site(call.request)
    try:
        granted = await sign_in_staff(
            call.house.staff_door,
            form.username,
            form.password,
            form.otp.strip() or None,
            address=call.address,
            device=call.device(),
        )
    except _REFUSED as error:
        wrong, status = sentence_of(call.request, error), status_of(type(error))
        return sign_in_page(call, return_to=form.return_to, username=form.username, wrong=wrong, status=status)
    return entered(call, granted, form.return_to)


def sign_in_page(
    call: Call, *, return_to: str = _HOME, username: str = "", wrong: str = "", status: int = 200
) -> HTTPResponse:
    """Where staff sign in; inside 企业微信 through it, too, where it is set up."""
    work = call.house.work is not None and is_in_work(call.request)
    return page(
        call.request,
        "staff_sign_in.html",
        status=status,
        return_to=return_to,
        username=username,
        wrong=wrong,
        work=work,
    )


def entered(call: Call, granted: StaffGrant, return_to: str) -> HTTPResponse:
    """The answer to a sign-in: the session's cookies, and the way to the next page."""
    answer = moved(_after_sign_in(granted.member, return_to), status=303)
    cookies.give_staff_session(answer, granted.grant.tokens, call.house.settings.public_url)
    return answer


def _after_sign_in(member: Staff, return_to: str) -> str:
    """What comes next: a password that was given is changed first; whoever only supervises has nothing to verify."""
    if member.password_given:
        return PASSWORD
    verifies = {Duty.VERIFY, Duty.WINDOW} & set(member.duties)
    return _COMPLAINTS if return_to == _HOME and not verifies and Duty.SUPERVISE in member.duties else return_to


@routes.add("GET", PASSWORD, actor=Actor.STAFF, duty=Duty.ANY, limit="read", media_type="text/html")
async def open_password(call: Call) -> HTTPResponse:
    """Where staff change their password; one that was given has to be changed before anything else."""
    return page(call.request, "staff_password.html", staff=call.staff, wrong="")


@routes.add(
    "POST",
    PASSWORD,
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="staff_password",
    status=303,
    media_type="text/html",
    errors=_NOT_CHANGED,
)
async def change_password_on_page(call: Call, form: PasswordForm) -> HTTPResponse:
    """Change my password; I sign in anew with it everywhere."""
    try:
        await change_own_password(call.staff, form.old, form.new)
    except _NOT_CHANGED as error:
        wrong = sentence_of(call.request, error)
        # Whoever is signed in is known: a wrong password here is a wrong field.
        return page(call.request, "staff_password.html", status=422, staff=call.staff, wrong=wrong)
    answer = moved(f"{_SIGN_IN}#left", status=303)
    cookies.take_staff_session(answer, call.house.settings.public_url)
    return answer


@routes.add("GET", cookies.STAFF_SESSION_PATH, actor=Actor.ANYONE, limit="refresh", status=302, media_type="text/html")
async def renew_staff_session(call: Call, query: StaffReturn) -> HTTPResponse:
    """Go on with a session whose access token is over, or sign in anew; then back to the page."""
    token = str(call.request.cookies.get(cookies.STAFF_REFRESH, ""))
    try:
        grant = await sessions.refresh_session(call.house.access_tokens, Audience.STAFF, token, _TWO_TABS)
    except errors.RefreshTokenInvalidError:
        return moved(f"{_SIGN_IN}?return_to={query.return_to}")
    answer = moved(query.return_to)
    cookies.give_staff_session(answer, grant.tokens, call.house.settings.public_url)
    return answer


@routes.add(
    "POST",
    "/h5/staff/sign-out",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(errors.SessionNotFoundError,),
)
async def sign_out_staff(call: Call) -> HTTPResponse:
    """Sign out in this browser."""
    await sessions.end_session(Audience.STAFF, call.staff.id, call.session_id)
    answer = moved(f"{_SIGN_IN}#left", status=303)
    cookies.take_staff_session(answer, call.house.settings.public_url)
    return answer
