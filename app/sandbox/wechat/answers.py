"""How WeChat's stand-in says no: HTTP 200 with ``errcode`` and ``errmsg``."""

import hmac

from pydantic import SecretStr
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import RefusedError, answer
from app.sandbox.faults import InjectedError


class PlatformError(Exception):
    """WeChat's kind of refusal."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"{errcode} {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg


def is_secret(given: str | None, secret: SecretStr) -> bool:
    """Whether this is the secret, compared in constant time."""
    return hmac.compare_digest((given or "").encode(), secret.get_secret_value().encode())


def _refuse(_request: Request, error: PlatformError) -> HTTPResponse:
    return answer({"errcode": error.errcode, "errmsg": error.errmsg})


def _fail(_request: Request, _error: InjectedError) -> HTTPResponse:
    return answer({"errcode": -1, "errmsg": "system error"})


def _malformed(_request: Request, _error: RefusedError) -> HTTPResponse:
    return answer({"errcode": 47001, "errmsg": "data format error"})


def wechat_blueprint(name: str) -> Blueprint:
    """Routes whose refusals, injected errors and unreadable bodies are answered as WeChat answers."""
    routes = Blueprint(name)
    routes.exception(PlatformError)(_refuse)
    routes.exception(InjectedError)(_fail)
    routes.exception(RefusedError)(_malformed)
    return routes
