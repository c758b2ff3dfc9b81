"""Cookies of web pages: tokens that scripts cannot read, and one that only our own pages can."""

from datetime import timedelta
from uuid import UUID

from sanic import HTTPResponse, Request

from app.identity.logins import LIFETIME
from app.identity.sessions import REFRESH_LIFETIME, STAFF_REFRESH_LIFETIME, TokenPair

ACCESS = "jiaban_access"
REFRESH = "jiaban_refresh"
CSRF = "jiaban_csrf"
LOGIN = "jiaban_login"
ACTING = "jiaban_acting"
STAFF = "jiaban_staff"
STAFF_REFRESH = "jiaban_staff_refresh"
STAFF_SESSION_PATH = "/h5/staff/session"
_SESSION_PATH = "/h5/v1/session"
_STAFF_PAGES = "/h5/staff"
_DAYS = int(REFRESH_LIFETIME.total_seconds())
ACTING_LIFETIME = timedelta(hours=12)
"""Whoever forgets that they act for somebody does not file next week's case for them."""


def _is_secure(public_url: str) -> bool:
    """Over https alone, but for the demonstration, which has none."""
    return public_url.startswith("https:")


def give_session(answer: HTTPResponse, pair: TokenPair, public_url: str) -> None:
    """Put a session into a browser.

    The access token comes along when a link from another site opens a page (SameSite=Lax), the refresh token only to
    where it is spent, and scripts read neither.
    """
    secure = _is_secure(public_url)
    answer.add_cookie(ACCESS, pair.access_token, path="/", max_age=_DAYS, httponly=True, secure=secure, samesite="Lax")
    answer.add_cookie(
        REFRESH, pair.refresh_token, path=_SESSION_PATH, max_age=_DAYS, httponly=True, secure=secure, samesite="Strict"
    )
    answer.add_cookie(CSRF, pair.csrf_token, path="/", max_age=_DAYS, httponly=False, secure=secure, samesite="Strict")


def take_session(answer: HTTPResponse, public_url: str) -> None:
    """Take a session out of a browser."""
    for name, path in ((ACCESS, "/"), (REFRESH, _SESSION_PATH), (CSRF, "/"), (ACTING, "/")):
        answer.add_cookie(name, "", path=path, max_age=0, secure=_is_secure(public_url))


def give_staff_session(answer: HTTPResponse, pair: TokenPair, public_url: str) -> None:
    """Put a session of staff into a browser: it comes along to the staff's pages alone, and from no other site."""
    secure, seconds = _is_secure(public_url), int(STAFF_REFRESH_LIFETIME.total_seconds())
    for name, token, path in (
        (STAFF, pair.access_token, _STAFF_PAGES),
        (STAFF_REFRESH, pair.refresh_token, STAFF_SESSION_PATH),
    ):
        answer.add_cookie(name, token, path=path, max_age=seconds, httponly=True, secure=secure, samesite="Strict")


def take_staff_session(answer: HTTPResponse, public_url: str) -> None:
    """Take a session of staff out of a browser."""
    for name, path in ((STAFF, _STAFF_PAGES), (STAFF_REFRESH, STAFF_SESSION_PATH)):
        answer.add_cookie(name, "", path=path, max_age=0, secure=_is_secure(public_url))


def give_acting(answer: HTTPResponse, mandate_id: UUID, public_url: str) -> None:
    """Remember by which mandate the pages of this browser act; each request asks whether it still counts."""
    answer.add_cookie(
        ACTING,
        str(mandate_id),
        path="/",
        max_age=int(ACTING_LIFETIME.total_seconds()),
        httponly=True,
        secure=_is_secure(public_url),
        samesite="Lax",
    )


def take_acting(answer: HTTPResponse, public_url: str) -> None:
    """From now on the pages of this browser are those of whoever is signed in."""
    answer.add_cookie(ACTING, "", path="/", max_age=0, secure=_is_secure(public_url))


def acting_of(request: Request) -> UUID | None:
    """The mandate by which the pages of this browser act, None where they act for nobody else."""
    try:
        return UUID(str(request.cookies.get(ACTING, "")))
    except ValueError:
        return None


def give_login(answer: HTTPResponse, browser: str, public_url: str) -> None:
    """Mark the browser in which a sign-in through another site began."""
    answer.add_cookie(
        LOGIN,
        browser,
        path="/",
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        secure=_is_secure(public_url),
        samesite="Lax",
    )


def login_of(request: Request) -> str:
    """The mark of the browser, empty where there is none of ours."""
    found = str(request.cookies.get(LOGIN, ""))
    return found if len(found) == 64 and found.isalnum() and found.isascii() else ""  # noqa: PLR2004  # 32 bytes
