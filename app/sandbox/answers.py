"""How the stand-ins read bodies and say no."""

import json
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

BEIJING = timezone(timedelta(hours=8))
dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
Body = TypeVar("Body", bound=BaseModel)


class RefusedError(Exception):
    """A request that is answered with ``{"code", "message"}`` and this HTTP status."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


def answer(body: Any, status: int = 200) -> HTTPResponse:
    """A JSON answer in UTF-8, Chinese left as it is."""
    return json_response(body, status=status, dumps=dumps)


def refusal(error: RefusedError) -> HTTPResponse:
    """The answer to a refused request."""
    body = {"code": error.code, "message": error.message} if error.message else {"code": error.code}
    return answer(body, error.status)


def read(model: type[Body], request: Request) -> Body:
    """The request's JSON body as ``model``; raises RefusedError 400 ``malformed``, which repeats no value."""
    try:
        return model.model_validate_json(request.body, strict=True)
    except ValidationError:
        raise RefusedError(400, "malformed") from None


def beijing_time(*, now: datetime | None = None) -> str:
    """The time as ISO 8601 with milliseconds and the offset +08:00."""
    return (now or datetime.now(BEIJING)).astimezone(BEIJING).isoformat(timespec="milliseconds")
