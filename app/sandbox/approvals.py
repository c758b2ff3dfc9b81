"""The routes of the approval system's stand-in: its signed protocol, and what /control does to its cases."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import RefusedError, answer, read
from app.sandbox.approvals_flow import Action, ImpossibleError, plan
from app.sandbox.approvals_store import ApprovalsStore
from app.sandbox.faults import Faults
from app.sandbox.gate import Gate

PAGE = 100
_CURSOR_DIGITS = 18
_Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Applicant(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: _Name
    id_number: _Name
    phone: str | None = None


class _Material(BaseModel):
    material_id: _Name
    file_id: _Name
    file_name: str
    content_type: str
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]
    path: Annotated[str, Field(pattern="^/[^/]")]


class _Submission(BaseModel):
    case_no: _Name
    item_code: _Name
    item_name: _Name
    applicant: _Applicant
    form: dict[str, Any]
    materials: list[_Material]
    submitted_at: str


class _Supplement(BaseModel):
    supplement_id: _Name
    form: dict[str, Any]
    materials: list[_Material]
    note: str | None = None
    submitted_at: str


class _Withdrawal(BaseModel):
    reason: str = ""


class _Notice(BaseModel):
    model_config = ConfigDict(extra="allow")
    notice_id: _Name
    kind: Literal["hurry", "contact"]


class _Order(BaseModel):
    action: str
    note: str | None = None
    materials: list[str] = []
    licence: dict[str, Any] | None = None


class _Settings(BaseModel):
    idempotent: bool


def blueprint(store: ApprovalsStore, gate: Gate, faults: Faults) -> Blueprint:
    """The protocol's own routes; every request must be signed."""
    routes = Blueprint("approvals")

    @routes.post("/approvals")
    async def receive(request: Request) -> HTTPResponse:
        gate.check(request)
        body = read(_Submission, request)
        await faults.reach(request, "approvals.receive.before")
        created = store.receive(body.model_dump())
        await faults.reach(request, "approvals.receive.after")
        return answer(store.case(body.case_no).protocol(), 201 if created else 200)

    @routes.get("/approvals/<case_no:str>")
    async def query(request: Request, case_no: str) -> HTTPResponse:
        gate.check(request)
        await faults.reach(request, "approvals.query.before")
        case = store.case(case_no).protocol()
        await faults.reach(request, "approvals.query.after")
        return answer(case)

    @routes.post("/approvals/<case_no:str>/supplements")
    async def supplement(request: Request, case_no: str) -> HTTPResponse:
        gate.check(request)
        body = read(_Supplement, request)
        await faults.reach(request, "approvals.supplement.before")
        created = store.supplement(case_no, body.model_dump())
        await faults.reach(request, "approvals.supplement.after")
        return answer(store.case(case_no).protocol(), 201 if created else 200)

    @routes.post("/approvals/<case_no:str>/withdrawal")
    async def withdraw(request: Request, case_no: str) -> HTTPResponse:
        gate.check(request)
        body = read(_Withdrawal, request)
        await faults.reach(request, "approvals.withdrawal.before")
        store.withdraw(case_no, body.reason)
        await faults.reach(request, "approvals.withdrawal.after")
        return answer({"withdrawn": True})

    @routes.post("/approvals/<case_no:str>/notices")
    async def notice(request: Request, case_no: str) -> HTTPResponse:
        gate.check(request)
        body = read(_Notice, request)
        await faults.reach(request, "approvals.notice.before")
        created = store.notice(case_no, body.model_dump())
        await faults.reach(request, "approvals.notice.after")
        return answer(store.case(case_no).protocol(), 201 if created else 200)

    @routes.get("/events")
    async def events(request: Request) -> HTTPResponse:
        gate.check(request)
        after = request.args.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) <= _CURSOR_DIGITS):
            raise RefusedError(400, "malformed", "游标不正确")
        await faults.reach(request, "approvals.events.before")
        start = int(after)
        page = store.feed[start : start + PAGE]
        await faults.reach(request, "approvals.events.after")
        return answer({"items": [event.protocol() for event in page], "next_cursor": str(start + len(page))})

    return routes


def _act(store: ApprovalsStore, case_no: str, order: _Order) -> dict[str, Any]:
    try:
        action = Action(order.action)
    except ValueError:
        raise RefusedError(400, "unknown_action", "没有这个操作") from None
    if action in (Action.HOLD, Action.RESUME):
        return store.hold(case_no, held=action is Action.HOLD).control()
    case = store.case(case_no)
    try:
        drafts = plan(case, action, order.note or "", order.materials, order.licence)
    except ImpossibleError as error:
        raise RefusedError(409, "impossible", str(error)) from None
    store.emit(case, drafts)
    return case.control()


def control(*stores: ApprovalsStore) -> Blueprint:
    """The cases, whichever way they came in: their list, the actions on them, whether one is known that comes again."""
    routes = Blueprint("approvals_control", url_prefix="/control/approvals")

    @routes.get("/")
    async def listing(_request: Request) -> HTTPResponse:
        return answer({"items": [case.control() for store in stores for case in store.cases.values()]})

    @routes.post("/settings")
    async def settings(request: Request) -> HTTPResponse:
        body = read(_Settings, request)
        for store in stores:
            store.set_idempotent(idempotent=body.idempotent)
        return answer(body.model_dump())

    @routes.post("/<case_no:str>")
    async def act(request: Request, case_no: str) -> HTTPResponse:
        order = read(_Order, request)
        knowing = [store for store in stores if case_no in store.cases]
        # A hold may come before the case, when nobody knows yet which way it will come in.
        acted = [_act(store, case_no, order) for store in knowing or stores]
        return answer(acted[0])

    return routes
