"""Rows of applications. What the citizen wrote and what officials answered is sealed."""

from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields

from app.identity.models import Citizen
from app.kit import db
from app.kit.fields import sealed_blob_key, sealed_json, sealed_text
from app.kit.ids import new_id
from app.mandates.models import Company

_FREE_KEYS = """
UPDATE applications SET idempotency_key = NULL
WHERE citizen_id = $1 AND idempotency_key IN (SELECT idempotency_key FROM applications WHERE citizen_id = $2)
"""


class State(StrEnum):
    """Where a case stands. The table of moves is in ``rules.py``."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    PRE_REVIEW = "pre_review"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    SUPPLEMENTED = "supplemented"
    UNDER_REVIEW = "under_review"
    SPECIAL_PROCEDURE = "special_procedure"
    APPROVED = "approved"
    REFUSED = "refused"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Scan(StrEnum):
    """What the virus scanner said of a file: ``unscanned`` where there is none, ``lost`` where no file is left."""

    PENDING = "pending"
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNED = "unscanned"
    LOST = "lost"


class Trust(StrEnum):
    """How far a material is to be trusted: the classes of evidence of 国办函〔2016〕108号."""

    ISSUED = "A"
    WINDOW_VERIFIED = "B"
    UPLOADED = "C"
    PROMISED = "D"


class NoticeKind(StrEnum):
    """What the applicant tells the office about a case without moving it."""

    HURRY = "hurry"
    CONTACT = "contact"


class Application(Model):
    """A case. ``case_no`` is given at submission; ``last_sequence`` is the last event applied to it.

    A person's case has the person as ``citizen`` and no ``company``; a company's has the company, and as ``citizen``
    whoever began it. ``mandate_id`` is set where it was begun by a proxy or an agent. ``item_version`` is the
    version of the item that it was begun under and keeps. ``answers`` are those to the item's guided questions (what a
    family is like may stand in them), ``variant`` is where they led.

    ``prefilled`` names the source of each field that still holds what it was filled with, ``prefill_away`` the sources
    that did not answer. From the submission on ``licences_used`` says by material which licence stood for it, and
    ``saved_fields`` and ``saved_materials`` count what the applicant had neither to type nor to hand in. Applications
    for one ``life_event`` that were begun together share a ``group_id``.

    ``revision`` counts a draft's changes, so that nobody writes over what they have not seen; ``warned_at`` is when it
    was last warned of lapsing. ``resubmission_of`` is the ended case that it was begun anew from.

    ``contact`` holds the ``phone`` and ``address`` for this case, ``delivery`` how its result is to come, ``result``
    where the result is, as ``delivery.py`` says; None where nothing was said.

    ``promised_on`` and ``statutory_on`` are the days by which it is to be decided, None while its clock stands still.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="applications", db_index=True
    )
    company: fields.ForeignKeyNullableRelation[Company] = fields.ForeignKeyField(
        "jiaban.Company", related_name="applications", db_index=True, null=True
    )
    mandate_id = fields.UUIDField(null=True)
    item_code = fields.CharField(max_length=31)
    item_name = fields.CharField(max_length=255)
    item_version = fields.IntField(default=1, db_default=1)
    answers = sealed_json(null=True)
    variant = fields.CharField(max_length=64, null=True)
    life_event = fields.CharField(max_length=64, null=True)
    group_id = fields.UUIDField(null=True, db_index=True)
    state = fields.CharEnumField(State, max_length=32, default=State.DRAFT)
    form = sealed_json()
    prefilled = sealed_json(null=True)
    prefill_away: list[str] | None = fields.JSONField(null=True)
    licences_used: dict[str, str] | None = fields.JSONField(null=True)
    saved_fields = fields.IntField(null=True)
    saved_materials = fields.IntField(null=True)
    case_no = fields.CharField(max_length=43, null=True, unique=True)
    revision = fields.IntField(default=1, db_default=1)
    warned_at = fields.DatetimeField(null=True)
    resubmission_of: UUID | None = fields.UUIDField(null=True, db_index=True)
    contact = sealed_json(null=True)
    delivery = sealed_json(null=True)
    result = sealed_json(null=True)
    idempotency_key = fields.CharField(max_length=128, null=True)
    supplement_note = sealed_text(null=True)
    last_sequence = fields.IntField(default=0)
    promised_on = fields.DateField(null=True)
    statutory_on = fields.DateField(null=True)
    promised_provisional = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    submitted_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "applications"
        unique_together = (("citizen", "idempotency_key"),)

    @classmethod
    async def move(cls, old: UUID, new: UUID) -> None:
        """Make one citizen's cases another's; a key that both used no longer repeats the moved one."""
        await db.execute(_FREE_KEYS, old, new)
        await db.execute("UPDATE applications SET citizen_id = $2 WHERE citizen_id = $1", old, new)

    @classmethod
    async def move_in_name(cls, old: UUID, new: UUID) -> None:
        """Make the cases in one citizen's own name another's; a company's stay."""
        await db.execute(_FREE_KEYS, old, new)
        await db.execute(
            "UPDATE applications SET citizen_id = $2 WHERE citizen_id = $1 AND company_id IS NULL", old, new
        )


