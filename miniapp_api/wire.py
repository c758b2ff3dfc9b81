"""What every request and every answer has, whatever its route: a number, and what browsers are told."""

import secrets
from itertools import count

from sanic import HTTPResponse, Request
from sanic.response.types import ResponseStream

from miniapp_api.answers import JsonAnswer

_RUN = secrets.token_hex(8)
_NUMBERS = count(1)
_REQUEST_ID = "X-Request-Id"
_UNFRAMED = "frame-ancestors 'none'"
_TLS_ONLY = "max-age=31536000"


class NumberedRequest(Request):
    """A request whose id is this process' own name, drawn at its start, and a number."""

    __slots__ = ()

    @property
    def id(self) -> str:
        """The id by which logs, errors and the header X-Request-Id name this request."""
        if self._id is None:
            self._id = f"{_RUN}-{next(_NUMBERS):x}"
        return str(self._id)

    @property
    def remote_addr(self) -> str:
        """Whom the outermost of our proxies saw, by its entry in X-Forwarded-For; empty where we have none."""
        return seen_by(*self.told_by_proxies)

    @property
    def told_by_proxies(self) -> tuple[str, int]:
        """What X-Forwarded-For says, and how many proxies stand in front."""
        proxies = self.app.config.get("PROXIES_COUNT")
        return (",".join(self.headers.getall("x-forwarded-for", ())), proxies) if proxies else ("", 0)


def seen_by(told: str, proxies: int) -> str:
    """Each proxy adds whom it saw; what stands before the entries of ours was written by whoever asks."""
    if not proxies:
        return ""
    entries = [entry for entry in map(str.strip, told.split(",")) if entry]
    return entries[-proxies].strip("[]").lower() if len(entries) >= proxies else ""


def guard(answer: HTTPResponse | ResponseStream, request_id: str, *, over_tls: bool) -> None:
    """Have an answer name its request, and a browser frame no answer, take it for nothing but what it is and, where we
    are served over TLS, come by no other way from now on (RFC 6797). What an answer says itself stays.
    """
    if isinstance(answer, JsonAnswer) and answer.say(_lines(request_id, over_tls=over_tls)):
        return
    headers = answer.headers
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = _UNFRAMED
    if "X-Content-Type-Options" not in headers:
        headers["X-Content-Type-Options"] = "nosniff"
    if over_tls:
        headers["Strict-Transport-Security"] = _TLS_ONLY
    headers[_REQUEST_ID] = request_id


def _lines(request_id: str, *, over_tls: bool) -> str:
    """Those that guard an answer in JSON, which frames nothing and is what it says by itself."""
    strict = f"Strict-Transport-Security: {_TLS_ONLY}\r\n" if over_tls else ""
    return f"{strict}{_REQUEST_ID}: {request_id}\r\n"
