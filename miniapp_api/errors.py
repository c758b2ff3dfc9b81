"""The one place where an error becomes an HTTP answer: ``{"code", "message", "request_id", "context"}``."""

import logging
import time

import asyncpg
from sanic import HTTPResponse, Request
from sanic.exceptions import MethodNotAllowed, NotFound, PayloadTooLarge, SanicException, ServerError

from app.identity.errors import LevelTooLowError
from app.kit import texts
from app.kit.db import AWAY
from app.kit.errors import DomainError, Kind, NotFoundError, TemporarilyUnavailableError
from app.kit.logs import begin_about
from app.mandates.errors import MandateInactiveError
from miniapp_api import cookies, telemetry
from miniapp_api.answers import json_answer
from miniapp_api.h5.pages import here_of, moved, page
from miniapp_api.h5.view import view_of
from miniapp_api.h5.ways import way_to_sign_in
from miniapp_api.wire import guard

_log = logging.getLogger(__name__)

STATUS = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.RATE_LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}
_RETRY_AFTER_SECONDS = 5
PAGES = "/h5"
"""Where addresses begin under which a browser is told an error as a page."""


class BodyMalformedError(DomainError):
    """The body is not JSON, or not an object."""

    code, kind = "body_malformed", Kind.INVALID


class BodyTooLargeError(DomainError):
    """The body has more bytes than this route takes."""

    code, kind = "body_too_large", Kind.TOO_LARGE


class HeadTooLargeError(DomainError):
    """The request's first line and headers have more bytes than anybody's; nothing of them was read (RFC 6585, 5)."""

    code, kind = "head_too_large", Kind.TOO_LARGE


class FieldInvalidError(DomainError):
    """Fields of the request have the wrong type or shape; the context names each and never its value."""

    code, kind = "field_invalid", Kind.INVALID


class IdempotencyKeyInvalidError(DomainError):
    """The Idempotency-Key is not 1 to 128 printable characters."""

    code, kind = "idempotency_key_invalid", Kind.INVALID


class UploadMissingError(DomainError):
    """The form carries no file."""

    code, kind = "upload_missing", Kind.INVALID


class MethodNotAllowedError(DomainError):
    """The route has no such method."""

    code, kind = "method_not_allowed", Kind.NOT_FOUND


class InternalError(DomainError):
    """A fault of ours."""

    code, kind = "internal", Kind.UNAVAILABLE


class CallbackMalformedError(DomainError):
    """What WeChat is said to have sent cannot be read."""

    code, kind = "wechat_callback_malformed", Kind.INVALID


class CallbackUntrustedError(DomainError):
    """What WeChat is said to have sent is not signed by it."""

    code, kind = "wechat_callback_refused", Kind.FORBIDDEN


_STATUS_OF_CODE = {
    BodyMalformedError.code: 400,
    MethodNotAllowedError.code: 405,
    HeadTooLargeError.code: 431,
    InternalError.code: 500,
}


def status_of(error: type[DomainError]) -> int:
    """The HTTP status of an error."""
    return _STATUS_OF_CODE.get(error.code) or STATUS[error.kind]


def is_for_a_person(request: Request) -> bool:
    """Whether a browser shows the answer as a page, rather than a script or an app reading it."""
    return request.path.startswith(PAGES) and "text/html" in str(request.headers.get("Accept", ""))


def is_of_staff(request: Request) -> bool:
    """Whether it is a page of staff, which goes on by itself where its access token alone is over."""
    return is_for_a_person(request) and request.path.startswith("/h5/staff/")


def _home_of(request: Request) -> str:
    """Where a browser begins anew: signing in would not help."""
    return "/h5/staff/verify" if request.path.startswith("/h5/staff/") else "/h5/"


def sentence_of(request: Request, error: DomainError) -> str:
    """What a page says: the error's own sentence, in English that of its kind where it has none."""
    language = view_of(request).language
    if error.code in texts.keys("errors", language):
        return texts.text_in(language, "errors", error.code)
    return texts.page_text(language, f"error.{error.kind}")


