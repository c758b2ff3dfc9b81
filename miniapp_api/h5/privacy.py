"""A person's rights over their data, on pages: what is told and agreed to, a copy of everything, deletion.

A guardian's pages are those of the child while they act for it; no other mandate opens them.
"""

from typing import Literal
from uuid import UUID

from pydantic import Field
from sanic import HTTPResponse

from app.consents import errors as consent_errors
from app.consents import service as consents
from app.kit.errors import DomainError, NotFoundError
from app.mandates.errors import ActingNotPossibleError
from app.mandates.queries import decided_for
from app.privacy import deletion, errors, exports
from miniapp_api import cookies
from miniapp_api.citizen.privacy import ExportView, StayingView, list_consents, list_notices, read_deletion
from miniapp_api.errors import sentence_of, status_of
from miniapp_api.h5.pages import moved, page
from miniapp_api.routing import Actor, Call, QuerySchema, Routes

routes = Routes()
_ELSEWHERE = (302,)
_NOT_FOR_OTHERS = (ActingNotPossibleError,)
_EXPORT = "/h5/privacy/exports/<export_id:uuid>"


class ConsentForm(QuerySchema):
    """A purpose, the version of its text that was read, and whether one agrees."""

    purpose: str = Field(min_length=1, max_length=64)
    version: int = Field(ge=1, le=2**31 - 1)
    act: Literal["give", "withdraw"]


class DeletionForm(QuerySchema):
    """Whether it is meant."""

    confirm: bool = False


@routes.add(
    "GET",
    "/h5/privacy",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=_NOT_FOR_OTHERS,
)
async def open_privacy(call: Call) -> HTTPResponse:
    """What I may do about my data."""
    latest = await exports.latest_export(await decided_for(call.party))
    return page(call.request, "privacy.html", latest=ExportView.of(latest) if latest else None)


@routes.add("GET", "/h5/privacy/notices", actor=Actor.ANYONE, limit="browse", media_type="text/html")
async def open_notices(call: Call) -> HTTPResponse:
    """What data is used for, by whom, for how long, and which rights one has."""
    return page(call.request, "notices.html", notices=(await list_notices()).items)


@routes.add(
    "GET",
    "/h5/privacy/consents",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=_NOT_FOR_OTHERS,
)
async def open_consents(call: Call) -> HTTPResponse:
    """What I agreed to."""
    texts = {notice.purpose: notice.text for notice in (await list_notices()).items}
    return page(call.request, "consents.html", consents=(await list_consents(call)).items, texts=texts)


@routes.add(
    "POST",
    "/h5/privacy/consents",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    status=303,
    media_type="text/html",
    errors=(
        *_NOT_FOR_OTHERS,
        consent_errors.ConsentPurposeUnknownError,
        consent_errors.ConsentVersionOutdatedError,
    ),
)
async def change_consent(call: Call, form: ConsentForm) -> HTTPResponse:
    """Agree to a purpose in its present version, or withdraw that."""
    party, session_id = call.party, call.caller.session_id
    citizen_id = await decided_for(party)
    if form.act == "give":
        await consents.give_consent(
            citizen_id,
            form.purpose,
            form.version,
            actor=party.name,
            session_id=session_id,
            mandate_id=party.mandate_id,
        )
    else:
        await consents.withdraw_consent(
            citizen_id, form.purpose, actor=party.name, session_id=session_id, mandate_id=party.mandate_id
        )
    return moved(f"/h5/privacy/consents#{form.purpose}", status=303)


@routes.add(
    "POST",
    "/h5/privacy/exports",
    actor=Actor.CITIZEN,
    acting=True,
    limit="export",
    status=303,
    media_type="text/html",
    errors=_NOT_FOR_OTHERS,
)
async def request_export_on_page(call: Call) -> HTTPResponse:
    """Have a copy made of all that is held about me."""
    party = call.party
    export = await exports.request_export(await decided_for(party), actor=party.name, mandate_id=party.mandate_id)
    return moved(f"/h5/privacy/exports/{export.id}", status=303)


@routes.add(
    "GET",
    _EXPORT,
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(*_NOT_FOR_OTHERS, errors.ExportNotFoundError, NotFoundError),
)
async def open_export(call: Call, export_id: UUID) -> HTTPResponse:
    """How far a copy is, and where to fetch it."""
    export = ExportView.of(await exports.get_export(await decided_for(call.party), export_id))
    return page(call.request, "export.html", export=export, path=f"/api/v1/privacy/exports/{export_id}")


@routes.add(
    "GET",
    "/h5/privacy/deletion",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="text/html",
    also=_ELSEWHERE,
    errors=(*_NOT_FOR_OTHERS, NotFoundError),
)
async def open_deletion(call: Call) -> HTTPResponse:
    """What a deletion of my account would delete, and what would stay, why, and until when."""
    return await _outlook(call)


async def _outlook(call: Call, *, unconfirmed: bool = False, wrong: DomainError | None = None) -> HTTPResponse:
    return page(
        call.request,
        "deletion.html",
        status=status_of(type(wrong)) if wrong else 422 if unconfirmed else 200,
        outlook=await read_deletion(call),
        unconfirmed=unconfirmed,
        wrong=sentence_of(call.request, wrong) if wrong else "",
    )


@routes.add(
    "POST",
    "/h5/privacy/deletion",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    media_type="text/html",
    also=(409, 422),
    errors=(*_NOT_FOR_OTHERS, NotFoundError),
)
async def delete_account_on_page(call: Call, form: DeletionForm) -> HTTPResponse:
    """Delete my account; the page says what stays, and this browser is signed out."""
    if not form.confirm:
        return await _outlook(call, unconfirmed=True)
    party, public_url = call.party, call.house.settings.public_url
    try:
        stays = await deletion.delete_account(
            await decided_for(party), by=party.actor_id, actor=party.name, mandate_id=party.mandate_id
        )
    except errors.DeletionBlockedError as error:
        return await _outlook(call, wrong=error)
    call.request.ctx.acting_for = None
    answer = page(call.request, "deleted.html", stays_of=[StayingView.of(one) for one in stays])
    if party.mandate_id:
        cookies.take_acting(answer, public_url)
    else:
        cookies.take_session(answer, public_url)
    return answer
