"""Rows, as far as this service needs their columns; the tables are the product's, but that of deliveries."""

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import DateTime, LargeBinary, TypeDecorator

from app.kit.crypto import keyring
from app.kit.ids import new_id


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

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        """Seal what goes into the database."""
        del dialect
        return None if value is None else keyring().seal(value.encode(), self.place)

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        """Open what came from the database."""
        del dialect
        return None if value is None else keyring().open(value, self.place).decode()


class SealedJson(TypeDecorator[Any]):
    """A value that JSON can write, sealed at rest for its place."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: Any, dialect: Any) -> bytes | None:
        """Seal what goes into the database."""
        del dialect
        return None if value is None else keyring().seal(json.dumps(value, ensure_ascii=False).encode(), self.place)

    def process_result_value(self, value: bytes | None, dialect: Any) -> Any:
        """Open what came from the database."""
        del dialect
        return None if value is None else json.loads(keyring().open(value, self.place))


class Citizen(Base):
    """A citizen."""

    __tablename__ = "citizens"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Sealed("citizens.name"))
    id_number: Mapped[str | None] = mapped_column(Sealed("citizens.id_number"))
    phone: Mapped[str | None] = mapped_column(Sealed("citizens.phone"))
    joined_into: Mapped[UUID | None]
    deleted_at: Mapped[datetime | None]


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
    guide: Mapped[str]
    department: Mapped[str] = mapped_column(ForeignKey("departments.code"))
    department_row: Mapped[Department] = relationship()


class Application(Base):
    """A case."""

    __tablename__ = "applications"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    citizen_id: Mapped[UUID] = mapped_column(ForeignKey("citizens.id"))
    mandate_id: Mapped[UUID | None]
    item_code: Mapped[str]
    item_name: Mapped[str]
    item_version: Mapped[int]
    state: Mapped[str]
    form: Mapped[Any] = mapped_column(SealedJson("applications.form"))
    case_no: Mapped[str | None]
    contact: Mapped[Any] = mapped_column(SealedJson("applications.contact"))
    delivery: Mapped[Any] = mapped_column(SealedJson("applications.delivery"))
    last_sequence: Mapped[int]
    promised_on: Mapped[date | None]
    statutory_on: Mapped[date | None]
    promised_provisional: Mapped[bool]
    submitted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    citizen: Mapped[Citizen] = relationship()
    timeline: Mapped[list["TimelineEntry"]] = relationship(order_by=lambda: TimelineEntry.id)
    materials: Mapped[list["Material"]] = relationship(order_by=lambda: Material.id)


class TimelineEntry(Base):
    """Something that happened to a case."""

    __tablename__ = "timeline_entries"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id"))
    kind: Mapped[str]
    state: Mapped[str]
    note: Mapped[str | None] = mapped_column(Sealed("timeline_entries.note"))
    at: Mapped[datetime]


class Material(Base):
    """A file that was handed in."""

    __tablename__ = "materials"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id"))
    supplement_id: Mapped[UUID | None]
    material_id: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    pages: Mapped[int]
    sha256: Mapped[str]
    scan: Mapped[str]
    trust: Mapped[str]
    handed_in_at: Mapped[datetime | None]


class Delivery(Base):
    """A case on its way to the approval system."""

    __tablename__ = "peer_deliveries"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_no: Mapped[str]
    kind: Mapped[str]
    reference: Mapped[str] = mapped_column(default="")
    state: Mapped[str]
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class InboxEvent(Base):
    """An event of the approval system."""

    __tablename__ = "inbox_events"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    event_id: Mapped[str]
    case_no: Mapped[str]
    sequence: Mapped[int]
    kind: Mapped[str]
    occurred_at: Mapped[datetime]
    data: Mapped[Any] = mapped_column(SealedJson("inbox_events.data"))
    received_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    moved: Mapped[bool | None]


class AuditRecord(Base):
    """A record of the audit."""

    __tablename__ = "audit_records"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    chain: Mapped[str]
    position: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    details: Mapped[dict[str, Any]]
    previous: Mapped[bytes]
    digest: Mapped[bytes]
    algorithm: Mapped[str]
    salt: Mapped[bytes | None]


class Mandate(Base):
    """Leave to act for somebody."""

    __tablename__ = "mandates"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    principal_id: Mapped[UUID | None]
    delegate_id: Mapped[UUID | None]
    state: Mapped[str]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class MessagePreference(Base):
    """What a citizen wants of messages."""

    __tablename__ = "message_preferences"
    citizen_id: Mapped[UUID] = mapped_column(primary_key=True)
    muted_groups: Mapped[list[str]] = mapped_column(ARRAY(String))


class Message(Base):
    """A message in a citizen's inbox."""

    __tablename__ = "messages"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    citizen_id: Mapped[UUID]
    key: Mapped[str]
    kind: Mapped[str]
    urgency: Mapped[str]
    title: Mapped[str]
    text: Mapped[str] = mapped_column(Sealed("messages.text"))
    link: Mapped[str | None]
    region: Mapped[str | None]
    state: Mapped[str]
    channel: Mapped[str | None]
    plan: Mapped[list[str]]
    created_at: Mapped[datetime]
