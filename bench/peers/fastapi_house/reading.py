"""Citizens read a licence, a case, a guide."""

import json
from functools import cache
from typing import Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Response, status
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.identity.rules import mask_id_number
from app.kit import clock, texts
from bench.peers.fastapi_house.database import Database, new_session
from bench.peers.fastapi_house.models import Application, ItemVersion, Licence, Material, TimelineEntry
from bench.peers.fastapi_house.security import CitizenSession
from bench.rules import REACH, limit_moves

router = APIRouter(prefix="/api/v1")
_NOT_FOUND = HTTPException(status.HTTP_404_NOT_FOUND)


class FieldView(BaseModel):
    """A field of a licence."""

    name: str
    title: str
    value: Any


class MoveView(BaseModel):
    """A change of what a licence is worth."""

    cause: str
    before: str
    after: str
    reason: str
    office: str
    case_no: str | None
    at: str


class LicenceView(BaseModel):
    """A licence."""

    id: UUID
    licence_type: str
    name: str
    level_needed: int
    identifier: str
    number: str
    state: str
    state_reason: str | None
    issuer: str
    issued_on: str
    valid_from: str
    valid_until: str | None
    case_no: str | None
    fields: list[FieldView]
    moves: list[MoveView]


class TimelineView(BaseModel):
    """Something that happened to a case."""

    kind: str
    state: str
    state_name: str
    note: str | None
    by_mandate: UUID | None
    at: str


class MaterialView(BaseModel):
    """A file that was handed in."""

    id: UUID
    material_id: str
    content_type: str
    size: int
    width: int
    height: int
    pages: int
    sha256: str
    scan: str
    trust: str
    has_preview: bool
    handed_in: bool
    reused_from: UUID | None


class LimitMoveView(BaseModel):
    """A day on which the time limits moved."""

    on: str
    cause: str
    text: str
    promised_on: str | None
    statutory_on: str | None
    provisional: bool


class SavedView(BaseModel):
    """What the applicant was saved."""

    fields: int
    materials: int


class CaseView(BaseModel):
    """A case."""

    id: UUID
    item_code: str
    item_name: str
    state: str
    state_name: str
    revision: int
    case_no: str | None
    promised_on: str | None
    statutory_on: str | None
    promised_provisional: bool
    by_mandate: UUID | None
    life_event: str | None
    group_id: UUID | None
    created_at: str
    submitted_at: str | None
    form: dict[str, Any]
    missing: list[Any] = []
    prefilled: list[Any] = []
    prefill_away: list[str]
    saved: SavedView | None
    reach: dict[str, Any]
    result: dict[str, Any] | None
    resubmission_of: UUID | None
    supplement_note: str | None
    licence_id: UUID | None
    materials: list[MaterialView]
    limit_moves: list[LimitMoveView]
    timeline: list[TimelineView]


@router.get("/licences/{licence_id}")
async def read_licence(licence_id: UUID, session: CitizenSession, database: Database) -> LicenceView:
    """One licence of mine."""
    found = select(Licence).where(Licence.id == licence_id, Licence.citizen_id == session.citizen_id)
    found = found.where(Licence.company_id.is_(None))
    licence = await database.scalar(found.options(joinedload(Licence.type), selectinload(Licence.moves)))
    if licence is None:
        raise _NOT_FOUND
    definition = licence.type.definition
    if session.citizen.level < definition["assurance_level"]:
        raise HTTPException(status.HTTP_403_FORBIDDEN)
    values = json.loads(licence.values)
    return LicenceView(
        id=licence.id,
        licence_type=licence.type_code,
        name=licence.type.name,
        level_needed=definition["assurance_level"],
        identifier=licence.identifier,
        number=licence.number,
        state=licence.state,
        state_reason=licence.state_reason,
        issuer=licence.issuer,
        issued_on=licence.issued_on.isoformat(),
        valid_from=licence.valid_from.isoformat(),
        valid_until=licence.valid_until.isoformat() if licence.valid_until else None,
        case_no=licence.case_no,
        fields=[
            FieldView(
                name=field["name"],
                title=field["title"],
                value=mask_id_number(values[field["name"]]) if field.get("masked") else values[field["name"]],
            )
            for field in definition["fields"]
            if field["name"] in values
        ],
        moves=[
            MoveView(
                cause=move.cause,
                before=move.before,
                after=move.after,
                reason=move.reason,
                office=move.office,
                case_no=move.case_no,
                at=clock.in_city(move.at),
            )
            for move in licence.moves
        ],
    )


