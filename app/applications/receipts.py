"""Receipts: of a submission (申请回执), and of the word whether it is accepted (受理、不予受理回执).

Administrative bodies give a written and dated receipt of either (行政许可法 第三十二条). Nothing of one is kept: it is
made from the case's timeline whenever it is asked for, and what happens to the case later does not change it.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from app.applications.asked import AskedApplication, asked_of
from app.applications.drafts import owned
from app.applications.errors import AcceptanceOpenError, NotSubmittedError
from app.applications.models import Application, Material, TimelineEntry
from app.applications.moving import limits_by
from app.applications.receipt_codes import ReceiptClaims, ReceiptKind, sign_receipt
from app.applications.rules import Cause
from app.applications.time_limits import ACCEPTS, Days, Due
from app.catalogue.models import Department
from app.catalogue.queries import get_department
from app.identity.rules import mask_id_number, mask_name
from app.kit import clock, texts
from app.kit.benches import Bench
from app.kit.record_signing import RecordSigner
from app.mandates.party import Party
from media.paper_layout import Document, Section
from media.papers import render_document

_PERMIT = "01"
"""Administrative permits (行政许可) among the types of items: what the permit law says holds for them."""

_DIGEST_SHOWN = 16

# As many as are drawn in about five seconds.
_BENCH = Bench("receipts", places=32)


@dataclass(frozen=True, slots=True)
class _Case:
    """A submitted case with what its receipts say of it."""

    application: Application
    submitted_at: datetime
    asked: AskedApplication
    department: Department
    timeline: list[TimelineEntry]

    @property
    def is_permit(self) -> bool:
        return self.asked.guide.task_type == _PERMIT

    def due_by(self, causes: AbstractSet[Cause]) -> Due | None:
        """The limits as they stood when the first of these causes had moved them."""
        guide = self.asked.guide
        moves = limits_by(Days(guide.promised_days, guide.statutory_days), self.timeline).moves
        return next((move.due for move in moves if move.cause in causes), None)


@dataclass(frozen=True, slots=True)
class _Word:
    """What a receipt tells of: its kind, when that was, and the limits from then."""

    kind: ReceiptKind
    at: datetime
    due: Due | None


async def submission_receipt(signer: RecordSigner, public_url: str, party: Party, application_id: UUID) -> bytes:
    """The PDF that tells what was submitted, and when.

    Raises NotSubmittedError for a draft, ApplicationNotFoundError, MatterNotCoveredError, or
    TemporarilyUnavailableError where too many are wanted at once.
    """
    case = await _submitted(party, application_id)
    materials = await Material.filter(
        application=case.application, supplement_id=None, handed_in_at__not_isnull=True
    ).order_by("id")
    due = case.due_by({Cause.SUBMIT})
    sections = (
        Section(rows=(*_head(case), *_limits(case, due, "if_accepted"), *_contacts(case))),
        Section(_text("materials"), tuple(_materials(case, materials)) or ((_text("none"), _text("no_materials")),)),
        Section(paragraphs=(_text("submitted_permit" if case.is_permit else "submitted_other"),)),
    )
    return await _drawn(signer, public_url, case, _Word(ReceiptKind.SUBMITTED, case.submitted_at, due), sections)


async def acceptance_receipt(signer: RecordSigner, public_url: str, party: Party, application_id: UUID) -> bytes:
    """The PDF that tells whether a case was accepted.

    Raises AcceptanceOpenError while that is open, and what ``submission_receipt`` raises.
    """
    case = await _submitted(party, application_id)
    entry = next((entry for entry in case.timeline if entry.kind == Cause.NOT_ACCEPTED), None)
    refused = entry is not None
    entry = entry or next((entry for entry in case.timeline if entry.kind in ACCEPTS), None)
    if entry is None:
        raise AcceptanceOpenError
    kind = ReceiptKind.NOT_ACCEPTED if refused else ReceiptKind.ACCEPTED
    word = _Word(kind, entry.at, None if refused else case.due_by(ACCEPTS))
    said = ((_text("decided_at"), clock.minute_written(entry.at)), (_text("decision"), _text(kind.key)))
    reason = ((_text("reason"), entry.note or _text("no_reason")),)
    rows = (*_head(case), *said, *(reason if refused else _limits(case, word.due, "until")), *_contacts(case))
    law = _text(f"{kind.key}_permit" if case.is_permit else f"{kind.key}_other")
    return await _drawn(signer, public_url, case, word, (Section(rows=rows), Section(paragraphs=(law,))))


async def _submitted(party: Party, application_id: UUID) -> _Case:
    application = await owned(party, application_id)
    if application.submitted_at is None:
        raise NotSubmittedError
    await application.fetch_related("citizen", "company")
    asked = await asked_of(application)
    timeline = await TimelineEntry.filter(application=application).order_by("id")
    department = await get_department(asked.guide.department)
    return _Case(application, application.submitted_at, asked, department, timeline)


async def _drawn(
    signer: RecordSigner, public_url: str, case: _Case, word: _Word, sections: tuple[Section, ...]
) -> bytes:
    application, kind = case.application, word.kind
    day = word.at.astimezone(clock.CITY_TIME).date()
    claims = ReceiptClaims(
        kind=kind,
        case_no=str(application.case_no),
        item=case.asked.guide.short_name,
        department=case.department.short_name,
        holder=application.company.uscc if application.company else mask_name(application.citizen.name or ""),
        day=day,
        promised_on=word.due.promised.day if word.due else None,
    )
    document = Document(
        title=_text(f"title_{kind.key}"),
        number=_text("number", number=str(application.case_no)),
        sections=sections,
        signed=(case.department.name, clock.day_written(day)),
        qr=f"{public_url}/R/{sign_receipt(signer, claims)}".upper(),
        qr_notes=(_text("check"), _text("compare"), _text("progress")),
        footer=_text("footer"),
        author=case.department.name,
        made_at=word.at,
    )
    with _BENCH.place() as place:
        return await place.do(render_document, document)


def _head(case: _Case) -> Iterable[tuple[str, str]]:
    application, citizen = case.application, case.application.citizen
    if application.company:
        yield _text("applicant"), application.company.name
        yield _text("uscc"), application.company.uscc
        yield _text("agent"), mask_name(citizen.name or "")
    else:
        yield _text("applicant"), citizen.name or ""
        yield _text("id_number"), mask_id_number(citizen.id_number or "")
    yield _text("item"), application.item_name
    if case.asked.variant:
        yield _text("variant"), case.asked.variant.name
    yield _text("department"), case.department.name
    yield _text("submitted_at"), clock.minute_written(case.submitted_at)


def _limits(case: _Case, due: Due | None, about: str) -> Iterable[tuple[str, str]]:
    """The item's limits in working days, and the days that ``about`` says of them: ``until`` or ``if_accepted``."""
    guide = case.asked.guide
    for name, count, by in (
        ("promised", guide.promised_days, due.promised if due else None),
        ("statutory", guide.statutory_days, due.statutory if due else None),
    ):
        if count == 0:
            yield _text(name), _text("at_once")
        elif by is None:
            yield _text(name), _text("days", count=count)
        else:
            day = _text("provisional" if by.provisional else "certain", day=clock.day_written(by.day))
            yield _text(name), _text(about, count=count, day=day)


def _contacts(case: _Case) -> Iterable[tuple[str, str]]:
    yield _text("consultation"), case.asked.guide.consultation_phone
    yield _text("complaint"), case.asked.guide.complaint_phone


def _materials(case: _Case, files: Sequence[Material]) -> Iterable[tuple[str, str]]:
    """What was handed in or stood for something, in the guide's order; each file by the first of its digest."""
    by_material = {key: list(group) for key, group in groupby(sorted(files, key=_material_id), key=_material_id)}
    licences = case.application.licences_used or {}
    for material in case.asked.materials:
        given = by_material.get(material.id, [])
        if given:
            digests = "、".join(one.sha256[:_DIGEST_SHOWN] for one in given)
            yield material.name, _text("files", count=len(given), digests=digests)
        elif material.id in licences:
            yield material.name, _text("by_licence")


def _material_id(material: Material) -> str:
    return material.material_id


def _text(key: str, **values: object) -> str:
    return texts.text("receipt", key, **values)
