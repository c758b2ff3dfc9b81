"""A person's rights over their data: what they are told and asked, a copy of everything, deletion.

A guardian exercises them for a child under fourteen (PIPL, article 31); no other mandate opens these routes.
"""

from typing import Literal
from uuid import UUID

from pydantic import Field, field_validator
from sanic.response.types import ResponseStream

from app.consents import errors as consent_errors
from app.consents import queries as consents
from app.consents import service
from app.consents.definitions import purposes
from app.kit import clock
from app.kit.errors import NotFoundError
from app.mandates.errors import ActingNotPossibleError
from app.mandates.queries import decided_for
from app.privacy import deletion, errors, exports
from app.privacy.models import Export
from miniapp_api.answers import zip_answer
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
_NOT_FOR_OTHERS = (ActingNotPossibleError,)


class NoticeView(Schema):
    """What data is used for: a notice informs, a separate consent is asked for."""

    purpose: str
    version: int
    kind: Literal["notice", "separate_consent"]
    title: str
    text: str


class NoticeList(Schema):
    """Every purpose."""

    items: list[NoticeView]


class SaidView(Schema):
    """A consent that was given or withdrawn."""

    act: Literal["given", "withdrawn"]
    version: int
    by_mandate: UUID | None = Field(description="the guardian's mandate")
    at: str


class ConsentView(Schema):
    """A purpose for which consent is asked. ``given`` is true for a consent to the present version."""

    purpose: str
    version: int
    title: str
    given: bool
    given_version: int | None
    history: list[SaidView]


class ConsentList(Schema):
    """Every purpose for which consent is asked."""

    items: list[ConsentView]


class ConsentRequest(Schema):
    """A purpose, and the version of its text that was read."""

    purpose: str = Field(min_length=1, max_length=64)
    version: int = Field(ge=1, le=2**31 - 1)


class ExportView(Schema):
    """A copy; ``size`` in bytes, the file is there while it is ready."""

    id: UUID
    state: Literal["collecting", "ready"]
    done: int
    total: int
    size: int
    created_at: str
    ready_at: str | None
    expires_at: str | None

    @classmethod
    def of(cls, export: Export) -> "ExportView":
        """The view of a copy."""
        return cls(
            id=export.id,
            state=export.state.value,
            done=export.done,
            total=export.total,
            size=export.size,
            created_at=clock.in_city(export.created_at),
            ready_at=clock.in_city(export.ready_at) if export.ready_at else None,
            expires_at=clock.in_city(export.expires_at) if export.expires_at else None,
        )


class GoingView(Schema):
    """A kind of data that goes at once."""

    kind: str
    title: str
    count: int


class StayingView(Schema):
    """A kind of data that stays; ``until`` is the last day of the last of it, null where it is not counted in days."""

    kind: str
    title: str
    count: int
    basis: str
    until: str | None

    @classmethod
    def of(cls, staying: deletion.Staying) -> "StayingView":
        """The view of a kind of data."""
        until = staying.until.astimezone(clock.CITY_TIME).date().isoformat() if staying.until else None
        return cls(kind=staying.kind, title=staying.title, count=staying.count, basis=staying.basis, until=until)


class DeletionOutlook(Schema):
    """What a deletion would do; it is ``possible`` while no case is under way."""

    possible: bool
    blocked_by: list[str] = Field(description="numbers of cases under way")
    goes: list[GoingView]
    stays: list[StayingView]


class DeletionRequest(Schema):
    """A word that the citizen means it: ``confirm`` is true."""

    confirm: bool = Field(json_schema_extra={"const": True})

    @field_validator("confirm")
    @classmethod
    def _meant(cls, confirm: bool) -> bool:
        if not confirm:
            raise ValueError("not confirmed")
        return confirm


class DeletionAnswer(Schema):
    """The account was deleted; what stays, why, and until when."""

    deleted: Literal[True]
    stays: list[StayingView]


@routes.add("GET", "/api/v1/privacy/notices", actor=Actor.ANYONE, limit="browse")
async def list_notices() -> NoticeList:
    """What data is used for, by whom, for how long, and which rights one has."""
    items = [
        NoticeView(purpose=key, version=one.version, kind=one.kind, title=one.title, text=one.text)
        for key, one in purposes().items()
    ]
    return NoticeList(items=items)


