"""Rows of requests for more fields."""

from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields

from app.kit.fields import sealed_text
from app.kit.ids import new_id
from app.licences.verifying.models import Verification


class Answer(StrEnum):
    """What the citizen says to a request."""

    ALLOWED = "allowed"
    REFUSED = "refused"


class FieldRequest(Model):
    """After a verification its officer asked for more fields of the licence, ``wanted``, for a ``purpose``.

    ``answered_by`` is the citizen who said yes or no before ``expires_at``. What was allowed is read once, before
    ``readable_until``; ``read_key`` lets whoever lost the reply have it again.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    verification: fields.ForeignKeyRelation[Verification] = fields.ForeignKeyField(
        "jiaban.Verification", related_name="field_requests", db_index=True
    )
    # Tortoise adds it.
    verification_id: UUID
    wanted = fields.JSONField[list[str]]()
    purpose = sealed_text()
    asked_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    answer: Answer | None = fields.CharEnumField(Answer, max_length=16, null=True)  # type: ignore[assignment]  # the ORM types no empty enum
    answered_at = fields.DatetimeField(null=True)
    answered_by = fields.UUIDField(null=True)
    readable_until = fields.DatetimeField(null=True)
    read_at = fields.DatetimeField(null=True)
    read_key = fields.CharField(max_length=128, null=True)

    class Meta:
        """Table."""

        table = "field_requests"
