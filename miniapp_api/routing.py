"""Routes as data: a handler's signature and its decorator say all that the server and the OpenAPI document need.

A handler takes a ``Call`` and by name what it needs: ``body``, ``form`` and ``query`` (pydantic models), and the parts
of the path (``UUID`` or ``str``). What it returns is a pydantic model, or a Sanic answer where the route declares its
media type.
"""

import inspect
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, TypeVar, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sanic import HTTPResponse, Request, Sanic
from sanic.response.types import ResponseStream

from app.bootstrap import House
from app.identity import errors as identity_errors
from app.identity.models import Staff
from app.identity.rules import Duty
from app.kit import limits
from app.kit.errors import DomainError, NotFoundError, RateLimitedError, TemporarilyUnavailableError
from app.kit.logs import begin_about
from app.licences.relying import RelyingSystem
from app.mandates import errors as mandate_errors
from app.mandates.party import Party
from miniapp_api import auth
from miniapp_api.answers import json_answer
from miniapp_api.errors import (
    BodyMalformedError,
    BodyTooLargeError,
    FieldInvalidError,
    HeadTooLargeError,
    IdempotencyKeyInvalidError,
    handle_error,
)
from miniapp_api.parsing import parse, parse_form, parse_query
from miniapp_api.stopping import end_connection
from miniapp_api.telemetry import note_answer
from miniapp_api.turning_away import turn_away
from miniapp_api.wire import guard

Handler = Callable[..., Awaitable[Any]]
H = TypeVar("H", bound=Handler)

MAX_JSON_BYTES = 256 * 1024
_MAX_FORM_BYTES = 4 * MAX_JSON_BYTES
"""A form of a page writes a Chinese character in nine bytes."""
_WRITTEN = (HTTPResponse, ResponseStream)
_KEY = re.compile(r"[!-~]{1,128}")


class Actor(StrEnum):
    """Who may call a route."""

    ANYONE = "anyone"
    CITIZEN = "citizen"
    STAFF = "staff"
    PARTNER = "partner"
    RELYING_SYSTEM = "relying_system"
    WECHAT = "wechat"
    OPERATOR = "operator"


