"""The stand-in of the real-name authority: does this citizen identity number belong to this name?

It keeps no names and no numbers, only how often it was asked.
"""

import asyncio
import uuid
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import RefusedError, answer, read
from app.sandbox.faults import Faults
from app.sandbox.gate import Gate
from app.sandbox.journal import Change, Journal

NO_MATCH = "不符"
NO_ANSWER = "超时"
SILENCE = 10.0
_LENGTH = 18
# GB 11643-1999: weights of the first 17 digits, and the check character by the weighted sum modulo 11.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def is_well_formed(id_number: str) -> bool:
    """Whether a citizen identity number has 18 characters and the right check character (GB 11643)."""
    head, check = id_number[:-1], id_number[-1:]
    if len(id_number) != _LENGTH or not (head.isascii() and head.isdigit()):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, head, strict=True))
    return _CHECKS[total % len(_CHECKS)] == check


class _CheckBody(BaseModel):
    name: str
    id_number: str


class AuthorityState:
    """The count of answered checks, journaled in ``authority.jsonl``."""

    def __init__(self, folder: Path) -> None:
        self.checks = 0
        self._journal = Journal(folder / "authority.jsonl", self._apply)

    def _apply(self, _change: Change) -> None:
        self.checks += 1

    def count(self, *, match: bool) -> None:
        """Count one answered check."""
        self._journal.record({"kind": "checked", "match": match})

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()


async def judge(state: AuthorityState, name: str, *, right: bool) -> dict[str, Any]:
    """What the authority answers about somebody of this name: the name's magic words, then what is ``right``.

    Raises RefusedError 504 ``timeout`` after SILENCE.
    """
    if NO_ANSWER in name:
        await asyncio.sleep(SILENCE)
        raise RefusedError(504, "timeout")
    match = right and NO_MATCH not in name
    state.count(match=match)
    return {"match": match, "serial": uuid.uuid4().hex}


def blueprint(state: AuthorityState, gate: Gate, faults: Faults) -> Blueprint:
    """The authority's own route; every request must be signed."""
    routes = Blueprint("authority")

    @routes.post("/real-name-checks")
    async def check(request: Request) -> HTTPResponse:
        gate.check(request)
        body = read(_CheckBody, request)
        if not body.name.strip() or not is_well_formed(body.id_number):
            raise RefusedError(400, "malformed")
        await faults.reach(request, "authority.check.before")
        judged = await judge(state, body.name, right=True)
        await faults.reach(request, "authority.check.after")
        return answer(judged)

    return routes


def control(state: AuthorityState) -> Blueprint:
    """How often the authority was asked."""
    routes = Blueprint("authority_control", url_prefix="/control")

    @routes.get("/authority")
    async def count(_request: Request) -> HTTPResponse:
        return answer({"checks": state.checks})

    return routes
