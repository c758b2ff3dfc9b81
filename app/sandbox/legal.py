"""The authority's stand-in for who represents whom by law: companies, and guardians of children."""

from pydantic import BaseModel
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse

from app.sandbox.answers import RefusedError, answer, read
from app.sandbox.authority import NO_MATCH, AuthorityState, judge
from app.sandbox.faults import Faults
from app.sandbox.gate import Gate

# The companies that stand here. The last code fails GB 32100's check character, as some issued ones do.
COMPANIES = {
    "91230800MA1B2C3D4D": "佳木斯示例食品有限公司",
    "91230800MA1E5F6G7F": "佳木斯示例运输有限公司",
    "91350211M0000XUF46": "示例旧代码企业",
}


class _Person(BaseModel):
    name: str
    id_number: str


class _CompanyBody(BaseModel):
    uscc: str
    name: str
    legal_representative: _Person


class _GuardianBody(BaseModel):
    guardian_id_number: str
    minor: _Person


def blueprint(state: AuthorityState, gate: Gate, faults: Faults) -> Blueprint:
    """The routes; every request must be signed."""
    routes = Blueprint("legal")

    @routes.post("/company-checks")
    async def company(request: Request) -> HTTPResponse:
        gate.check(request)
        body = read(_CompanyBody, request)
        known = COMPANIES.get(body.uscc)
        right = known in {None, body.name} and NO_MATCH not in body.legal_representative.name
        await faults.reach(request, "authority.company.before")
        return answer(await judge(state, body.name, right=right))

    @routes.get("/companies/<uscc:str>")
    async def read_company(request: Request, uscc: str) -> HTTPResponse:
        gate.check(request)
        if uscc not in COMPANIES:
            raise RefusedError(404, "unknown")
        return answer({"uscc": uscc, "name": COMPANIES[uscc], "status": "存续"})

    @routes.post("/guardianship-checks")
    async def guardian(request: Request) -> HTTPResponse:
        gate.check(request)
        body = read(_GuardianBody, request)
        await faults.reach(request, "authority.guardian.before")
        return answer(await judge(state, body.minor.name, right=True))

    return routes
