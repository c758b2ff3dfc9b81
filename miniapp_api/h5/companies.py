"""Companies on pages: those that one represents in law, and who acts for them."""

from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.identity.errors import LevelTooLowError
from app.kit.errors import DomainError, NotFoundError, RateLimitedError
from app.mandates import errors, legal, queries
from app.mandates.models import MandateKind, MandateState
from app.mandates.rules import last_day
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ELSEWHERE = (302,)
_REFUSED = (
    errors.CreditCodeInvalidError,
    errors.CompanyMismatchError,
    errors.AuthorityUnavailableError,
    RateLimitedError,
)


class CompaniesQuery(QuerySchema):
    """The company that was registered just now, and whether its code fails GB 32100's check character."""

    registered: UUID | None = None
    odd: bool = False


class CompanyForm(QuerySchema):
    """A company's name and unified social credit code, as typed."""

    name: str = Field(default="", max_length=255)
    uscc: str = Field(default="", max_length=32)


@routes.add("GET", "/h5/companies", actor=Actor.CITIZEN, limit="read", media_type="text/html", also=_ELSEWHERE)
async def open_companies(call: Call, query: CompaniesQuery) -> HTTPResponse:
    """The companies that I represent."""
    mine = await queries.represented(call.citizen_id)
    held = [
        (view.mandate, last_day(view.mandate.ends_at))
        for view in await queries.list_mandates(call.citizen_id)
        if view.mandate.kind is MandateKind.REPRESENTATIVE
        and view.mandate.state is MandateState.ACTIVE
        and not view.given
        and view.mandate.company
        and view.mandate.company.id in mine
    ]
    return page(call.request, "companies.html", held=held, registered=query.registered, odd=query.odd)


@routes.add("GET", "/h5/companies/new", actor=Actor.CITIZEN, limit="read", media_type="text/html", also=_ELSEWHERE)
async def open_company_form(call: Call) -> HTTPResponse:
    """Where I name a company that I represent in law."""
    return _form(call, CompanyForm())


def _form(call: Call, typed: CompanyForm, wrong: DomainError | None = None) -> HTTPResponse:
    sentence, of_code = sentence_of(call.request, wrong) if wrong else "", isinstance(wrong, _REFUSED[0])
    return page(
        call.request,
        "company_new.html",
        status=status_of(type(wrong)) if wrong else 200,
        typed=typed,
        wrong_code=sentence if of_code else "",
        wrong="" if of_code else sentence,
    )


@routes.add(
    "POST",
    "/h5/companies",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    also=(422, 429, 503),
    errors=(LevelTooLowError, NotFoundError),
)
async def register_company_on_page(call: Call, form: CompanyForm) -> HTTPResponse:
    """Become the representative here of a company that I represent in law; what is wrong is said on the same page."""
    try:
        found = await legal.register_company(call.house.authority, call.citizen_id, form.uscc, form.name)
    except _REFUSED as error:
        return _form(call, form, error)
    odd = "&odd=true" if found.odd_code else ""
    return moved(f"/h5/companies?registered={found.company.id}{odd}", status=303)
