"""Reads of applications."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.applications.asked import AskedApplication, asked_of, days_of, missing_in, promised_of
from app.applications.drafts import owned
from app.applications.errors import ApplicationNotFoundError
from app.applications.materials.queries import HandedIn, handed_in, sort_out
from app.applications.models import Application, Material, State, Supplement, TimelineEntry
from app.applications.moving import limits_by
from app.applications.prefill import Mark, marks_of
from app.applications.replaced import AskedMaterial, materials_of
from app.applications.time_limits import TimeLimits
from app.catalogue.guide import GuideMaterial, Variant
from app.identity.models import Citizen
from app.kit import db
from app.kit.errors import NotFoundError
from app.kit.paging import Page, newest_first
from app.licences.models import Licence
from app.licences.queries import licences_by_id
from app.mandates.party import Party

_ENTRY = ("id", "application_id", "kind", "state", "note", "mandate_id", "at")
_FILE = (
    *("id", "application_id", "material_id", "content_type", "size", "width", "height", "pages", "sha256", "blob_key"),
    *("preview_blob_key", "scan", "trust", "reused_from", "handed_in_at", "supplement_id", "created_at"),
)
# A case with all that its owner is shown of it.
_CASE = f"""
SELECT applications.*, digest, (SELECT id FROM licences WHERE licences.case_no = applications.case_no) AS licence_id,
    ARRAY(SELECT ({", ".join(_ENTRY)}) FROM timeline_entries WHERE application_id = $1 ORDER BY id) AS timeline,
    ARRAY(SELECT ({", ".join(_FILE)}) FROM materials WHERE application_id = $1 ORDER BY id) AS materials
FROM applications LEFT JOIN item_versions AS version
    ON version.item_code = applications.item_code AND version.number = item_version AND version.state = 'published'
WHERE applications.id = $1
"""  # noqa: S608  # names of our columns
_OWN = _CASE + "AND citizen_id = $2 AND company_id IS NULL"
_OF_COMPANY = _CASE + "AND company_id = $2"
_APPLICANT = {"name": "citizen_name", "id_number": "id_number", "phone": "phone"}
# A case with whom it is of, and the files that came with its submission.
_TO_DELIVER = f"""
SELECT applications.*, digest, citizen.name AS citizen_name, citizen.id_number, citizen.phone,
    company.uscc, company.name AS company_name,
    ARRAY(
        SELECT ({", ".join(_FILE)}) FROM materials
        WHERE application_id = applications.id AND supplement_id IS NULL AND handed_in_at IS NOT NULL ORDER BY id
    ) AS materials
FROM applications JOIN citizens AS citizen ON citizen.id = applications.citizen_id
LEFT JOIN companies AS company ON company.id = applications.company_id
LEFT JOIN item_versions AS version
    ON version.item_code = applications.item_code AND version.number = item_version AND version.state = 'published'
WHERE case_no = $1
"""  # noqa: S608  # as above
_SUBMITTED = "SELECT item_code, count(*) AS cases FROM applications WHERE case_no IS NOT NULL GROUP BY item_code"


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case with its timeline and time limits, its files, what its form still lacks, and the licence it led to."""

    application: Application
    timeline: list[TimelineEntry]
    materials: list[Material]
    missing: list[dict[str, str]]
    prefilled: list[Mark]
    licence_id: UUID | None
    limits: TimeLimits


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case as the approval system gets it; ``licences`` stand for materials, by their ids. All is open here.

    ``set_aside`` are files that were handed in and found to be infected or lost, ``statements`` materials in whose
    place the applicant signed a statement.
    """

    application: Application
    variant: Variant | None
    materials: list[Material]
    set_aside: list[Material]
    licences: dict[str, Licence]
    statements: list[GuideMaterial]
    applicant: dict[str, str | None]
    company: dict[str, str] | None


async def list_applications(party: Party, cursor: str | None) -> Page[Application]:
    """A party's cases and drafts, as far as its mandate covers them, the newest first. Raises InvalidCursorError."""
    found = Application.filter(**party.owner)
    covered = party.covered("item")
    return await newest_first(found if covered is None else found.filter(item_code__in=covered), cursor)


