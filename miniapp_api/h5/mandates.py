"""Mandates on pages: who may act for whom, offered with a code, accepted, ended."""

from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.identity.errors import LevelTooLowError
from app.kit import clock
from app.kit.errors import DomainError, NotFoundError, RateLimitedError
from app.mandates import errors, queries, service
from app.mandates.models import MandateState
from app.mandates.queries import MandateView
from app.mandates.rules import LONGEST_TERM, last_day
from miniapp_api.citizen.mandates import MandateAnswer
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.matters import found_matters, licence_matters, named_matters
from miniapp_api.h5.pages import moved, page
from miniapp_api.parsing import form_values
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ELSEWHERE = (302,)
_MOST_MATTERS = 50
_A_MONTH = timedelta(days=30)


class MandatesQuery(QuerySchema):
    """What was done just now."""

    done: Literal["", "accepted", "ended"] = ""


class OfferQuery(QuerySchema):
    """Whose mandate is offered: mine (``give``), for me to hold (``ask``), or that of a ``company`` which I represent.

    The ``matter``s chosen so far stand beside it, each by its code; ``q`` looks for more.
    """

    direction: Literal["give", "ask"] = "give"
    company: UUID | None = None
    q: str = Field(default="", max_length=100)
    step: Literal["matters", "term"] = "matters"


class OfferForm(QuerySchema):
    """The last day; the matters stand beside it."""

    direction: Literal["give", "ask"] = "give"
    company: UUID | None = None
    ends_on: str = Field(default="", max_length=32)


class InvitationForm(QuerySchema):
    """The code of an invitation, as it was typed."""

    code: str = Field(default="", max_length=64)


@routes.add("GET", "/h5/mandates", actor=Actor.CITIZEN, limit="read", media_type="text/html", also=_ELSEWHERE)
async def open_mandates(call: Call, query: MandatesQuery) -> HTTPResponse:
    """What I have given and what I hold."""
    found = await queries.list_mandates(call.citizen_id)
    counting = [view for view in found if _counts(view)]
    names = {one.code: one.name for one in await named_matters(code for view in found for code in view.mandate.matters)}
    return page(
        call.request,
        "mandates.html",
        given=[_shown(view) for view in counting if view.given],
        held=[_shown(view) for view in counting if not view.given],
        over=[_shown(view) for view in found if view not in counting],
        names=names,
        done=query.done,
    )


def _counts(view: MandateView) -> bool:
    mandate, now = view.mandate, clock.now()
    waits = mandate.state is MandateState.OFFERED and (mandate.invitation_ends_at or now) > now
    return mandate.ends_at > now and (waits or mandate.state is MandateState.ACTIVE)


def _shown(view: MandateView) -> tuple[MandateAnswer, date]:
    return MandateAnswer.of(view), last_day(view.mandate.ends_at)


@routes.add(
    "GET",
    "/h5/mandates/new",
    actor=Actor.CITIZEN,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(errors.CompanyNotFoundError,),
)
async def open_offer(call: Call, query: OfferQuery) -> HTTPResponse:
    """Choose what a mandate covers, then how long it lasts."""
    chosen = await named_matters(str(code) for code in call.request.args.getlist("matter", [])[:_MOST_MATTERS])
    company = await queries.represented_company(call.citizen_id, query.company) if query.company else None
    if query.step == "term" and chosen:
        return _term(call, query.direction, query.company, [one.code for one in chosen], [one.name for one in chosen])
    ticked = {one.code for one in chosen}
    return page(
        call.request,
        "mandate_matters.html",
        query=query,
        company=company,
        chosen=chosen,
        found=[one for one in await found_matters(query.q) if one.code not in ticked],
        licences=[one for one in await licence_matters() if one.code not in ticked],
        nothing=query.step == "term",
    )


def _term(
    call: Call,
    direction: str,
    company: UUID | None,
    codes: list[str],
    names: list[str],
    *,
    ends_on: str = "",
    wrong: DomainError | None = None,
) -> HTTPResponse:
    today = clock.today()
    return page(
        call.request,
        "mandate_term.html",
        status=status_of(type(wrong)) if wrong else 200,
        direction=direction,
        company=company,
        codes=codes,
        names=names,
        ends_on=ends_on or (today + _A_MONTH).isoformat(),
        latest=(today + LONGEST_TERM).isoformat(),
        wrong=sentence_of(call.request, wrong) if wrong else "",
    )