@cache
def _days() -> dict[tuple[str, int], tuple[int, int]]:
    """The days of each version of an item, which never change."""
    return {}


async def _days_of(application: Application) -> tuple[int, int]:
    version = application.item_code, application.item_version
    if version not in _days():
        async with new_session() as database:
            found = select(ItemVersion.guide).where(
                ItemVersion.item_code == version[0], ItemVersion.number == version[1]
            )
            guide = json.loads(await database.scalar(found) or "{}")
        _days()[version] = guide["promised_days"], guide["statutory_days"]
    return _days()[version]


def _opened(text: str | None) -> Any:
    return json.loads(text) if text else None


@router.get("/applications/{application_id}")
async def read_application(application_id: UUID, session: CitizenSession, database: Database) -> CaseView:
    """One case of mine."""
    found = select(Application).where(Application.id == application_id, Application.citizen_id == session.citizen_id)
    found = found.where(Application.company_id.is_(None))
    case = await database.scalar(found.options(selectinload(Application.timeline), selectinload(Application.materials)))
    if case is None:
        raise _NOT_FOUND
    licence_id = await database.scalar(select(Licence.id).where(Licence.case_no == case.case_no))
    moves = limit_moves(*await _days_of(case), [(entry.kind, entry.at) for entry in case.timeline])
    return CaseView(
        id=case.id,
        item_code=case.item_code,
        item_name=case.item_name,
        state=case.state,
        state_name=texts.text("state", case.state),
        revision=case.revision,
        case_no=case.case_no,
        promised_on=case.promised_on.isoformat() if case.promised_on else None,
        statutory_on=case.statutory_on.isoformat() if case.statutory_on else None,
        promised_provisional=case.promised_provisional,
        by_mandate=case.mandate_id,
        life_event=case.life_event,
        group_id=case.group_id,
        created_at=clock.in_city(case.created_at),
        submitted_at=clock.in_city(case.submitted_at) if case.submitted_at else None,
        form=json.loads(case.form),
        prefill_away=case.prefill_away or [],
        saved=SavedView(fields=case.saved_fields, materials=case.saved_materials or 0)
        if case.saved_fields is not None
        else None,
        reach={
            "contact": _opened(case.contact) or REACH["contact"],
            "delivery": _opened(case.delivery) or REACH["delivery"],
        },
        result=_opened(case.result),
        resubmission_of=case.resubmission_of,
        supplement_note=case.supplement_note,
        licence_id=licence_id,
        materials=[_material(material) for material in case.materials],
        limit_moves=[LimitMoveView(**move) for move in moves],
        timeline=[_entry(entry) for entry in case.timeline],
    )


def _material(material: Material) -> MaterialView:
    return MaterialView(
        id=material.id,
        material_id=material.material_id,
        content_type=material.content_type,
        size=material.size,
        width=material.width,
        height=material.height,
        pages=material.pages,
        sha256=material.sha256,
        scan=material.scan,
        trust=material.trust,
        has_preview=material.preview_blob_key is not None,
        handed_in=material.handed_in_at is not None,
        reused_from=material.reused_from,
    )


def _entry(entry: TimelineEntry) -> TimelineView:
    return TimelineView(
        kind=entry.kind,
        state=entry.state,
        state_name=texts.text("state", entry.state),
        note=entry.note,
        by_mandate=entry.mandate_id,
        at=clock.in_city(entry.at),
    )


@router.get("/items/{item_code}")
async def read_item(item_code: str, database: Database) -> Response:
    """One item's guide, as it is in effect today."""
    found = select(ItemVersion).where(ItemVersion.item_code == item_code, ItemVersion.state == "published")
    found = found.where(ItemVersion.effective_on <= clock.today()).order_by(ItemVersion.number.desc()).limit(1)
    version = await database.scalar(found.options(joinedload(ItemVersion.department_row)))
    if version is None or not version.offered:
        raise _NOT_FOUND
    beside = {
        "version": version.number,
        "effective_on": version.effective_on.isoformat(),
        "department_name": version.department_row.name,
    }
    head = json.dumps(beside, ensure_ascii=False)
    return Response(f"{head[:-1]},{version.guide[1:]}", media_type="application/json")