class Schema(BaseModel):
    """Base of what comes in and goes out: strict types, no unknown fields, no values in errors."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


Word = Annotated[str, Field(max_length=64)]
"""A code or an id of ours, as long as any is."""


class QuerySchema(BaseModel):
    """Base of queries and of pages' forms: texts become what the field says."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, defer_build=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the house, and who is calling."""

    request: Request
    house: House
    caller: auth.Caller

    @property
    def citizen_id(self) -> UUID:
        """The citizen who calls a citizens' route."""
        if self.caller.citizen_id is None:
            raise RuntimeError("not a citizens' route")
        return self.caller.citizen_id

    @property
    def party(self) -> Party:
        """Who acts, and for whom, on a citizens' route."""
        if self.caller.party is None:
            raise RuntimeError("not a citizens' route")
        return self.caller.party

    @property
    def staff(self) -> Staff:
        """The member of staff who calls a staff route."""
        if self.caller.staff is None:
            raise RuntimeError("not a staff route")
        return self.caller.staff

    @property
    def relying(self) -> RelyingSystem:
        """The system that calls a route of systems that verify licences."""
        if self.caller.relying is None:
            raise RuntimeError("not a route of relying systems")
        return self.caller.relying

    @property
    def session_id(self) -> UUID:
        """The session of the citizen or member of staff who calls."""
        if self.caller.session_id is None:
            raise RuntimeError("neither a citizens' nor a staff route")
        return self.caller.session_id

    @property
    def address(self) -> str:
        """The address the request comes from."""
        return auth.address_of(self.request)

    @property
    def device_id(self) -> str:
        """What guarded tries are counted by for this device."""
        return auth.device_of(self.request)

    def device(self, named: str = "") -> str:
        """What the device calls itself: as it was ``named``, else its browser."""
        return named or str(self.request.headers.get("User-Agent", ""))

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header. Raises IdempotencyKeyInvalidError."""
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not _KEY.fullmatch(key):
            raise IdempotencyKeyInvalidError
        return str(key) if key is not None else None


@dataclass(frozen=True)
class Route:
    """A route: where, who, how often, what comes in, what goes out, what can go wrong."""

    method: str
    path: str
    handler: Handler
    actor: Actor
    limit: str
    status: int
    duty: Duty | None
    media_type: str
    also: tuple[int, ...]
    upload: type[BaseModel] | None
    raw: bool
    headers: tuple[str, ...]
    acting: bool
    errors: tuple[type[DomainError], ...]
    shape: type[BaseModel] | None
    hints: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """The operation's name, one in the whole interface."""
        return self.handler.__name__

    @property
    def is_watched(self) -> bool:
        """Whether it is there to see how the house is, and answers however much there is to do."""
        return self.actor is Actor.OPERATOR or self.path.startswith("/health")

    @property
    def body(self) -> type[BaseModel] | None:
        """The model of the JSON body."""
        return self.hints.get("body")

    @property
    def form(self) -> type[BaseModel] | None:
        """The model of what a page's form sends."""
        return self.hints.get("form")

    @property
    def query(self) -> type[BaseModel] | None:
        """The model of the query."""
        return self.hints.get("query")

    @property
    def answer(self) -> type[BaseModel] | None:
        """The model of the answer, None where it is a picture or a page."""
        returned = self.shape or self.hints.get("return")
        return returned if isinstance(returned, type) and issubclass(returned, BaseModel) else None

    @property
    def all_errors(self) -> tuple[type[DomainError], ...]:
        """What the handler declares and what its actor, limit and body bring along."""
        always = _ALWAYS if self.is_watched else (*_ALWAYS, TemporarilyUnavailableError)
        found = [*self.errors, *_ACTOR_ERRORS[self.actor], *always]
        if self.body:
            found += [BodyMalformedError, BodyTooLargeError, FieldInvalidError]
        if self.form:
            found += [BodyTooLargeError, FieldInvalidError]
        if self.query:
            found.append(FieldInvalidError)
        if self.upload or self.raw:
            found.append(BodyTooLargeError)
        if "Idempotency-Key" in self.headers:
            found.append(IdempotencyKeyInvalidError)
        if self.actor in {Actor.CITIZEN, Actor.STAFF} and self.method != "GET":
            found.append(identity_errors.CsrfTokenWrongError)
        if self.actor is Actor.CITIZEN:
            found += _ACTING_ERRORS if self.acting else [mandate_errors.ActingNotPossibleError]
        if ":uuid>" in self.path:
            # What is no UUID leads to no route.
            found.append(NotFoundError)
        if self.duty and self.duty is not Duty.ANY:
            found += [identity_errors.DutyMissingError, identity_errors.PasswordChangeNeededError]
        return tuple(dict.fromkeys(found))


_ALWAYS = (HeadTooLargeError, RateLimitedError)
_TOKEN_ERRORS = (
    identity_errors.AccessTokenMissingError,
    identity_errors.AccessTokenInvalidError,
    identity_errors.AccessTokenExpiredError,
)
_ACTING_ERRORS = (mandate_errors.MandateInactiveError, mandate_errors.MatterNotCoveredError)
_ACTOR_ERRORS: dict[Actor, tuple[type[DomainError], ...]] = {
    Actor.ANYONE: (),
    Actor.CITIZEN: (*_TOKEN_ERRORS, identity_errors.SessionEndedError),
    Actor.STAFF: (*_TOKEN_ERRORS, identity_errors.SessionEndedError),
    Actor.PARTNER: auth.PARTNER_ERRORS,
    Actor.RELYING_SYSTEM: auth.PARTNER_ERRORS,
    Actor.WECHAT: (),
    Actor.OPERATOR: _TOKEN_ERRORS[:2],
}


