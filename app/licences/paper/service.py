"""A window prints a code for a person who is there, and ends it when it is lost or printed anew."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tortoise.expressions import Q

from app.audit import service as audit
from app.catalogue.licence_type import Preset
from app.catalogue.queries import get_licence_type
from app.identity.models import Staff
from app.kit import clock
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.licences.attaching import same_name
from app.licences.codes import LONGEST, CodeKind, CodeSigner, SignedCode
from app.licences.errors import HolderNotFoundError, LicenceNotValidError, PaperCodeNotFoundError
from app.licences.models import HOLDER, HolderKind, Licence, PaperCode, PaperEnd, Presentation
from app.licences.paper.document import draw_paper
from app.licences.presenting.making import (
    Wanted,
    capped,
    end_of_licence,
    is_in_force,
    make_code,
    row_of,
    text_of,
    this_second,
)
from app.licences.queries import get_licence
from app.licences.status.service import mark, take_places
from app.licences.telling import tell
from app.mandates.party import Party


class Document(StrEnum):
    """The paper by which a person at the window proved who they are."""

    IDENTITY_CARD = "identity_card"
    TEMPORARY_CARD = "temporary_card"
    HOUSEHOLD_REGISTER = "household_register"


@dataclass(frozen=True, slots=True, repr=False)
class PersonPresent:
    """A person at the window, as their document says."""

    name: str
    id_number: str
    document: Document


@dataclass(frozen=True, slots=True)
class Printed:
    """A code on paper: its row, the text of its QR, and the PDF."""

    paper: PaperCode
    code: str
    pdf: bytes


async def find_licences(staff: Staff, person: PersonPresent) -> list[Licence]:
    """The licences of a person who is at the window, each with its papers, the newest first; the search is recorded.

    Raises HolderNotFoundError where nothing is held under this name and number.
    """
    async with transaction():
        found = await Licence.filter(_held_by(person)).order_by("id").select_for_update(no_key=True)
        licences = [licence for licence in found if same_name(licence.holder, person.name)]
        if not licences:
            raise HolderNotFoundError
        for licence in licences:
            await audit.record(f"licence:{licence.id}", _name(staff), "licence_found_at_window", office=staff.office)
    await Licence.fetch_for_list(licences, "papers__presentation")
    return licences[::-1]


async def print_paper(
    signer: CodeSigner,
    public_url: str,
    staff: Staff,
    licence_id: UUID,
    person: PersonPresent,
    preset: Preset,
    reason: str,
) -> Printed:
    """Print a code for a person at the window, good until the licence ends and for a year at most.

    One that was printed before is replaced. The holder hears of it, where they have an account. Raises
    HolderNotFoundError, LicenceNotValidError, PresetNotOfferedError or PresetNotMetError.
    """
    licence = await _licence_of(person, licence_id)
    definition = await get_licence_type(licence.type_code)
    issued_at = this_second()
    expires_at = capped(issued_at + LONGEST[CodeKind.PAPER], end_of_licence(licence))
    wanted = Wanted(licence, definition, CodeKind.PAPER, preset, issued_at, expires_at)
    _require_valid(licence, wanted)
    async with transaction():
        [place] = await take_places(1)
    code = await make_code(signer, wanted, place)
    paper = PaperCode(
        licence=licence,
        staff_id=staff.id,
        office=staff.office,
        document=person.document,
        reason=reason,
        status_list=place[0],
        status_index=place[1],
    )
    async with transaction():
        _require_valid(await _locked(licence.id), wanted)
        await _save(paper, code, licence)
        await audit.record(f"licence:{licence.id}", _name(staff), "paper_code_printed", paper=str(paper.id))
        await tell(licence, "paper_code_printed", str(paper.id), None, definition, office=staff.office)
    text = text_of(public_url, code)
    return Printed(paper, text, await draw_paper(code.claims, definition, text, staff.office))


async def _save(paper: PaperCode, code: SignedCode, licence: Licence) -> None:
    """Save a paper of a locked licence in the place of those before it."""
    for before in await PaperCode.filter(licence=licence, ended_at=None):
        await _end(before, licence, PaperEnd.REPLACED, f"staff:{paper.staff_id}")
    row = row_of(code, licence)
    await row.save(force_create=True)
    paper.presentation = row
    await paper.save(force_create=True)


async def report_lost(party: Party, licence_id: UUID, paper_id: UUID) -> PaperCode:
    """End a paper that its holder lost; once more changes nothing.

    Raises LicenceNotFoundError, MatterNotCoveredError or PaperCodeNotFoundError.
    """
    licence = await get_licence(party, licence_id)
    return await _lose(licence, paper_id, party.name, None)


async def report_lost_at_window(staff: Staff, licence_id: UUID, paper_id: UUID, person: PersonPresent) -> PaperCode:
    """End a paper that a person at the window lost; once more changes nothing.

    Raises HolderNotFoundError or PaperCodeNotFoundError.
    """
    licence = await _licence_of(person, licence_id)
    return await _lose(licence, paper_id, _name(staff), staff.office)


async def list_papers(party: Party, licence_id: UUID) -> list[PaperCode]:
    """What windows printed of a party's licence, each with its presentation, the newest first.

    Raises LicenceNotFoundError or MatterNotCoveredError.
    """
    licence = await get_licence(party, licence_id)
    return await PaperCode.filter(licence=licence).order_by("-id").select_related("presentation")


async def _lose(licence: Licence, paper_id: UUID, actor: str, office: str | None) -> PaperCode:
    async with transaction():
        await _locked(licence.id)
        paper = await PaperCode.get_or_none(id=paper_id, licence=licence).select_related("presentation")
        if paper is None:
            raise PaperCodeNotFoundError
        if paper.ended_at is None:
            await _end(paper, licence, PaperEnd.LOST, actor)
            await audit.record(f"licence:{licence.id}", actor, "paper_code_lost", paper=str(paper.id))
            definition = await get_licence_type(licence.type_code)
            where = office or licence.issuer
            await tell(licence, "paper_code_lost", str(paper.id), None, definition, office=where)
    return paper


async def _end(paper: PaperCode, licence: Licence, because: PaperEnd, actor: str) -> None:
    paper.ended_at, paper.ended_because, paper.ended_by = clock.now(), because, actor
    await paper.save(update_fields=["ended_at", "ended_because", "ended_by"])
    await Presentation.filter(nonce=paper.presentation_id, ended_at=None).update(ended_at=paper.ended_at)
    await mark(licence)


async def _locked(licence_id: UUID) -> Licence:
    licence = await Licence.select_for_update(no_key=True).get_or_none(id=licence_id)
    if licence is None:
        raise HolderNotFoundError
    return licence


async def _licence_of(person: PersonPresent, licence_id: UUID) -> Licence:
    """A licence that the person at the window holds. Raises HolderNotFoundError."""
    licence = await Licence.get_or_none(_held_by(person), id=licence_id)
    if licence is None or not same_name(licence.holder, person.name):
        raise HolderNotFoundError
    return licence


def _held_by(person: PersonPresent) -> Q:
    return Q(holder_kind=HolderKind.PERSON, holder_hash__in=keyring().lookups(person.id_number.upper(), HOLDER))


def _require_valid(licence: Licence, wanted: Wanted) -> None:
    if not is_in_force(licence) or wanted.expires_at <= wanted.issued_at:
        raise LicenceNotValidError


def _name(staff: Staff) -> str:
    return f"staff:{staff.id}"
