"""Rows of notifications."""

from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields
from tortoise.contrib.postgres.fields import ArrayField

from app.identity.models import Citizen
from app.kit import db
from app.kit.fields import sealed_text
from app.kit.ids import new_id
from app.notifications.rules import Channel, Urgency

_ADD_GRANTS = """
WITH moved AS (
    DELETE FROM subscription_grants WHERE citizen_id = $1 RETURNING template_id, remaining, updated_at, lead, lead_at
)
INSERT INTO subscription_grants (id, citizen_id, template_id, remaining, updated_at, lead, lead_at)
SELECT gen_random_uuid(), $2, template_id, remaining, updated_at, lead, lead_at FROM moved
ON CONFLICT (citizen_id, template_id) DO UPDATE SET remaining = subscription_grants.remaining + excluded.remaining
"""
_MOVE_PREFERENCES = """
UPDATE message_preferences SET citizen_id = $2
WHERE citizen_id = $1 AND NOT EXISTS (SELECT 1 FROM message_preferences WHERE citizen_id = $2)
"""


class MessageState(StrEnum):
    """What became of a message, which stands in the inbox whatever it is.

    WAITING: a channel is still to bring it. DELIVERED: one brought it, or there was none to. READ: the citizen opened
    it. FAILED: no channel brought it. ESCALATED: nor did any bring a legal one, and staff are asked to. UNCERTAIN: it
    was cut off on its way; it may have arrived, and is not repeated.
    """

    WAITING = "waiting"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    ESCALATED = "escalated"
    UNCERTAIN = "uncertain"


class Message(Model):
    """A message in a citizen's inbox. ``key`` makes it the only one about its occasion.

    ``plan`` are the sends that are tried after the one there is, in order, as ``definitions.Plan`` writes them.
    ``channel`` is the one that brought it, ``reason`` why none did.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="messages", db_index=True
    )
    key = fields.CharField(max_length=160, unique=True)
    kind = fields.CharField(max_length=32)
    urgency = fields.CharEnumField(Urgency, max_length=8, default=Urgency.NORMAL, db_default="normal")
    title = fields.CharField(max_length=64)
    text = sealed_text()
    link = fields.CharField(max_length=255, null=True)
    region = fields.CharField(max_length=12, null=True)
    state = fields.CharEnumField(MessageState, max_length=16, default=MessageState.DELIVERED, db_default="delivered")
    channel = fields.CharEnumField(Channel, max_length=16, default=Channel.INBOX, db_default="inbox", null=True)
    reason = fields.CharField(max_length=64, null=True)
    plan = fields.JSONField[list[dict[str, object]]](null=True)
    created_at = fields.DatetimeField(db_index=True)
    read_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "messages"


class SendState(StrEnum):
    """Where a send stands.

    SENT: the channel took it. DELIVERED: and said later that it arrived. UNCERTAIN: cut off before its record; it may
    have arrived and is never repeated. DROPPED: the message was read before.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    DROPPED = "dropped"


class Send(Model):
    """A message on its way through one channel.

    It is sent from ``due_at`` on, and the next channel is tried where that did not succeed until ``give_up_at``.
    ``claimed_until`` is when the claim of the worker that is sending it lapses, unless it is renewed. ``msg_id`` is the
    channel's own name for it, by which it tells later what became of it.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    message: fields.ForeignKeyRelation[Message] = fields.ForeignKeyField(
        "jiaban.Message", related_name="sends", db_index=True
    )
    citizen_id = fields.UUIDField(db_index=True)
    channel = fields.CharEnumField(Channel, max_length=16, default=Channel.MINI_PROGRAM, db_default="mini_program")
    template_id = fields.CharField(max_length=64)
    page = fields.CharField(max_length=255, null=True)
    data = fields.JSONField[dict[str, str]]()
    state = fields.CharEnumField(SendState, max_length=16, default=SendState.WAITING)
    reason = fields.CharField(max_length=64, null=True)
    attempts = fields.IntField(default=0)
    msg_id = fields.CharField(max_length=64, null=True)
    due_at = fields.DatetimeField(null=True)
    give_up_at = fields.DatetimeField(null=True)
    claimed_until = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(db_index=True)
    updated_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "sends"


class SendReport(Model):
    """What a WeChat app said of a message it took, kept until the send with that ``msg_id`` is found.

    ``outcome`` is "success" or the reason why it did not arrive.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    appid = fields.CharField(max_length=32)
    msg_id = fields.CharField(max_length=64)
    outcome = fields.CharField(max_length=64)
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table."""

        table = "send_reports"
        unique_together = (("appid", "msg_id"),)


class SubscriptionGrant(Model):
    """How many one-time sends through a template the citizen has granted and not yet received.

    Of a long-term template, 1 is yes and 0 is no. ``lead`` is by how many grants the phone is ahead of WeChat in
    telling of them (negative: WeChat is), as of ``lead_at``: each is told by both and counts once.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField("jiaban.Citizen", related_name="grants")
    template_id = fields.CharField(max_length=64)
    remaining = fields.IntField()
    lead = fields.IntField(default=0, db_default=0)
    lead_at = fields.DatetimeField(null=True)
    updated_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "subscription_grants"
        unique_together = (("citizen", "template_id"),)

    @classmethod
    async def move(cls, old: UUID, new: UUID) -> None:
        """Add one citizen's grants to another's."""
        await db.execute(_ADD_GRANTS, old, new)


class MessagePreference(Model):
    """What a citizen wants of normal messages; the usual where there is no row.

    ``quiet_from`` and ``quiet_until`` are times of the city's day ("22:00"), None where no hour is quiet.
    """

    citizen_id = fields.UUIDField(primary_key=True)
    muted_groups = ArrayField(element_type="text", default=list)
    muted_channels = ArrayField(element_type="text", default=list)
    quiet_from = fields.CharField(max_length=5, null=True)
    quiet_until = fields.CharField(max_length=5, null=True)
    updated_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "message_preferences"

    @classmethod
    async def move(cls, old: UUID, new: UUID) -> None:
        """Give one citizen's preferences to another who has none."""
        await db.execute(_MOVE_PREFERENCES, old, new)
        await cls.filter(citizen_id=old).using_db(db.connection()).delete()


class StaffTask(Model):
    """Something that staff are asked to do by hand, once per ``key``; closed with a reason.

    It is for who has the duty in the region (None: for the whole city). ``citizen_id`` is whom it is about.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    key = fields.CharField(max_length=160, unique=True)
    kind = fields.CharField(max_length=32)
    duty = fields.CharField(max_length=16)
    region = fields.CharField(max_length=12, null=True)
    citizen_id = fields.UUIDField(null=True, db_index=True)
    title = fields.CharField(max_length=64)
    note = sealed_text()
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True, db_index=True)
    closed_by = fields.CharField(max_length=64, null=True)
    closing = sealed_text(null=True)

    class Meta:
        """Table."""

        table = "staff_tasks"
