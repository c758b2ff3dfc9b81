"""A licence as a document to print: PDF and OFD, with the issuer's seal and a QR that leads to its state today."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from app.catalogue.licence_type import LicenceTypeDefinition
from app.catalogue.queries import get_licence_type
from app.identity.rules import mask_name
from app.kit import clock, texts
from app.licences.codes import shortened
from app.licences.codes.signer import CodeKeys
from app.licences.files.faces import end_written, word_across, written_values
from app.licences.files.file_codes import FileClaims, sign_file
from app.licences.files.making import LicenceFile, licence_file
from app.licences.models import HolderKind, Licence
from app.licences.queries import shown_licence
from app.mandates.party import Party
from media.documents import PDF
from media.ofd import render_ofd
from media.paper_layout import Document, Section
from media.papers import render_document
from media.watermarks import watermarked

OFD = "application/ofd"


@dataclass(frozen=True, slots=True, repr=False)
class Paper:
    """A document, and what stands over each page of a copy; empty for one that is none."""

    document: Document
    copy: str


async def pdf_file(keys: CodeKeys, public_url: str, party: Party, licence_id: UUID, purpose: str | None) -> LicenceFile:
    """A party's own licence as PDF; with a ``purpose``, as a copy that says so on each page.

    Raises LicenceNotFoundError, MatterNotCoveredError, LevelTooLowError, or TemporarilyUnavailableError where no key
    signs.
    """
    document = await _document(keys, public_url, party, licence_id)
    day = clock.today().isoformat()
    copy = texts.text("materials", "copy_for", purpose=purpose, day=day) if purpose else ""
    return licence_file(PDF, render_paper, Paper(document, copy))


async def ofd_file(keys: CodeKeys, public_url: str, party: Party, licence_id: UUID) -> LicenceFile:
    """A party's own licence as OFD (GB/T 33190). Raises as ``pdf_file`` does."""
    make: Callable[[Document], bytes] = render_ofd
    return licence_file(OFD, make, await _document(keys, public_url, party, licence_id))


def render_paper(paper: Paper) -> bytes:
    """The PDF of a paper. Draws on the calling thread."""
    content = render_document(paper.document)
    return watermarked(content, PDF, paper.copy)[0] if paper.copy else content


async def _document(keys: CodeKeys, public_url: str, party: Party, licence_id: UUID) -> Document:
    licence = await shown_licence(party, licence_id)
    definition = await get_licence_type(licence.type_code)
    claims = FileClaims(
        reference=bytes.fromhex(licence.reference),
        name=definition.name,
        holder=_holder(licence),
        issued_on=licence.issued_on,
        valid_until=licence.valid_until,
    )
    return paper_of(licence, definition, f"{public_url}/L/{await sign_file(keys, claims)}".upper())


def _holder(licence: Licence) -> str:
    """A person's name with its middle hidden; a company's whole, which is public."""
    return licence.holder if licence.holder_kind is HolderKind.COMPANY else shortened(mask_name(licence.holder))


def paper_of(licence: Licence, definition: LicenceTypeDefinition, code: str) -> Document:
    """What stands in the document of a licence; ``code`` is the text of its QR.

    It names the moment of the licence's last change as its own: the same licence is the same file.
    """
    changed = licence.state_changed_at or datetime.combine(licence.issued_on, time(), tzinfo=clock.CITY_TIME)
    about = (
        (_text("identifier"), licence.identifier),
        (_text("issuer_code"), licence.issuer_code),
        (_text("runs"), _text("from_to", start=licence.valid_from.isoformat(), end=end_written(licence))),
        (_text("version"), f"{licence.version:03d}"),
    )
    return Document(
        title=definition.card.title,
        number=_text("number", number=licence.number),
        sections=(
            Section(rows=tuple(written_values(licence, definition).values())),
            Section(_text("about"), about),
        ),
        signed=(licence.issuer, clock.day_written(licence.issued_on)),
        qr=code,
        qr_notes=(_text("check"), _text("compare")),
        footer=_text("footer"),
        author=licence.issuer,
        made_at=changed,
        sealed_by=licence.issuer,
        stamp=word_across(licence, clock.today()),
    )


def _text(key: str, **values: str) -> str:
    return texts.text("licence", key, **values)