async def get_application(party: Party, application_id: UUID) -> CaseDetail:
    """A party's own case. Raises ApplicationNotFoundError, MatterNotCoveredError or ItemNotFoundError.

    Never within a transaction. A form that was submitted lacks nothing any more.
    """
    found = await db.quick().row(
        _OF_COMPANY if party.company_id else _OWN, application_id, party.company_id or party.citizen_id
    )
    if found is None:
        raise ApplicationNotFoundError
    application = db.instance(Application, found)
    party.require("item", application.item_code)
    timeline = [db.instance(TimelineEntry, dict(zip(_ENTRY, entry, strict=True))) for entry in found["timeline"]]
    is_draft = application.state is State.DRAFT
    return CaseDetail(
        application,
        timeline,
        [_file(file) for file in found["materials"]],
        await missing_in(application, (await asked_of(application)).form_schema) if is_draft else [],
        await marks_of(application),
        found["licence_id"],
        limits_by(await days_of(application, found["digest"]), timeline),
    )


async def get_asked(party: Party, application_id: UUID) -> tuple[Application, AskedApplication, list[AskedMaterial]]:
    """A party's own application, what it asks for, and its materials: as they stand now, or stood at the submission.

    Raises ApplicationNotFoundError or MatterNotCoveredError.
    """
    application = await owned(party, application_id)
    asked = await asked_of(application)
    if application.state is State.DRAFT:
        return application, asked, await materials_of(party, asked)
    used = await _licences(application)
    return application, asked, [AskedMaterial(material, used.get(material.id)) for material in asked.materials]


async def get_case_file(case_no: str) -> CaseFile:
    """A submitted case for delivery, with the materials that came with the submission; never within a transaction.

    Raises NotFoundError, or MaterialsUnscannedError while some are not scanned.
    """
    found = await db.quick().row(_TO_DELIVER, case_no)
    if found is None:
        raise NotFoundError
    application = db.instance(Application, found)
    came = sort_out([_file(file) for file in found["materials"]])
    variant, promised = await promised_of(application, found["digest"])
    given = {material.material_id for material in came.materials}
    return CaseFile(
        application,
        variant,
        came.materials,
        came.set_aside,
        await _licences(application),
        [one for one in promised if one.id not in given],
        {name: _opened(name, found[column]) for name, column in _APPLICANT.items()},
        {"uscc": found["uscc"], "name": found["company_name"]} if found["uscc"] else None,
    )


def _file(found: Sequence[Any]) -> Material:
    return db.instance(Material, dict(zip(_FILE, found, strict=True)))


def _opened(name: str, value: bytes | None) -> str | None:
    opened: str | None = Citizen._meta.fields_map[name].to_python_value(value)
    return opened


async def _licences(application: Application) -> dict[str, Licence]:
    used = application.licences_used or {}
    found = await licences_by_id([UUID(licence_id) for licence_id in used.values()])
    return {material: found[UUID(licence_id)] for material, licence_id in used.items() if UUID(licence_id) in found}


async def get_supplement(supplement_id: UUID) -> tuple[Supplement, HandedIn]:
    """A supplement and its materials. Raises NotFoundError, or MaterialsUnscannedError while some are not scanned."""
    supplement = await Supplement.get_or_none(id=supplement_id)
    if supplement is None:
        raise NotFoundError
    return supplement, await handed_in(supplement.application_id, supplement.id)  # type: ignore[attr-defined]  # Tortoise adds it


async def known_case(case_no: str) -> bool:
    """Whether a case has this number."""
    return await Application.exists(case_no=case_no)


async def count_submitted() -> dict[str, int]:
    """How many submitted cases there are of each item, by its code."""
    return {row["item_code"]: row["cases"] for row in await db.rows(_SUBMITTED)}