class TimelineEntry(Model):
    """Something that happened to a case, as the citizen sees it; ``mandate_id`` where a proxy or an agent did it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    application: fields.ForeignKeyRelation[Application] = fields.ForeignKeyField(
        "jiaban.Application", related_name="timeline", db_index=True
    )
    kind = fields.CharField(max_length=32)
    state = fields.CharEnumField(State, max_length=32)
    note = sealed_text(null=True)
    mandate_id = fields.UUIDField(null=True)
    at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "timeline_entries"


class Material(Model):
    """A file of the citizen's; its content is sealed in the blob store under ``blob_key``, a preview under another key.

    ``width`` and ``height`` are pixels of a photograph, points of a PDF's first page. ``handed_in_at`` is set when it
    goes to the approval system, with the submission or with a supplement. Nothing lies under the keys of an infected
    file. ``reused_from`` is the file of an earlier case that it is a copy of.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    application: fields.ForeignKeyRelation[Application] = fields.ForeignKeyField(
        "jiaban.Application", related_name="materials", db_index=True
    )
    material_id = fields.CharField(max_length=64)
    content_type = fields.CharField(max_length=64)
    size = fields.IntField()
    width = fields.IntField()
    height = fields.IntField()
    pages = fields.IntField(default=1, db_default=1)
    sha256 = fields.CharField(max_length=64)
    blob_key = sealed_blob_key()
    preview_blob_key = sealed_blob_key(null=True)
    scan = fields.CharEnumField(Scan, max_length=16, default=Scan.UNSCANNED, db_default=Scan.UNSCANNED.value)
    trust = fields.CharEnumField(Trust, max_length=1, default=Trust.UPLOADED, db_default=Trust.UPLOADED.value)
    reused_from = fields.UUIDField(null=True)
    handed_in_at = fields.DatetimeField(null=True)
    supplement_id = fields.UUIDField(null=True, db_index=True)
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "materials"


class Supplement(Model):
    """What the citizen handed in after being asked for more."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    application: fields.ForeignKeyRelation[Application] = fields.ForeignKeyField(
        "jiaban.Application", related_name="supplements", db_index=True
    )
    note = sealed_text()
    form = sealed_json()
    idempotency_key = fields.CharField(max_length=128, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "supplements"
        unique_together = (("application", "idempotency_key"),)


class Notice(Model):
    """Something the applicant tells the office about a case; ``content`` is what the approval system gets of it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    application: fields.ForeignKeyRelation[Application] = fields.ForeignKeyField(
        "jiaban.Application", related_name="notices", db_index=True
    )
    kind = fields.CharEnumField(NoticeKind, max_length=16)
    content = sealed_json()
    mandate_id = fields.UUIDField(null=True)
    idempotency_key = fields.CharField(max_length=128, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "notices"
        unique_together = (("application", "idempotency_key"),)


class CaseCounter(Model):
    """The last case number given for an item on a day."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    item_code = fields.CharField(max_length=31)
    day = fields.DateField()
    last_number = fields.IntField()

    class Meta:
        """Table."""

        table = "case_counters"
        unique_together = (("item_code", "day"),)
