"""Staff sign in on a web page through 企业微信, in place of a password; the second factor is asked for on the way."""

from pydantic import Field
from sanic import HTTPResponse

from app.identity import errors, logins, staff
from app.identity.logins import LoginKind
from miniapp_api import auth, cookies
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.h5.staff import StaffReturn, entered, sign_in_page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes
from miniapp_api.staff.sessions import SIGN_IN_ERRORS, WORK_RETURN, work_of

routes = Routes()
_REFUSED = (
    errors.LoginStateInvalidError,
    errors.LoginCodeInvalidError,
    errors.WorkUnavailableError,
    errors.WorkAccountUnknownError,
    *SIGN_IN_ERRORS,
)


class WorkReturn(QuerySchema):
    """What 企业微信 sends the browser back with."""

    code: str = Field(default="", max_length=512)
    state: str = Field(default="", max_length=128)


class WorkForm(WorkReturn):
    """The same, and the code of the second factor where the account has one."""

    otp: str = Field(default="", max_length=16)


@routes.add(
    "GET",
    "/h5/staff/sign-in/work",
    actor=Actor.ANYONE,
    limit="staff_sign_in",
    status=302,
    media_type="text/html",
    errors=(errors.WorkUnavailableError,),
)
async def begin_work_sign_in_on_page(call: Call, query: StaffReturn) -> HTTPResponse:
    """Go to 企业微信, which says who opened the page."""
    work, public_url = work_of(call), call.house.settings.public_url
    begun = await logins.begin_login(LoginKind.WORK, browser=cookies.login_of(call.request), return_to=query.return_to)
    answer = moved(work.authorize_url(f"{public_url}{WORK_RETURN}", begun.state))
    cookies.give_login(answer, begun.browser, public_url)
    return answer


@routes.add("GET", WORK_RETURN, actor=Actor.ANYONE, limit="staff_sign_in", media_type="text/html")
async def return_from_work(call: Call, query: WorkReturn) -> HTTPResponse:
    """Come back from 企业微信: what it sent is spent with the second factor, which is asked for here."""
    return page(call.request, "staff_work.html", code=query.code, state=query.state)


@routes.add(
    "POST",
    WORK_RETURN,
    actor=Actor.ANYONE,
    limit="staff_sign_in",
    status=303,
    media_type="text/html",
    errors=(*_REFUSED, errors.CsrfTokenWrongError),
)
async def finish_work_sign_in(call: Call, form: WorkForm) -> HTTPResponse:
    """Sign in; whoever is refused begins anew, since what 企业微信 sent works once."""
    auth.require_own_site(call.request)
    try:
        work = work_of(call)
        login = await logins.end_login(LoginKind.WORK, state=form.state, browser=cookies.login_of(call.request))
        member = await staff.member_behind(work, form.code)
        granted = await staff.sign_in_known_staff(
            call.house.staff_door, member, form.otp.strip() or None, address=call.address, device=call.device()
        )
    except _REFUSED as error:
        return sign_in_page(call, wrong=sentence_of(call.request, error), status=status_of(type(error)))
    return entered(call, granted, login.return_to)
