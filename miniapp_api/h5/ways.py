"""Where a browser is sent that is not signed in."""

from urllib.parse import quote

from sanic import Request

from app.identity.errors import (
    AccessTokenExpiredError,
    AccessTokenInvalidError,
    AccessTokenMissingError,
    SessionEndedError,
)
from app.kit.errors import DomainError
from miniapp_api import cookies
from miniapp_api.h5.pages import address_of_page

_NOT_SIGNED_IN = (AccessTokenMissingError, AccessTokenInvalidError, AccessTokenExpiredError, SessionEndedError)


def way_to_sign_in(request: Request, error: DomainError) -> str | None:
    """Where a browser is sent that opens a page which needs somebody signed in, None where an error is another.

    A session whose access token ran out is renewed, and what a form sent goes along (RFC 9110, 15.4.8); where there is
    no session any more it stays with the browser, which is told.
    """
    if not isinstance(error, _NOT_SIGNED_IN) or request.path.startswith("/h5/sign-in"):
        return None
    if request.method != "GET" and not isinstance(error, AccessTokenExpiredError):
        return None
    where = "/h5/v1/session/renew" if cookies.ACCESS in request.cookies else "/h5/sign-in"
    return f"{where}?return_to={quote(address_of_page(request), safe='/')}"