async def _consents(citizen_id: UUID) -> ConsentList:
    items = [
        ConsentView(
            purpose=standing.purpose.key,
            version=standing.purpose.version,
            title=standing.purpose.title,
            given=standing.given == standing.purpose.version,
            given_version=standing.given,
            history=[
                SaidView(
                    act=said.act.value, version=said.version, by_mandate=said.mandate_id, at=clock.in_city(said.at)
                )
                for said in standing.history
            ],
        )
        for standing in await consents.consents_of(citizen_id)
    ]
    return ConsentList(items=items)


@routes.add("GET", "/api/v1/privacy/consents", actor=Actor.CITIZEN, acting=True, limit="read", errors=_NOT_FOR_OTHERS)
async def list_consents(call: Call) -> ConsentList:
    """What I consented to, and all I said before."""
    return await _consents(await decided_for(call.party))


@routes.add(
    "POST",
    "/api/v1/privacy/consents",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(
        *_NOT_FOR_OTHERS,
        consent_errors.ConsentPurposeUnknownError,
        consent_errors.ConsentVersionOutdatedError,
    ),
)
async def give_consent(call: Call, body: ConsentRequest) -> ConsentList:
    """Consent to a purpose in its present version."""
    citizen_id = await decided_for(call.party)
    await service.give_consent(
        citizen_id,
        body.purpose,
        body.version,
        actor=call.party.name,
        session_id=call.caller.session_id,
        mandate_id=call.party.mandate_id,
    )
    return await _consents(citizen_id)


@routes.add(
    "DELETE",
    "/api/v1/privacy/consents/<purpose:str>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(*_NOT_FOR_OTHERS, consent_errors.ConsentPurposeUnknownError),
)
async def withdraw_consent(call: Call, purpose: str) -> ConsentList:
    """Withdraw a consent; what was done before stays lawful."""
    citizen_id = await decided_for(call.party)
    await service.withdraw_consent(
        citizen_id,
        purpose,
        actor=call.party.name,
        session_id=call.caller.session_id,
        mandate_id=call.party.mandate_id,
    )
    return await _consents(citizen_id)


@routes.add(
    "POST",
    "/api/v1/privacy/exports",
    actor=Actor.CITIZEN,
    acting=True,
    limit="export",
    status=202,
    errors=_NOT_FOR_OTHERS,
)
async def request_export(call: Call) -> ExportView:
    """Have a copy made of all that is held about me; while one is being made it is that one."""
    party = call.party
    export = await exports.request_export(await decided_for(party), actor=party.name, mandate_id=party.mandate_id)
    return ExportView.of(export)


@routes.add(
    "GET",
    "/api/v1/privacy/exports/<export_id:uuid>",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(*_NOT_FOR_OTHERS, errors.ExportNotFoundError),
)
async def read_export(call: Call, export_id: UUID) -> ExportView:
    """How far a copy is."""
    return ExportView.of(await exports.get_export(await decided_for(call.party), export_id))


@routes.add(
    "GET",
    "/api/v1/privacy/exports/<export_id:uuid>/file",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    media_type="application/zip",
    errors=(*_NOT_FOR_OTHERS, errors.ExportNotFoundError, errors.ExportNotReadyError),
)
async def read_export_file(call: Call, export_id: UUID) -> ResponseStream:
    """The copy as a ZIP, for seven days."""
    citizen_id = await decided_for(call.party)
    export, pieces = await exports.read_export(call.house.blobs, citizen_id, export_id, actor=call.party.name)
    return zip_answer(pieces, export.size, f"jiaban-{clock.today():%Y%m%d}.zip")


@routes.add(
    "GET",
    "/api/v1/privacy/deletion",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(*_NOT_FOR_OTHERS, NotFoundError),
)
async def read_deletion(call: Call) -> DeletionOutlook:
    """What a deletion of my account would delete, and what would stay, why, and until when."""
    found = await deletion.outlook(await decided_for(call.party))
    return DeletionOutlook(
        possible=not found.blocked_by,
        blocked_by=found.blocked_by,
        goes=[GoingView(kind=entry.kind, title=entry.title, count=entry.count) for entry in found.goes],
        stays=[StayingView.of(entry) for entry in found.stays],
    )


@routes.add(
    "POST",
    "/api/v1/privacy/deletion",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(*_NOT_FOR_OTHERS, errors.DeletionBlockedError),
)
async def delete_account(call: Call, body: DeletionRequest) -> DeletionAnswer:
    """Delete my account; this token is worth nothing afterwards."""
    del body
    party = call.party
    stays = await deletion.delete_account(
        await decided_for(party), by=party.actor_id, actor=party.name, mandate_id=party.mandate_id
    )
    return DeletionAnswer(deleted=True, stays=[StayingView.of(entry) for entry in stays])
