"""What they are told who come while a process has begun as much as it may.

To tell them must cost a fraction of what an answer costs, or a process that is asked too much does little else. So it
is written once for all who see the same, and each gets it with their own request's id.
"""

from dataclasses import dataclass

from markupsafe import escape
from sanic import HTTPResponse, Request

from app.kit.errors import TemporarilyUnavailableError
from miniapp_api.answers import JsonAnswer
from miniapp_api.errors import error_answer, is_for_a_person, is_of_staff
from miniapp_api.h5.pages import here_of
from miniapp_api.h5.view import View, is_wechat_too_old, view_of
from miniapp_api.stopping import end_connection
from miniapp_api.telemetry import note_turned_away
from miniapp_api.wire import guard

_ID, _HERE = "id-of-the-request", "address-of-the-page"
_RETRY_AFTER = "Retry-After"


@dataclass(frozen=True, slots=True)
class _Page:
    """What a browser is told, as far as it is the same for all who see pages in this way."""

    text: str
    status: int
    headers: dict[str, str]
    content_type: str | None

    @classmethod
    def told(cls, request: Request) -> "_Page":
        answer = error_answer(request, TemporarilyUnavailableError(), request_id=_ID, here=_HERE)
        return cls((answer.body or b"").decode(), answer.status, dict(answer.headers), answer.content_type)

    def to(self, request: Request) -> HTTPResponse:
        text = self.text.replace(_ID, str(request.id)).replace(_HERE, escape(here_of(request)))
        return HTTPResponse(text, self.status, self.headers, self.content_type)


@dataclass(frozen=True, slots=True)
class _Json:
    """What everybody else is told."""

    before: bytes
    after: bytes
    status: int
    line: str

    @classmethod
    def told(cls, request: Request) -> "_Json":
        answer = error_answer(request, TemporarilyUnavailableError(), request_id=_ID)
        before, _, after = (answer.body or b"").partition(_ID.encode())
        return cls(before, after, answer.status, f"{_RETRY_AFTER}: {answer.headers[_RETRY_AFTER]}\r\n")

    def to(self, request: Request) -> HTTPResponse:
        answer = JsonAnswer(self.before + str(request.id).encode() + self.after, self.status, None)
        answer.say(self.line)
        return answer


_KEPT: dict[tuple[View, bool, bool] | None, _Page | _Json] = {}


def turn_away(request: Request, began: float) -> HTTPResponse:
    """The answer to a request that is not begun, which came at ``began`` by the performance counter."""
    is_page = is_for_a_person(request)
    kind = (view_of(request), is_wechat_too_old(request), is_of_staff(request)) if is_page else None
    kept = _KEPT.get(kind) or _KEPT.setdefault(kind, (_Page if kind else _Json).told(request))
    answer = kept.to(request)
    context = request.app.ctx
    if context.stopping:
        end_connection(request)
    guard(answer, str(request.id), over_tls=context.over_tls)
    note_turned_away(request, answer, began)
    return answer
