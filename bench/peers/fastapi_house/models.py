"""Rows, as far as this service needs their columns; the tables are the product's."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, foreign, mapped_column, relationship
from sqlalchemy.types import DateTime, LargeBinary, TypeDecorator

from app.kit.crypto import keyring


class Base(DeclarativeBase):
    """Base of all rows."""

    type_annotation_map = {  # noqa: RUF012  # as its documentation writes it
        datetime: DateTime(timezone=True),
        list[str]: JSONB,
        dict[str, Any]: JSONB,
    }


class Sealed(TypeDecorator[str]):
    """Text that is sealed at rest for its place."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        """Open what came from the database."""
        del dialect
        return None if value is None else keyring().open(value, self.place).decode()


class Citizen(Base):
    """A citizen."""

    __tablename__ = "citizens"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    level: Mapped[int]


class Staff(Base):
    """A member of staff."""

    __tablename__ = "staff"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    office: Mapped[str]
    duties: Mapped[list[str]]
    active: Mapped[bool]
    password_given: Mapped[bool | None]


class Session(Base):
    """A sign-in of a citizen or a member of staff."""

    __tablename__ = "sessions"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[UUID | None] = mapped_column(ForeignKey("citizens.id"))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    citizen: Mapped[Citizen | None] = relationship()
    staff: Mapped[Staff | None] = relationship()


class LicenceType(Base):
    """A kind of licence."""

    __tablename__ = "licence_types"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    definition: Mapped[dict[str, Any]]


class Licence(Base):
    """A licence."""

    __tablename__ = "licences"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[UUID | None]
    company_id: Mapped[UUID | None]
    type_code: Mapped[str]
    identifier: Mapped[str]
    reference: Mapped[str]
    number: Mapped[str]
    case_no: Mapped[str | None]
    state: Mapped[str]
    state_reason: Mapped[str | None] = mapped_column(Sealed("licences.state_reason"))
    holder: Mapped[str] = mapped_column(Sealed("licences.holder"))
    values: Mapped[str] = mapped_column(Sealed("licences.values"))
    issuer: Mapped[str]
    issued_on: Mapped[date]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    status_list: Mapped[int | None]
    status_index: Mapped[int | None]
    type: Mapped[LicenceType] = relationship(
        primaryjoin=lambda: foreign(Licence.type_code) == LicenceType.code, viewonly=True
    )
    moves: Mapped[list["LicenceMove"]] = relationship(order_by=lambda: (LicenceMove.at.desc(), LicenceMove.id.desc()))


class LicenceMove(Base):
    """A change of what a licence is worth."""

    __tablename__ = "licence_moves"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    licence_id: Mapped[UUID] = mapped_column(ForeignKey("licences.id"))
    cause: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    reason: Mapped[str] = mapped_column(Sealed("licence_moves.reason"))
    office: Mapped[str]
    case_no: Mapped[str | None]
    at: Mapped[datetime]


class Presentation(Base):
    """A code that was handed out."""

    __tablename__ = "presentations"
    nonce: Mapped[str] = mapped_column(primary_key=True)
    licence_id: Mapped[UUID] = mapped_column(ForeignKey("licences.id"))
    kind: Mapped[str]
    preset: Mapped[str]
    digest: Mapped[str]
    digits_hash: Mapped[str | None]
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("sessions.id"))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    licence: Mapped[Licence] = relationship()
    session: Mapped[Session | None] = relationship()


class Verification(Base):
    """A verification and its verdict."""

    __tablename__ = "verifications"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    licence_id: Mapped[UUID | None] = mapped_column(ForeignKey("licences.id"))
    staff_id: Mapped[UUID | None]
    way: Mapped[str]
    office: Mapped[str]
    duty: Mapped[str | None]
    verdict: Mapped[str]
    reason: Mapped[str]
    shown: Mapped[list[str]]
    idempotency_key: Mapped[str | None]
    code_digest: Mapped[str]
    kind: Mapped[str | None]
    preset: Mapped[str | None]
    nonce: Mapped[str | None]
    at: Mapped[datetime]
    licence: Mapped[Licence | None] = relationship()


class Department(Base):
    """A department of the city."""

    __tablename__ = "departments"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class ItemVersion(Base):
    """A version of an item; its guide is JSON text."""

    __tablename__ = "item_versions"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_code: Mapped[str]
    number: Mapped[int | None]
    state: Mapped[str]
    guide: Mapped[str]
    offered: Mapped[bool]
    effective_on: Mapped[date]
    department: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    department_row: Mapped[Department] = relationship()


class Application(Base):
    """A case."""

    __tablename__ = "applications"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[UUID]
    company_id: Mapped[UUID | None]
    mandate_id: Mapped[UUID | None]
    item_code: Mapped[str]
    item_name: Mapped[str]
    item_version: Mapped[int]
    life_event: Mapped[str | None]
    group_id: Mapped[UUID | None]
    state: Mapped[str]
    form: Mapped[str] = mapped_column(Sealed("applications.form"))
    prefill_away: Mapped[list[str] | None]
    saved_fields: Mapped[int | None]
    saved_materials: Mapped[int | None]
    case_no: Mapped[str | None]
    revision: Mapped[int]
    resubmission_of: Mapped[UUID | None]
    contact: Mapped[str | None] = mapped_column(Sealed("applications.contact"))
    delivery: Mapped[str | None] = mapped_column(Sealed("applications.delivery"))
    result: Mapped[str | None] = mapped_column(Sealed("applications.result"))
    supplement_note: Mapped[str | None] = mapped_column(Sealed("applications.supplement_note"))
    promised_on: Mapped[date | None]
    statutory_on: Mapped[date | None]
    promised_provisional: Mapped[bool]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    timeline: Mapped[list["TimelineEntry"]] = relationship(order_by=lambda: TimelineEntry.id)
    materials: Mapped[list["Material"]] = relationship(order_by=lambda: Material.id)


class TimelineEntry(Base):
    """Something that happened to a case."""

    __tablename__ = "timeline_entries"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id"))
    kind: Mapped[str]
    state: Mapped[str]
    note: Mapped[str | None] = mapped_column(Sealed("timeline_entries.note"))
    mandate_id: Mapped[UUID | None]
    at: Mapped[datetime]


class Material(Base):
    """A file that was handed in."""

    __tablename__ = "materials"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id"))
    material_id: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    pages: Mapped[int]
    sha256: Mapped[str]
    preview_blob_key: Mapped[str | None]
    scan: Mapped[str]
    trust: Mapped[str]
    reused_from: Mapped[UUID | None]
    handed_in_at: Mapped[datetime | None]
