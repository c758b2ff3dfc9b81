"""Rows of verifications, and of what is wrong with one."""

from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields

from app.identity.models import Staff
from app.kit.fields import sealed_text
from app.kit.ids import new_id
from app.licences.models import Licence


class Way(StrEnum):
    """How a verification came here: asked at once, handed in later by a phone without network, or by a system."""

    ONLINE = "online"
    OFFLINE = "offline"
    BATCH = "batch"


class Verification(Model):
    """Somebody asked what a code or a licence is worth: who, where, with what verdict, and which fields they saw.

    Who asked is a member of ``staff`` in a ``duty``, or a relying ``system`` for a ``purpose``; ``office`` is what
    citizens are told of either. ``kind``, ``preset`` and ``nonce`` are those of the code. ``at`` is when it was
    scanned; one that was handed in later has ``handed_in_at``, the ages in seconds of the keys and the status list
    that the phone went by, what it ``said``, and ``clock_wrong`` where its clock cannot have been right. It is
    ``untold`` until the worker has told whose licence it is.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    licence: fields.ForeignKeyNullableRelation[Licence] = fields.ForeignKeyField(
        "jiaban.Licence", related_name="verifications", db_index=True, null=True
    )
    staff: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "jiaban.Staff", related_name="verifications", null=True
    )
    # Tortoise adds these.
    licence_id: UUID | None
    staff_id: UUID | None
    system = fields.CharField(max_length=32, null=True)
    way = fields.CharEnumField(Way, max_length=16, default=Way.ONLINE, db_default="online")
    office = fields.CharField(max_length=128)
    duty = fields.CharField(max_length=16, null=True)
    purpose = fields.CharField(max_length=128, null=True)
    verdict = fields.CharField(max_length=16)
    reason = fields.CharField(max_length=32)
    shown = fields.JSONField[list[str]]()
    idempotency_key = fields.CharField(max_length=192, null=True)
    code_digest = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=16, null=True)
    preset = fields.CharField(max_length=16, null=True)
    nonce = fields.CharField(max_length=32, null=True, db_index=True)
    at = fields.DatetimeField(db_index=True)
    handed_in_at = fields.DatetimeField(null=True)
    keys_age = fields.IntField(null=True)
    status_age = fields.IntField(null=True)
    said = fields.CharField(max_length=32, null=True)
    clock_wrong = fields.BooleanField(default=False, db_default=False)
    untold = fields.BooleanField(default=False, db_default=False)

    class Meta:
        """Table."""

        table = "verifications"
        unique_together = (("staff", "idempotency_key"), ("system", "idempotency_key"))


class ConcernKind(StrEnum):
    """The citizen objects to the verification, or its code was scanned by somebody else too."""

    OBJECTION = "objection"
    DOUBLED = "doubled"


class Concern(Model):
    """Something about a verification that the supervision looks into and answers, once of each kind.

    ``department`` and ``region`` are whose supervision: those of the officer who verified; of a system that did, those
    of the licence.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    verification: fields.ForeignKeyRelation[Verification] = fields.ForeignKeyField(
        "jiaban.Verification", related_name="concerns", db_index=True
    )
    # Tortoise adds it.
    verification_id: UUID
    kind = fields.CharEnumField(ConcernKind, max_length=16)
    department = fields.CharField(max_length=32, db_index=True)
    region = fields.CharField(max_length=12, null=True)
    raised_at = fields.DatetimeField()
    answer = sealed_text(null=True)
    answered_at = fields.DatetimeField(null=True)
    answered_by = fields.UUIDField(null=True)

    class Meta:
        """Table."""

        table = "verification_concerns"
        unique_together = (("verification", "kind"),)