def error_answer(
    request: Request, error: DomainError, *, request_id: str | None = None, here: str | None = None
) -> HTTPResponse:
    """The answer that tells a caller about an error.

    It names the request and, as a page, where it stands; ``request_id`` and ``here`` are said in place of these.
    """
    request_id = request_id or str(request.id)
    headers = {}
    if error.kind in {Kind.RATE_LIMITED, Kind.UNAVAILABLE} and error.code != InternalError.code:
        headers["Retry-After"] = str(error.context.get("retry_after", _RETRY_AFTER_SECONDS))
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.kind is Kind.UNAUTHENTICATED and is_of_staff(request):
        return moved(f"{cookies.STAFF_SESSION_PATH}?return_to={request.path}", status=303)
    if is_for_a_person(request):
        if way := way_to_sign_in(request, error):
            return moved(way, status=302 if request.method == "GET" else 307)
        if isinstance(error, MandateInactiveError) and cookies.acting_of(request):
            return _acting_is_over(request)
        if isinstance(error, LevelTooLowError):
            return page(request, "level.html", status=403, level=error.context["level_needed"])
        told = page(
            request,
            "error.html",
            status=status_of(type(error)),
            message=sentence_of(request, error),
            request_id=request_id,
            here=here or here_of(request),
            back=_page_of(request) if error.kind is Kind.UNAUTHENTICATED else "",
            home="" if error.kind in {Kind.UNAUTHENTICATED, Kind.FORBIDDEN} else _home_of(request),
        )
        told.headers.update(headers)
        return told
    body = {
        "code": error.code,
        "message": texts.text("errors", error.code),
        "request_id": request_id,
        "context": error.context,
    }
    return json_answer(body, status=status_of(type(error)), headers=headers)


def _page_of(request: Request) -> str:
    """The page at the address that a form was sent to, which is where most come from; empty where there is none."""
    try:
        request.app.router.get(request.path, "GET", None)
    except (NotFound, MethodNotAllowed):
        return ""
    return request.path


def _acting_is_over(request: Request) -> HTTPResponse:
    """A browser that acted by a mandate that counts no more: nothing was done, and its next page is one's own."""
    answer = page(request, "acting_over.html", status=status_of(MandateInactiveError))
    cookies.take_acting(answer, request.app.ctx.house.settings.public_url)
    return answer


# The first that fits, from the special to the general.
_MEANING: tuple[tuple[type[Exception], type[DomainError]], ...] = (
    (PayloadTooLarge, BodyTooLargeError),
    (MethodNotAllowed, MethodNotAllowedError),
    (NotFound, NotFoundError),
    (ServerError, InternalError),
    (SanicException, BodyMalformedError),
    *((kind, TemporarilyUnavailableError) for kind in AWAY),
    # Two transactions waited for each other: nothing happened, and again it goes through.
    (asyncpg.TransactionRollbackError, TemporarilyUnavailableError),
)


def _known(request: Request, exception: Exception) -> DomainError | None:
    if isinstance(exception, DomainError):
        return exception
    if isinstance(exception, PayloadTooLarge) and request.route is None:
        # A body is read for a route.
        return HeadTooLargeError()
    return next((meaning() for kind, meaning in _MEANING if isinstance(exception, kind)), None)


def handle_error(request: Request, exception: Exception) -> HTTPResponse:
    """The answer to any exception. A fault of ours is logged by its kind and place."""
    error = _known(request, exception)
    if error is None:
        _log.error("unhandled_error", exc_info=exception, extra={"route": getattr(request.route, "path", "")})
        error = InternalError()
    telemetry.note_refusal(request, error.code)
    return error_answer(request, error)


async def answer_error(request: Request, exception: Exception) -> HTTPResponse:
    """Sanic's handler of what no route answered: an unknown path, a request that cannot be read, a broken stream."""
    began = time.perf_counter()
    begin_about(request_id=request.id)
    answer = handle_error(request, exception)
    guard(answer, str(request.id), over_tls=request.app.ctx.over_tls)
    telemetry.note_answer(request, {}, answer, began)
    return answer
