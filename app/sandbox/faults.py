"""Faults on demand: a test stops, breaks or delays a request at an exact boundary of a stand-in's work."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import RefusedError, answer, read

NAMES = (
    "wechat.login",
    "wechat.token",
    "wechat.phone",
    "wechat.send",
    "wechat.template",
    "wechat.bizsend",
    "wechat.custom",
    "wechat.oauth",
    "wechat.face",
    "wechat.content",
    "wechat.work",
    "authority.check",
    "authority.company",
    "authority.guardian",
    "approvals.receive",
    "approvals.supplement",
    "approvals.withdrawal",
    "approvals.notice",
    "approvals.query",
    "approvals.events",
    "shared.fetch",
    "province.token",
    "province.jwks",
    "scanner.scan",
    "sms.send",
)
POINTS = frozenset(f"{name}.{moment}" for name in NAMES for moment in ("before", "after"))
LONGEST_PAUSE = 60.0


class InjectedError(Exception):
    """The error a test asked for."""


class _FaultBody(BaseModel):
    point: str
    action: Literal["pause", "drop", "error", "delay"]
    times: Annotated[int, Field(ge=1)] = 1
    seconds: Annotated[float, Field(ge=0, le=LONGEST_PAUSE)] = 1.0


@dataclass(slots=True)
class _Fault:
    order: _FaultBody
    hit: int = 0
    waiting: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def public(self) -> dict[str, Any]:
        order = self.order
        counts = {"times": order.times, "waiting": self.waiting, "hit": self.hit}
        return {"point": order.point, "action": order.action, **counts}


class Faults:
    """The faults set at present, one a point. They live in memory only: a killed stand-in forgets them."""

    def __init__(self) -> None:
        self._set: dict[str, _Fault] = {}

    async def reach(self, request: Request | asyncio.StreamWriter, point: str) -> None:
        """Say that a request came to ``point``; does there what was asked for.

        Raises InjectedError for the action ``error``; ``drop`` ends in the handler's cancellation.
        """
        fault = self._set.get(point)
        if fault is None or fault.hit >= fault.order.times:
            return
        fault.hit += 1
        if fault.order.action == "error":
            raise InjectedError(point)
        if fault.order.action == "drop":
            request.transport.close()
            await asyncio.sleep(LONGEST_PAUSE)
        elif fault.order.action == "delay":
            await asyncio.sleep(fault.order.seconds)
        else:
            await self._pause(fault)

    @staticmethod
    async def _pause(fault: _Fault) -> None:
        fault.waiting += 1
        try:
            async with asyncio.timeout(LONGEST_PAUSE):
                await fault.released.wait()
        except TimeoutError:
            return
        finally:
            fault.waiting -= 1

    def arm(self, order: _FaultBody) -> dict[str, Any]:
        """Set a fault in place of an earlier one at its point, which is released."""
        if order.point not in POINTS:
            raise RefusedError(400, "unknown_point", "没有这个故障点")
        self.release(order.point)
        fault = self._set[order.point] = _Fault(order)
        return fault.public()

    def release(self, point: str) -> None:
        """Take the fault at ``point`` away and let go whoever waits there."""
        fault = self._set.pop(point, None)
        if fault is not None:
            fault.released.set()

    def listing(self) -> dict[str, Any]:
        """All faults set, spent ones included."""
        return {"items": [fault.public() for fault in self._set.values()]}


def blueprint(faults: Faults) -> Blueprint:
    """The routes under ``/control/faults``."""
    routes = Blueprint("faults", url_prefix="/control/faults")

    @routes.get("/")
    async def listing(_request: Request) -> HTTPResponse:
        return answer(faults.listing())

    @routes.post("/")
    async def arm(request: Request) -> HTTPResponse:
        return answer(faults.arm(read(_FaultBody, request)), 201)

    @routes.delete("/<point:str>")
    async def release(_request: Request, point: str) -> HTTPResponse:
        faults.release(point)
        return answer(faults.listing())

    return routes
