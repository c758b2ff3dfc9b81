"""What becomes of a message, by channel after channel; tasks of staff, preferences, and what WeChat says of a send."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from app.kit.fields import SealedField
from app.kit.ids import new_id
from app.notifications.models import MessageState, SendState
from app.notifications.rules import Channel, Urgency
from json import dumps, loads
from tortoise.contrib.postgres.fields import ArrayField
from uuid import uuid4
from tortoise import fields

_INDEXES = {
    "sends_due": "sends ((COALESCE(due_at, created_at))) WHERE state = 'waiting'",
    "sends_claimed": "sends (claimed_until) WHERE state = 'sending'",
    "sends_named": "sends (msg_id) WHERE msg_id IS NOT NULL",
    "messages_unread": "messages (citizen_id) WHERE read_at IS NULL",
    "messages_waiting": "messages (created_at) WHERE state = 'waiting'",
    "staff_tasks_open": "staff_tasks (duty, id) WHERE closed_at IS NULL",
}
# What stood in the inbox before it could be read counts as seen.
_STATES = """
UPDATE messages SET
    read_at = now(),
    reason = sends.reason,
    channel = CASE WHEN sends.state IS NULL THEN 'inbox' WHEN sends.state = 'sent' THEN 'mini_program' END,
    state = CASE sends.state
        WHEN 'failed' THEN 'failed' WHEN 'uncertain' THEN 'uncertain'
        WHEN 'waiting' THEN 'waiting' WHEN 'sending' THEN 'waiting'
        ELSE 'delivered'
    END
FROM messages AS this LEFT JOIN sends ON sends.message_id = this.id WHERE this.id = messages.id
"""


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0030_followers")]

    initial = False

    operations = [
        ops.CreateModel(
            name="MessagePreference",
            fields=[
                ("citizen_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("muted_groups", ArrayField(default=list, element_type="TEXT")),
                ("muted_channels", ArrayField(default=list, element_type="TEXT")),
                ("quiet_from", fields.CharField(null=True, max_length=5)),
                ("quiet_until", fields.CharField(null=True, max_length=5)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "message_preferences",
                "app": "jiaban",
                "pk_attr": "citizen_id",
                "table_description": "What a citizen wants of normal messages; the usual where there is no row.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SendReport",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("appid", fields.CharField(max_length=32)),
                ("msg_id", fields.CharField(max_length=64)),
                ("outcome", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "send_reports",
                "app": "jiaban",
                "unique_together": (("appid", "msg_id"),),
                "pk_attr": "id",
                "table_description": "What a WeChat app said of a message it took, kept until the send with that ``msg_id`` is found.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StaffTask",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("key", fields.CharField(unique=True, max_length=160)),
                ("kind", fields.CharField(max_length=32)),
                ("duty", fields.CharField(max_length=16)),
                ("region", fields.CharField(null=True, max_length=12)),
                ("citizen_id", fields.UUIDField(null=True, db_index=True)),
                ("title", fields.CharField(max_length=64)),
                ("note", SealedField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, db_index=True, auto_now=False, auto_now_add=False)),
                ("closed_by", fields.CharField(null=True, max_length=64)),
                ("closing", SealedField(null=True)),
            ],
            options={
                "table": "staff_tasks",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "Something that staff are asked to do by hand, once per ``key``; closed with a reason.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Message",
            name="channel",
            field=fields.CharEnumField(
                null=True,
                default=Channel.INBOX,
                description="MINI_PROGRAM: mini_program\nOFFICIAL_ACCOUNT: official_account\nSMS: sms\nINBOX: inbox",
                db_default="inbox",
                enum_type=Channel,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Message",
            name="plan",
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
        ),
        ops.AddField(
            model_name="Message",
            name="read_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Message",
            name="reason",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="Message",
            name="region",
            field=fields.CharField(null=True, max_length=12),
        ),
        ops.AddField(
            model_name="Message",
            name="state",
            field=fields.CharEnumField(
                default=MessageState.DELIVERED,
                description="WAITING: waiting\nDELIVERED: delivered\nREAD: read\nFAILED: failed\nESCALATED: escalated\nUNCERTAIN: uncertain",
                db_default="delivered",
                enum_type=MessageState,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Message",
            name="urgency",
            field=fields.CharEnumField(
                default=Urgency.NORMAL,
                description="NORMAL: normal\nLEGAL: legal",
                db_default="normal",
                enum_type=Urgency,
                max_length=8,
            ),
        ),
        ops.AlterModelOptions(
            name="Send",
            options={
                "table": "sends",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A message on its way through one channel.",
            },
        ),
        ops.AlterField(
            model_name="Send",
            name="state",
            field=fields.CharEnumField(
                default=SendState.WAITING,
                description="WAITING: waiting\nSENDING: sending\nSENT: sent\nDELIVERED: delivered\nFAILED: failed\nUNCERTAIN: uncertain\nDROPPED: dropped",
                enum_type=SendState,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Send",
            name="channel",
            field=fields.CharEnumField(
                default=Channel.MINI_PROGRAM,
                description="MINI_PROGRAM: mini_program\nOFFICIAL_ACCOUNT: official_account\nSMS: sms\nINBOX: inbox",
                db_default="mini_program",
                enum_type=Channel,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Send",
            name="claimed_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Send",
            name="due_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Send",
            name="give_up_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Send",
            name="msg_id",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="SubscriptionGrant",
            name="lead",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="SubscriptionGrant",
            name="lead_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(
            [_STATES, *(f"CREATE INDEX {name} ON {of}" for name, of in _INDEXES.items())],
            reverse_sql=[f"DROP INDEX {name}" for name in _INDEXES],
        ),
    ]
