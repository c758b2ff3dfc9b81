"""Windows print codes for people without a phone who are there, and end those that are lost."""

import base64
from uuid import UUID

from pydantic import Field

from app.catalogue.licence_type import Preset
from app.catalogue.queries import get_licence_type
from app.identity.rules import Duty
from app.kit import clock
from app.kit.errors import NotFoundError, TemporarilyUnavailableError
from app.licences.errors import (
    HolderNotFoundError,
    LicenceNotValidError,
    PaperCodeNotFoundError,
    PresetNotMetError,
    PresetNotOfferedError,
)
from app.licences.models import Licence
from app.licences.paper import service as paper
from app.licences.paper.service import Document, PersonPresent
from miniapp_api.citizen.licence_codes import PaperCodeView, paper_view
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class PersonAtWindow(Schema):
    """The person at the window, as the document says by which they proved themself."""

    name: str = Field(min_length=1, max_length=64)
    id_number: str = Field(min_length=1, max_length=32)
    document: Document = Field(strict=False)

    def checked(self) -> PersonPresent:
        """The same, as the licences know it."""
        return PersonPresent(self.name.strip(), self.id_number.strip(), self.document)


class HeldLicence(Schema):
    """A licence of the person at the window, with what was printed of it."""

    id: UUID
    name: str
    number: str
    state: str
    valid_until: str | None
    presets: list[Preset]
    paper_codes: list[PaperCodeView]


class HeldLicences(Schema):
    """The licences of the person at the window, the newest first."""

    items: list[HeldLicence]


class PrintRequest(Schema):
    """Which licence is to be printed for whom, to show what, and why on paper."""

    person: PersonAtWindow
    licence_id: UUID = Field(strict=False)
    preset: Preset = Field(strict=False)
    reason: str = Field(min_length=2, max_length=200)


class PrintedPaper(Schema):
    """A code on paper: the text of its QR, and the sheet to print."""

    id: UUID
    code: str
    expires_at: str
    pdf: str = Field(description="data:application/pdf;base64,...")


class LossRequest(Schema):
    """Who lost a code on paper of which licence."""

    person: PersonAtWindow
    licence_id: UUID = Field(strict=False)


async def _held(licence: Licence) -> HeldLicence:
    definition = await get_licence_type(licence.type_code)
    return HeldLicence(
        id=licence.id,
        name=definition.name,
        number=licence.number,
        state=licence.state.value,
        valid_until=licence.valid_until.isoformat() if licence.valid_until else None,
        presets=definition.presets,
        paper_codes=[paper_view(row) for row in sorted(licence.papers, key=lambda row: row.id, reverse=True)],
    )


@routes.add(
    "POST",
    "/staff/v1/paper-codes/holders",
    actor=Actor.STAFF,
    duty=Duty.WINDOW,
    limit="paper_codes",
    errors=(HolderNotFoundError, NotFoundError),
)
async def find_held_licences(call: Call, body: PersonAtWindow) -> HeldLicences:
    """The licences of the person at the window; the search is recorded with each."""
    found = await paper.find_licences(call.staff, body.checked())
    return HeldLicences(items=[await _held(licence) for licence in found])


@routes.add(
    "POST",
    "/staff/v1/paper-codes",
    actor=Actor.STAFF,
    duty=Duty.WINDOW,
    limit="paper_codes",
    status=201,
    errors=(
        HolderNotFoundError,
        LicenceNotValidError,
        PresetNotOfferedError,
        PresetNotMetError,
        NotFoundError,
        TemporarilyUnavailableError,
    ),
)
async def print_paper_code(call: Call, body: PrintRequest) -> PrintedPaper:
    """Print a code for the person at the window. One that was printed before ends; the holder is told."""
    house = call.house
    printed = await paper.print_paper(
        house.code_signer,
        house.settings.public_url,
        call.staff,
        body.licence_id,
        body.person.checked(),
        body.preset,
        body.reason,
    )
    return PrintedPaper(
        id=printed.paper.id,
        code=printed.code,
        expires_at=clock.in_city(printed.paper.presentation.expires_at),
        pdf="data:application/pdf;base64," + base64.b64encode(printed.pdf).decode(),
    )


@routes.add(
    "POST",
    "/staff/v1/paper-codes/<paper_id:uuid>/loss",
    actor=Actor.STAFF,
    duty=Duty.WINDOW,
    limit="paper_codes",
    errors=(HolderNotFoundError, PaperCodeNotFoundError, NotFoundError),
)
async def report_paper_lost_at_window(call: Call, paper_id: UUID, body: LossRequest) -> PaperCodeView:
    """End a code on paper that the person at the window lost."""
    lost = await paper.report_lost_at_window(call.staff, body.licence_id, paper_id, body.person.checked())
    return paper_view(lost)
