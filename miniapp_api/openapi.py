"""The OpenAPI 3.1 document, made from the routes: every route, every schema, every error code."""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.kit import texts
from app.kit.errors import DomainError
from miniapp_api import auth, cookies
from miniapp_api.errors import PAGES, InternalError, status_of
from miniapp_api.routing import Actor, Route

_REF = "#/components/schemas/{model}"
_PART = re.compile(r"<(\w+):(\w+)>")
_PATH_SCHEMAS: dict[str, dict[str, str]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer"},
    "str": {"type": "string"},
}
_SECURITY: dict[Actor, list[dict[str, list[str]]]] = {
    Actor.CITIZEN: [{"citizen": []}, {"page": [], "csrf": []}],
    Actor.STAFF: [{"staff": []}],
    Actor.OPERATOR: [{"operator": []}],
    Actor.PARTNER: [{"clientId": [], "timestamp": [], "nonce": [], "signature": []}],
    Actor.RELYING_SYSTEM: [{"clientId": [], "timestamp": [], "nonce": [], "signature": []}],
}
_SCHEMES: dict[str, Any] = {
    "citizen": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "staff": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "page": {"type": "apiKey", "in": "cookie", "name": cookies.ACCESS},
    "csrf": {"type": "apiKey", "in": "header", "name": auth.CSRF_TOKEN},
    "operator": {"type": "http", "scheme": "bearer"},
    "clientId": {"type": "apiKey", "in": "header", "name": "X-Client-Id"},
    "timestamp": {"type": "apiKey", "in": "header", "name": "X-Timestamp"},
    "nonce": {"type": "apiKey", "in": "header", "name": "X-Nonce"},
    "signature": {"type": "apiKey", "in": "header", "name": "X-Signature"},
}
_ELSEWHERE = {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT}
_PAGE: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["code", "message", "request_id", "context"],
    "properties": {
        "code": {"type": "string", "enum": []},
        "message": {"type": "string", "description": "what happened, in Chinese"},
        "request_id": {"type": "string"},
        "context": {"type": "object"},
    },
}


def published_errors() -> dict[str, dict[str, Any]]:
    """Every error code with its status and its Chinese message."""
    return {
        code: {"status": status_of(error), "message": texts.text("errors", code)}
        for code, error in sorted(DomainError.published.items())
    }


def build_openapi(routes: Iterable[Route], *, public_url: str) -> dict[str, Any]:
    """The document for these routes."""
    routes = list(routes)
    schemas = _schemas(routes)
    queries = {model: schemas.pop(model.__name__)["properties"] for model in _queries(routes)}
    schemas["Error"] = {
        **_ERROR,
        "properties": {**_ERROR["properties"], "code": {"type": "string", "enum": sorted(DomainError.published)}},
    }
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[_PART.sub(r"{\1}", route.path)][route.method.lower()] = _operation(
            route, queries[route.query] if route.query else {}
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "佳办", "version": "1", "description": "佳木斯市移动政务服务接口"},
        "servers": [{"url": public_url}],
        "paths": dict(paths),
        "components": {"schemas": schemas, "securitySchemes": _SCHEMES},
        "x-errors": published_errors(),
    }


def _queries(routes: list[Route]) -> set[type[BaseModel]]:
    return {route.query for route in routes if route.query}


def _schemas(routes: list[Route]) -> dict[str, Any]:
    """All that comes in and goes out by name, queries among it."""
    came_in = {model for route in routes for model in (route.body, route.form, route.upload) if model}
    came_in |= _queries(routes)
    goes_out = {route.answer for route in routes if route.answer}
    wanted: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in came_in]
    wanted += [(model, "serialization") for model in goes_out]
    wanted.sort(key=lambda pair: pair[0].__name__)
    _, definitions = models_json_schema(wanted, ref_template=_REF)
    found: dict[str, Any] = definitions.get("$defs", {})
    return found


def _operation(route: Route, query: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": inspect.getdoc(route.handler) or "",
        "tags": [route.path.split("/")[1]],
        "parameters": _parameters(route, query),
        "responses": _responses(route),
        "x-actor": route.actor.value,
        "x-rate-limit": route.limit,
    }
    if route.duty:
        operation["x-duty"] = route.duty
    if route.actor in _SECURITY:
        operation["security"] = _SECURITY[route.actor]
    model, media = (route.body, "application/json") if route.body else (route.upload, "multipart/form-data")
    if route.form:
        model, media = route.form, "application/x-www-form-urlencoded"
    if model:
        operation["requestBody"] = {"required": True, "content": {media: {"schema": _reference(model)}}}
    if route.raw:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    return operation


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _parameters(route: Route, query: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _PATH_SCHEMAS[kind]}
        for name, kind in _PART.findall(route.path)
    ]
    found += [
        {"name": name, "in": "query", "required": False, "schema": definition} for name, definition in query.items()
    ]
    found += [
        {"name": name, "in": "header", "required": False, "schema": {"type": "string", "maxLength": 128}}
        for name in route.headers
    ]
    return found


def _responses(route: Route) -> dict[str, Any]:
    schema = _reference(route.answer) if route.answer else _raw(route.media_type)
    own_content = {media_type: {"schema": schema} for media_type in route.media_type.split(", ")}
    answers: dict[str, Any] = {}
    for own in map(HTTPStatus, (route.status, *route.also, *_ways_to_sign_in(route))):
        content = _PAGE if own in _ELSEWHERE else own_content
        answers[str(own.value)] = {"description": own.phrase, "content": content}
    if HTTPStatus.NOT_MODIFIED in route.also:
        del answers[str(HTTPStatus.NOT_MODIFIED.value)]["content"]
    by_status: dict[int, list[str]] = defaultdict(list)
    errors: tuple[type[DomainError], ...] = (*route.all_errors, InternalError)
    for error in errors:
        by_status[status_of(error)].append(error.code)
    for status, codes in sorted(by_status.items()):
        content = answers.get(str(status), {}).get("content", {})
        answers[str(status)] = {"description": "; ".join(sorted(codes)), "content": _of_errors(route, content)}
    return answers


def _ways_to_sign_in(route: Route) -> tuple[HTTPStatus, ...]:
    """How a browser that is not signed in, or no longer, is sent to where it may be; a script or an app is told."""
    if not route.path.startswith(PAGES):
        return ()
    if route.actor is Actor.STAFF:
        return (HTTPStatus.SEE_OTHER,)
    if route.actor is Actor.CITIZEN:
        return (HTTPStatus.FOUND if route.method == "GET" else HTTPStatus.TEMPORARY_REDIRECT,)
    return ()


def _of_errors(route: Route, own: dict[str, Any]) -> dict[str, Any]:
    """What an error is told as, beside what the route itself answers under the same status."""
    error = {"$ref": _REF.format(model="Error")}
    told = own.get("application/json")
    schema = {"anyOf": [told["schema"], error]} if told else error
    return {**own, **(_PAGE if route.path.startswith(PAGES) else {}), "application/json": {"schema": schema}}


def _raw(media_type: str) -> dict[str, Any]:
    if media_type.startswith("image/"):
        return {"type": "string", "contentMediaType": media_type}
    return {"type": "object"} if media_type == "application/json" else {"type": "string"}
