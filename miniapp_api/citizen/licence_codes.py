"""The codes of a licence: for now, for a place without network, and on paper."""

import base64
from uuid import UUID

from pydantic import Field

from app.catalogue.licence_type import Preset
from app.consents.errors import ConsentMissingError
from app.identity.errors import LevelTooLowError
from app.kit import clock
from app.kit.errors import NotFoundError, TemporarilyUnavailableError
from app.licences.codes import CodeKind
from app.licences.codes.digits import grouped
from app.licences.errors import (
    LicenceNotFoundError,
    LicenceNotValidError,
    PaperCodeNotFoundError,
    PresetNotMetError,
    PresetNotOfferedError,
)
from app.licences.models import PaperCode, PaperEnd
from app.licences.paper import service as paper
from app.licences.presenting import service as presenting
from app.licences.presenting.service import Presented
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()
_SHOWING = (
    LicenceNotFoundError,
    LevelTooLowError,
    ConsentMissingError,
    PresetNotOfferedError,
    PresetNotMetError,
    NotFoundError,
    TemporarilyUnavailableError,
)


class PresentationRequest(Schema):
    """What the holder chooses to show."""

    preset: Preset = Field(strict=False)


class HeldCodesRequest(PresentationRequest):
    """For a place without network: one code for each time that it will be shown there."""

    many: int = Field(default=3, ge=1, le=10)


class PresentationAnswer(Schema):
    """A code that shows the licence once: its text, a web address of the same, its end, and its QR as a data URL.

    ``digits`` stand for a live code where there is a keyboard only, in groups of four; one that was fetched beforehand
    (``held``) has none, and is to be marked as such where it is shown.
    """

    kind: CodeKind
    code: str
    url: str
    digits: str | None
    expires_at: str
    qr: str = Field(description="data:image/png;base64,...")
    licence_state: str


class HeldCodes(Schema):
    """Codes for a place without network, each good once."""

    items: list[PresentationAnswer]


class PaperCodeView(Schema):
    """A code on paper that a window printed; ``ended_because`` is there where it ended before its time."""

    id: UUID
    office: str
    preset: Preset
    issued_at: str
    expires_at: str
    ended_at: str | None
    ended_because: PaperEnd | None


class PaperCodeList(Schema):
    """All of a licence's."""

    items: list[PaperCodeView]


def _answer(presented: Presented) -> PresentationAnswer:
    return PresentationAnswer(
        kind=presented.kind,
        code=presented.code,
        url=presented.url,
        digits=grouped(presented.digits) if presented.digits else None,
        expires_at=clock.in_city(presented.expires_at),
        qr="data:image/png;base64," + base64.b64encode(presented.qr).decode(),
        licence_state=presented.state.value,
    )


def paper_view(row: PaperCode) -> PaperCodeView:
    """A code on paper whose presentation is loaded."""
    return PaperCodeView(
        id=row.id,
        office=row.office,
        preset=row.presentation.preset,
        issued_at=clock.in_city(row.presentation.issued_at),
        expires_at=clock.in_city(row.presentation.expires_at),
        ended_at=clock.in_city(row.ended_at) if row.ended_at else None,
        ended_because=row.ended_because,
    )


@routes.add(
    "POST",
    "/api/v1/licences/<licence_id:uuid>/presentations",
    actor=Actor.CITIZEN,
    acting=True,
    limit="present",
    status=201,
    errors=_SHOWING,
)
async def present_licence(call: Call, licence_id: UUID, body: PresentationRequest) -> PresentationAnswer:
    """Hand out a code that shows the licence once within a minute."""
    house = call.house
    presented = await presenting.present_licence(
        house.code_signer, house.settings.public_url, call.party, licence_id, body.preset, call.session_id
    )
    return _answer(presented)


@routes.add(
    "POST",
    "/api/v1/licences/<licence_id:uuid>/held-codes",
    actor=Actor.CITIZEN,
    acting=True,
    limit="hold_codes",
    status=201,
    errors=(*_SHOWING, LicenceNotValidError),
)
async def hold_codes(call: Call, licence_id: UUID, body: HeldCodesRequest) -> HeldCodes:
    """Hand out codes to be shown without network within twelve hours, each once."""
    house = call.house
    held = await presenting.hold_codes(
        house.code_signer, house.settings.public_url, call.party, licence_id, body.preset, body.many, call.session_id
    )
    return HeldCodes(items=[_answer(presented) for presented in held])


@routes.add(
    "GET",
    "/api/v1/licences/<licence_id:uuid>/paper-codes",
    actor=Actor.CITIZEN,
    acting=True,
    limit="read",
    errors=(LicenceNotFoundError,),
)
async def list_paper_codes(call: Call, licence_id: UUID) -> PaperCodeList:
    """What windows printed of the licence, the newest first."""
    return PaperCodeList(items=[paper_view(row) for row in await paper.list_papers(call.party, licence_id)])


@routes.add(
    "POST",
    "/api/v1/licences/<licence_id:uuid>/paper-codes/<paper_id:uuid>/loss",
    actor=Actor.CITIZEN,
    acting=True,
    limit="write",
    errors=(LicenceNotFoundError, PaperCodeNotFoundError),
)
async def report_paper_lost(call: Call, licence_id: UUID, paper_id: UUID) -> PaperCodeView:
    """Report a code on paper lost: it is worth nothing from this moment."""
    return paper_view(await paper.report_lost(call.party, licence_id, paper_id))
