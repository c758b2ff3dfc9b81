"""Rows of notifications."""

from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields

from app.identity.models import Citizen
from app.kit import db
from app.kit.fields import sealed_text
from app.kit.ids import new_id

_ADD_GRANTS = """
WITH moved AS (DELETE FROM subscription_grants WHERE citizen_id = $1 RETURNING template_id, remaining, updated_at)
INSERT INTO subscription_grants (id, citizen_id, template_id, remaining, updated_at)
SELECT gen_random_uuid(), $2, template_id, remaining, updated_at FROM moved
ON CONFLICT (citizen_id, template_id) DO UPDATE SET remaining = subscription_grants.remaining + excluded.remaining
"""


class Message(Model):
    """A message in a citizen's inbox. ``key`` makes it the only one about its occasion."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="messages", db_index=True
    )
    key = fields.CharField(max_length=160, unique=True)
    kind = fields.CharField(max_length=32)
    title = fields.CharField(max_length=64)
    text = sealed_text()
    link = fields.CharField(max_length=255, null=True)
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "messages"


class SendState(StrEnum):
    """Where a send stands. UNCERTAIN: cut off before its record; it may have arrived and is never repeated."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class Send(Model):
    """A message on its way through one WeChat template."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    message: fields.ForeignKeyRelation[Message] = fields.ForeignKeyField(
        "jiaban.Message", related_name="sends", db_index=True
    )
    citizen_id = fields.UUIDField(db_index=True)
    template_id = fields.CharField(max_length=64)
    page = fields.CharField(max_length=255, null=True)
    data = fields.JSONField[dict[str, str]]()
    state = fields.CharEnumField(SendState, max_length=16, default=SendState.WAITING)
    reason = fields.CharField(max_length=64, null=True)
    attempts = fields.IntField(default=0)
    created_at = fields.DatetimeField(db_index=True)
    updated_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "sends"


class SubscriptionGrant(Model):
    """How many one-time sends through a template the citizen has granted and not yet received."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField("jiaban.Citizen", related_name="grants")
    template_id = fields.CharField(max_length=64)
    remaining = fields.IntField()
    updated_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "subscription_grants"
        unique_together = (("citizen", "template_id"),)

    @classmethod
    async def move(cls, old: UUID, new: UUID) -> None:
        """Add one citizen's grants to another's."""
        await db.execute(_ADD_GRANTS, old, new)
