"""The stand-in of bodies that share data: a population register and a register of businesses.

It keeps nothing: what it answers about a number follows from the number.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import RefusedError, answer, read
from app.sandbox.authority import is_well_formed
from app.sandbox.faults import Faults
from app.sandbox.gate import Gate

_PLACES = (("230803001", "向阳区"), ("230804007", "前进区"), ("230805001", "东风区"))
_KINDS = ("食品销售经营者", "餐饮服务经营者")
_UNKNOWN = "9"


class _Subject(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id_number: str = ""
    uscc: str = ""


def _number(text: str) -> int:
    return sum(int(character, 36) for character in text)


def population(id_number: str) -> dict[str, Any] | None:
    """Where somebody's household is registered; None for nobody's number, and where its serial begins with 9."""
    if not is_well_formed(id_number) or id_number[14] == _UNKNOWN:
        return None
    code, district = _PLACES[_number(id_number) % len(_PLACES)]
    address = f"黑龙江省佳木斯市{district}示例路{_number(id_number)}号"
    return {"household_address": address, "household_region": code}


def business(uscc: str) -> dict[str, Any] | None:
    """What is registered of a company; None for what is no code of 18 characters."""
    if not (uscc.isascii() and uscc.isalnum() and len(uscc) == 18):  # noqa: PLR2004  # GB 32100
        return None
    site = f"黑龙江省佳木斯市前进区示例路{_number(uscc)}号"
    return {"name": f"佳木斯示例企业{uscc[-4:]}", "site": site, "kind": _KINDS[_number(uscc) % len(_KINDS)]}


def blueprint(gate: Gate, faults: Faults) -> Blueprint:
    """The registers' own route; every request must be signed."""
    routes = Blueprint("shared_data")

    @routes.post("/shared-data/<data_set:str>")
    async def fetch(request: Request, data_set: str) -> HTTPResponse:
        gate.check(request)
        subject = read(_Subject, request)
        await faults.reach(request, "shared.fetch.before")
        known = {"population": population(subject.id_number), "business": business(subject.uscc)}.get(data_set)
        await faults.reach(request, "shared.fetch.after")
        if known is None:
            raise RefusedError(404, "unknown")
        return answer({"values": known})

    return routes