@routes.add(
    "POST",
    "/h5/mandates",
    actor=Actor.CITIZEN,
    limit="write",
    media_type="text/html",
    also=(422,),
    errors=(errors.MatterUnknownError, errors.CompanyNotFoundError, LevelTooLowError, NotFoundError),
)
async def offer_on_page(call: Call, form: OfferForm) -> HTTPResponse:
    """Offer a mandate; the code to hand over is shown this once, since nobody keeps it."""
    codes = form_values(call.request, "matter")[:_MOST_MATTERS]
    names = [one.name for one in await named_matters(codes)]
    try:
        last = _day_of(form.ends_on)
        if form.company:
            company = await queries.represented_company(call.citizen_id, form.company)
            offer = await service.offer_agency(company, call.citizen_id, codes, last)
        else:
            give = form.direction == "give"
            offer = await service.offer_proxy(call.citizen_id, give=give, matters=codes, last_day=last)
    except errors.MandateTermInvalidError as error:
        return _term(call, form.direction, form.company, codes, names, ends_on=form.ends_on, wrong=error)
    return page(
        call.request,
        "mandate_offer.html",
        code=offer.code,
        asked=not form.company and form.direction == "ask",
        names=names,
        until=clock.in_city(offer.ends_at),
        ends_on=last,
    )


def _day_of(typed: str) -> date:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError as error:
        raise errors.MandateTermInvalidError from error


@routes.add(
    "GET", "/h5/mandates/invitation", actor=Actor.CITIZEN, limit="read", media_type="text/html", also=_ELSEWHERE
)
async def open_invitation(call: Call) -> HTTPResponse:
    """Where the code of an invitation is typed."""
    return page(call.request, "invitation.html", code="", wrong="")


def _typed_wrong(call: Call, form: InvitationForm, error: DomainError) -> HTTPResponse:
    return page(
        call.request,
        "invitation.html",
        status=status_of(type(error)),
        code=form.code,
        wrong=sentence_of(call.request, error),
    )


@routes.add(
    "POST",
    "/h5/mandates/invitation",
    actor=Actor.CITIZEN,
    limit="write",
    media_type="text/html",
    also=(422, 429),
    errors=(LevelTooLowError, NotFoundError),
)
async def read_invitation_on_page(call: Call, form: InvitationForm) -> HTTPResponse:
    """Read what is offered under a code, before accepting it."""
    try:
        seen = await service.read_invitation(call.citizen_id, form.code)
    except (errors.InvitationInvalidError, RateLimitedError) as error:
        return _typed_wrong(call, form, error)
    mandate, until = _shown(seen)
    names = [one.name for one in await named_matters(mandate.matters)]
    return page(
        call.request, "invitation_terms.html", mandate=mandate, until=until, names=names, code=form.code.strip()
    )


@routes.add(
    "POST",
    "/h5/mandates/acceptances",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    also=(422, 429),
    errors=(LevelTooLowError, NotFoundError),
)
async def accept_mandate_on_page(call: Call, form: InvitationForm) -> HTTPResponse:
    """Accept what is offered under a code; the mandate counts from now on."""
    try:
        await service.accept_invitation(call.citizen_id, form.code)
    except (errors.InvitationInvalidError, RateLimitedError) as error:
        return _typed_wrong(call, form, error)
    return moved("/h5/mandates?done=accepted", status=303)


@routes.add(
    "POST",
    "/h5/mandates/<mandate_id:uuid>/end",
    actor=Actor.CITIZEN,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(errors.MandateNotFoundError, NotFoundError),
)
async def end_mandate_on_page(call: Call, mandate_id: UUID) -> HTTPResponse:
    """End a mandate that I gave or hold; it counts no more from this moment on."""
    await service.end_mandate(call.citizen_id, mandate_id)
    return moved("/h5/mandates?done=ended", status=303)
