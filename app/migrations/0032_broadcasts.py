"""Broadcasts: who prepared and approved them, their slices, their recipients."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from app.broadcasts.models import BroadcastState, RecipientState
from app.kit.ids import new_id
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields

# The second person is guarded here too, whatever a statement forgets.
_TWO = """
ALTER TABLE broadcasts ADD CONSTRAINT broadcasts_two_people CHECK (
    state IN ('prepared', 'stopped') AND reviewer_id IS NULL OR reviewer_id IS NOT NULL AND reviewer_id <> author_id
)
"""
_LEFT = "CREATE INDEX broadcast_slices_left ON broadcast_slices (broadcast_id, id) WHERE NOT done"
_LEASED = "CREATE INDEX broadcast_slices_leased ON broadcast_slices (leased_until) WHERE leased_until IS NOT NULL"
_MESSAGES = "CREATE INDEX broadcast_recipients_msg_id ON broadcast_recipients (msg_id) WHERE msg_id IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0031_channels")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Broadcast",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=32)),
                ("data", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("link", fields.CharField(null=True, max_length=255)),
                ("region", fields.CharField(null=True, max_length=12)),
                ("tag", fields.IntField(null=True)),
                ("department", fields.CharField(max_length=32)),
                (
                    "state",
                    fields.CharEnumField(
                        default=BroadcastState.PREPARED,
                        description="PREPARED: prepared\nREJECTED: rejected\nSENDING: sending\nPAUSED: paused\nSTOPPED: stopped\nDONE: done",
                        enum_type=BroadcastState,
                        max_length=16,
                    ),
                ),
                ("reason", fields.CharField(null=True, max_length=200)),
                ("urgent", fields.BooleanField(default=False)),
                ("author_id", fields.UUIDField()),
                ("reviewer_id", fields.UUIDField(null=True)),
                ("selected_after", fields.UUIDField(null=True)),
                ("selected_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("slices", fields.IntField(default=0)),
                ("waits_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("failures", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("approved_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "broadcasts",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A notice to many followers of the official account.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BroadcastDay",
            fields=[
                ("day", fields.DateField(primary_key=True, unique=True, db_index=True)),
                ("opened", fields.IntField()),
            ],
            options={
                "table": "broadcast_days",
                "app": "jiaban",
                "pk_attr": "day",
                "table_description": "How many sends broadcasts have opened on a day of the city: the rest of WeChat's quota is for single messages.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BroadcastRecipient",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("slice_id", fields.BigIntField(db_index=True)),
                ("follower_id", fields.UUIDField(null=True, db_index=True)),
                (
                    "state",
                    fields.CharEnumField(
                        description="WAITING: waiting\nOPEN: open\nDELIVERED: delivered\nFAILED: failed\nUNCERTAIN: uncertain\nSKIPPED: skipped",
                        enum_type=RecipientState,
                        max_length=16,
                    ),
                ),
                ("reason", fields.CharField(null=True, max_length=64)),
                ("msg_id", fields.CharField(null=True, max_length=32)),
                ("arrived", fields.BooleanField(default=False, db_default=False)),
                ("attempts", fields.SmallIntField(default=0, db_default=0)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "broadcast_recipients",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "One follower whom a broadcast is for. ``msg_id`` is WeChat's, ``arrived`` that WeChat said it came to the phone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BroadcastSlice",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "broadcast",
                    fields.ForeignKeyField(
                        "jiaban.Broadcast",
                        source_field="broadcast_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="parts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("number", fields.IntField()),
                ("total", fields.IntField()),
                ("open", fields.IntField(default=0, db_default=0)),
                ("delivered", fields.IntField(default=0, db_default=0)),
                ("arrived", fields.IntField(default=0, db_default=0)),
                ("failed", fields.IntField(default=0, db_default=0)),
                ("uncertain", fields.IntField(default=0, db_default=0)),
                ("skipped", fields.IntField(default=0, db_default=0)),
                ("done", fields.BooleanField(default=False, db_default=False)),
                ("attempt", fields.IntField(default=0, db_default=0)),
                ("leased_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "broadcast_slices",
                "app": "jiaban",
                "unique_together": (("broadcast", "number"),),
                "pk_attr": "id",
                "table_description": "Some hundred recipients of a broadcast, sent to by one worker at a time.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_TWO, reverse_sql="ALTER TABLE broadcasts DROP CONSTRAINT broadcasts_two_people"),
        ops.RunSQL(_LEFT, reverse_sql="DROP INDEX broadcast_slices_left"),
        ops.RunSQL(_LEASED, reverse_sql="DROP INDEX broadcast_slices_leased"),
        ops.RunSQL(_MESSAGES, reverse_sql="DROP INDEX broadcast_recipients_msg_id"),
    ]
