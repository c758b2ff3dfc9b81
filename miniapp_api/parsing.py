"""Reading what comes in: bodies and queries become models, and no refusal holds a value."""

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sanic import Request
from sanic.request import RequestParameters

from miniapp_api.errors import BodyMalformedError, FieldInvalidError

M = TypeVar("M", bound=BaseModel)

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ESCAPED_CONTROL = re.compile(rb"\\u00[01]|\\u007f|\\[bf]|\x7f", re.IGNORECASE)
_CONTROL_FIELD = {"field": "?", "reason": "control_character"}


def parse(model: type[M], content: bytes) -> M:
    """Read a JSON body. Raises BodyMalformedError or FieldInvalidError, neither of which holds a value.

    Control characters are refused wherever they stand: no text of a citizen has them, and PostgreSQL takes no NUL.
    """
    if _ESCAPED_CONTROL.search(content):
        _refuse_control_characters(content)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
    if any(problem["type"] == "json_invalid" or not problem["loc"] for problem in problems):
        raise BodyMalformedError
    raise FieldInvalidError(fields=_fields(problems))


def parse_query(model: type[M], request: Request) -> M:
    """Read the query. Raises FieldInvalidError."""
    return _parse_texts(model, request.args)


def parse_form(model: type[M], request: Request) -> M:
    """Read what a form of a page sent. Raises FieldInvalidError."""
    return _parse_texts(model, request.form or RequestParameters())


def form_values(request: Request, name: str) -> list[str]:
    """All that a form of a page sent under one name: what is ticked of several."""
    form = request.form
    return [str(value) for value in form.getlist(name, [])] if form else []


def _parse_texts(model: type[M], given: RequestParameters) -> M:
    if any(_CONTROL.search(str(given.get(name))) for name in model.model_fields):
        raise FieldInvalidError(fields=[_CONTROL_FIELD])
    try:
        return model.model_validate({name: given.get(name) for name in given})
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        raise FieldInvalidError(fields=_fields(problems)) from None


def _refuse_control_characters(content: bytes) -> None:
    """The escape was seen; whether it is one, and not a backslash before a "u", only a reader of JSON can tell."""
    try:
        waiting: list[Any] = [json.loads(content)]
    except (ValueError, RecursionError) as error:
        raise BodyMalformedError from error
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and _CONTROL.search(value):
            raise FieldInvalidError(fields=[_CONTROL_FIELD])


def _fields(problems: Any) -> list[dict[str, str]]:
    """Where it is wrong and how. The name of an unknown field is the caller's own text and is not repeated."""
    return [
        {
            "field": "?" if problem["type"] == "extra_forbidden" else ".".join(str(part) for part in problem["loc"]),
            "reason": problem["type"],
        }
        for problem in problems
    ]