class Routes:
    """The routes of one surface."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(
        self,
        method: str,
        path: str,
        *,
        actor: Actor,
        limit: str,
        status: int = 200,
        duty: Duty | None = None,
        media_type: str = "application/json",
        also: tuple[int, ...] = (),
        upload: type[BaseModel] | None = None,
        raw: bool = False,
        headers: tuple[str, ...] = (),
        acting: bool = False,
        errors: tuple[type[DomainError], ...] = (),
        shape: type[BaseModel] | None = None,
    ) -> Callable[[H], H]:
        """Declare a handler. ``limit`` names a rule of ``config/limits.yaml``, ``duty`` what staff must have.

        Staff routes declare one, be it Duty.ANY: ValueError otherwise, and where a part of the path is ``request_id``.

        ``acting`` lets a citizen call it for another, by the mandate that ``X-Acting-For`` names or that the pages of
        their browser remember. ``also`` are statuses other than ``status`` under which the route gives its own answer,
        and no error. ``media_type`` is that of an answer, or several with commas between them. ``shape`` is the model
        of an answer in JSON that the handler writes itself. ``raw`` is a body of plain bytes, ``call.request.body``.
        """
        if (actor is Actor.STAFF) != (duty is not None):
            raise ValueError(f"{path}: staff routes, and they alone, declare a duty")
        if "<request_id:" in path:
            raise ValueError(f"{path}: the log calls the request itself request_id")
        if acting:
            headers = (*headers, auth.ACTING_FOR)

        def declare(handler: H) -> H:
            hints = get_type_hints(handler)
            self.all.append(
                Route(
                    method,
                    path,
                    handler,
                    actor,
                    limit,
                    status,
                    duty,
                    media_type,
                    also,
                    upload,
                    raw,
                    headers,
                    acting,
                    errors,
                    shape,
                    hints,
                )
            )
            return handler

        return declare


def mount(app: Sanic[Any, Any], routes: Routes) -> None:
    """Put the routes of a surface onto the server."""
    for route in routes.all:
        # Without the format, Sanic reads the source of each handler for it; ours never leave an error to it.
        app.add_route(_served(route), route.path, methods=[route.method], name=route.name, error_format="json")


def _served(route: Route) -> Callable[..., Coroutine[Any, Any, Any]]:
    handle, is_watched = _handled(route), route.is_watched

    async def serve(request: Request, **path: Any) -> HTTPResponse | ResponseStream:
        began, begun = time.perf_counter(), None
        context = request.app.ctx
        if not is_watched and (begun := context.load.begin(began)) is None:
            return turn_away(request, began)
        ids = {name: value for name, value in path.items() if isinstance(value, UUID)} if path else {}
        begin_about(request_id=request.id, **ids)
        try:
            answer = await handle(request, path)
        except Exception as error:  # each is answered, and logged where it is a fault of ours
            answer = handle_error(request, error)
        finally:
            if begun:
                context.load.end(begun)
        if context.stopping:
            end_connection(request)
        guard(answer, str(request.id), over_tls=context.over_tls)
        note_answer(request, ids, answer, began)
        return answer

    return serve


def _handled(route: Route) -> Callable[[Request, dict[str, Any]], Awaitable[HTTPResponse | ResponseStream]]:
    handler, takes_call = route.handler, "call" in inspect.signature(route.handler).parameters
    rule, actor, status = limits.rules()[route.limit], route.actor.value, route.status
    is_anybodys = route.actor in {Actor.ANYONE, Actor.WECHAT}
    by_subject = rule.per == "account" or is_anybodys
    takes_in = bool(route.body or route.form or route.query)
    is_page = route.media_type == "text/html"

    async def handle(request: Request, arguments: dict[str, Any]) -> HTTPResponse | ResponseStream:
        house: House = request.app.ctx.house
        if is_anybodys:
            caller = auth.anybody(request)
            if is_page:
                await auth.note_acting(house, request)
        else:
            caller = await auth.identify(house, request, actor, route.duty, acting=route.acting)
        subject = caller.subject if by_subject else f"address:{auth.address_of(request)}"
        if rule.guards:
            await limits.hold(rule, subject)
        else:
            house.counts.hold(rule, subject)
        if takes_in:
            _take_in(route, request, arguments)
        if takes_call:
            arguments["call"] = Call(request, house, caller)
        answer = await handler(**arguments)
        return answer if isinstance(answer, _WRITTEN) else json_answer(answer, status=status)

    return handle


def _take_in(route: Route, request: Request, arguments: dict[str, Any]) -> None:
    if route.body:
        if len(request.body) > MAX_JSON_BYTES:
            raise BodyTooLargeError
        arguments["body"] = parse(route.body, request.body)
    if route.form:
        if len(request.body) > _MAX_FORM_BYTES:
            raise BodyTooLargeError
        arguments["form"] = parse_form(route.form, request)
    if route.query:
        arguments["query"] = parse_query(route.query, request)
