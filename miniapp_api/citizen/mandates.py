"""Acting for others: proxies for the family, wards, companies and their agents."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.consents.errors import ConsentMissingError
from app.consents.service import require_consent
from app.identity.errors import IdNumberInvalidError, LevelTooLowError
from app.kit import clock
from app.kit.errors import NotFoundError
from app.mandates import errors, legal, queries, service
from app.mandates.queries import MandateView
from miniapp_api.routing import Actor, Call, Routes, Schema, Word

routes = Routes()
_MATTERS = Field(min_length=1, max_length=50, description="item:<item code> or licence:<type code>")


class Terms(Schema):
    """What a mandate covers, and its last day."""

    matters: list[Word] = _MATTERS
    ends_on: date = Field(strict=False, description="the last day, at most a year ahead")


class ProxyRequest(Terms):
    """``give`` lets somebody act for me, ``ask`` asks to act for somebody."""

    direction: Literal["give", "ask"]


class InvitationRequest(Schema):
    """The code of an invitation."""

    code: str = Field(min_length=1, max_length=32)


class OfferAnswer(Schema):
    """An offer that waits, and the code to hand to the other side."""

    id: UUID
    code: str
    expires_at: str


class MandateAnswer(Schema):
    """A mandate. ``given`` tells whether I gave it; the people in it are masked."""

    id: UUID
    kind: str
    state: str
    given: bool
    principal: str | None = Field(description="for whom: a masked name, or a company's name")
    delegate: str | None = Field(description="who acts: a masked name")
    company_id: UUID | None
    matters: list[str]
    ends_at: str
    ended_at: str | None

    @classmethod
    def of(cls, view: MandateView) -> "MandateAnswer":
        """The answer for a view."""
        mandate = view.mandate
        return cls(
            id=mandate.id,
            kind=mandate.kind.value,
            state=mandate.state.value,
            given=view.given,
            principal=view.principal,
            delegate=view.delegate,
            company_id=mandate.company.id if mandate.company else None,
            matters=mandate.matters,
            ends_at=clock.in_city(mandate.ends_at),
            ended_at=clock.in_city(mandate.ended_at) if mandate.ended_at else None,
        )


class MandateList(Schema):
    """Mandates, the newest first."""

    items: list[MandateAnswer]


class WardRequest(Schema):
    """A child's name and citizen identity number."""

    name: str = Field(min_length=1, max_length=64)
    id_number: str = Field(min_length=1, max_length=32)


class CompanyRequest(Schema):
    """A company's unified social credit code and name."""

    uscc: str = Field(min_length=1, max_length=32)
    name: str = Field(min_length=1, max_length=255)


class CompanyAnswer(Schema):
    """A company that I represent, and the mandate by which I act for it."""

    id: UUID
    uscc: str
    name: str
    mandate_id: UUID
    ends_at: str
    warnings: list[Literal["credit_code_check"]] = Field(description="the code fails GB 32100's check character")


_INVITATION_ERRORS = (errors.InvitationInvalidError, LevelTooLowError, NotFoundError)
_TERM_ERRORS = (errors.MatterUnknownError, errors.MandateTermInvalidError)


def _offered(offer: service.Offer) -> OfferAnswer:
    return OfferAnswer(id=offer.mandate.id, code=offer.code, expires_at=clock.in_city(offer.ends_at))


@routes.add("GET", "/api/v1/mandates", actor=Actor.CITIZEN, limit="read")
async def list_mandates(call: Call) -> MandateList:
    """What I have given and what I hold; ended ones for another year."""
    found = await queries.list_mandates(call.citizen_id)
    return MandateList(items=[MandateAnswer.of(view) for view in found])


@routes.add(
    "POST",
    "/api/v1/mandates",
    actor=Actor.CITIZEN,
    limit="write",
    status=201,
    errors=(*_TERM_ERRORS, LevelTooLowError, NotFoundError),
)
async def offer_proxy(call: Call, body: ProxyRequest) -> OfferAnswer:
    """Offer to be represented, or ask to represent; the other side accepts with the code."""
    give = body.direction == "give"
    offer = await service.offer_proxy(call.citizen_id, give=give, matters=body.matters, last_day=body.ends_on)
    return _offered(offer)


@routes.add("POST", "/api/v1/mandates/invitations", actor=Actor.CITIZEN, limit="write", errors=_INVITATION_ERRORS)
async def read_invitation(call: Call, body: InvitationRequest) -> MandateAnswer:
    """Read what is offered under a code, before accepting it."""
    return MandateAnswer.of(await service.read_invitation(call.citizen_id, body.code))


@routes.add(
    "POST",
    "/api/v1/mandates/acceptances",
    actor=Actor.CITIZEN,
    limit="write",
    status=201,
    errors=_INVITATION_ERRORS,
)
async def accept_invitation(call: Call, body: InvitationRequest) -> MandateAnswer:
    """Accept what is offered under a code; the mandate counts from now on."""
    return MandateAnswer.of(await service.accept_invitation(call.citizen_id, body.code))


@routes.add(
    "DELETE",
    "/api/v1/mandates/<mandate_id:uuid>",
    actor=Actor.CITIZEN,
    limit="write",
    errors=(errors.MandateNotFoundError, NotFoundError),
)
async def end_mandate(call: Call, mandate_id: UUID) -> MandateList:
    """End a mandate that I gave or hold; it counts no more from this moment on."""
    await service.end_mandate(call.citizen_id, mandate_id)
    return await list_mandates(call)


@routes.add(
    "POST",
    "/api/v1/wards",
    actor=Actor.CITIZEN,
    limit="write",
    status=201,
    errors=(
        IdNumberInvalidError,
        errors.NotAMinorError,
        errors.GuardianshipMismatchError,
        ConsentMissingError,
        errors.AuthorityUnavailableError,
        LevelTooLowError,
        NotFoundError,
    ),
)
async def take_ward(call: Call, body: WardRequest) -> MandateAnswer:
    """Act for one's child under fourteen, as the authority confirms."""
    house = call.house
    await require_consent(call.citizen_id, "child")
    mandate = await legal.take_ward(house.authority, call.citizen_id, body.name, body.id_number)
    return MandateAnswer.of(queries.view(mandate, call.citizen_id))


@routes.add(
    "POST",
    "/api/v1/companies",
    actor=Actor.CITIZEN,
    limit="write",
    status=201,
    errors=(
        errors.CreditCodeInvalidError,
        errors.CompanyMismatchError,
        errors.AuthorityUnavailableError,
        LevelTooLowError,
        NotFoundError,
    ),
)
async def register_company(call: Call, body: CompanyRequest) -> CompanyAnswer:
    """Become the representative here of a company that I represent in law."""
    house = call.house
    found = await legal.register_company(house.authority, call.citizen_id, body.uscc, body.name)
    return CompanyAnswer(
        id=found.company.id,
        uscc=found.company.uscc,
        name=found.company.name,
        mandate_id=found.mandate.id,
        ends_at=clock.in_city(found.mandate.ends_at),
        warnings=["credit_code_check"] if found.odd_code else [],
    )


@routes.add(
    "POST",
    "/api/v1/companies/<company_id:uuid>/agents",
    actor=Actor.CITIZEN,
    limit="write",
    status=201,
    errors=(*_TERM_ERRORS, errors.CompanyNotFoundError, NotFoundError),
)
async def offer_agency(call: Call, company_id: UUID, body: Terms) -> OfferAnswer:
    """Offer, as a company's representative, that somebody acts for it."""
    company = await queries.represented_company(call.citizen_id, company_id)
    return _offered(await service.offer_agency(company, call.citizen_id, body.matters, body.ends_on))
