"""When deliveries are tried, who has them, the state of each connector, and what staff had tried anew."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from app.approvals.models import Breaker, DeliveryKind
from app.kit.fields import SealedField
from app.kit.ids import new_id
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0018_reviews")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Channel",
            fields=[
                ("connector", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                (
                    "breaker",
                    fields.CharEnumField(
                        default=Breaker.CLOSED,
                        description="CLOSED: closed\nOPEN: open\nHALF_OPEN: half_open",
                        enum_type=Breaker,
                        max_length=16,
                    ),
                ),
                ("failures", fields.IntField(default=0)),
                ("probe_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("next_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "channels",
                "app": "jiaban",
                "pk_attr": "connector",
                "table_description": "What all workers know of a connector: its breaker, and the moment from which the next delivery may begin.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Redrive",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("case_no", fields.CharField(db_index=True, max_length=43)),
                ("subject_id", fields.UUIDField()),
                ("attempt", fields.IntField()),
                ("staff_id", fields.UUIDField()),
                ("reason", SealedField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "redrives",
                "app": "jiaban",
                "unique_together": (("subject_id", "attempt"),),
                "pk_attr": "id",
                "table_description": "That a member of staff had something tried anew, and why: a delivery, or an event that waits behind a gap.",
            },
            bases=["Model"],
        ),
        ops.AlterModelOptions(
            name="Delivery",
            options={
                "table": "deliveries",
                "app": "jiaban",
                "unique_together": (("case_no", "kind", "reference"),),
                "pk_attr": "id",
                "table_description": "Something on its way to the approval system. ``reference`` is the id of the supplement or notice, or empty.",
            },
        ),
        ops.AlterField(
            model_name="Delivery",
            name="kind",
            field=fields.CharEnumField(
                description="CASE: case\nSUPPLEMENT: supplement\nNOTICE: notice\nWITHDRAWAL: withdrawal",
                enum_type=DeliveryKind,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Delivery",
            name="asked_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Delivery",
            name="claimed_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Delivery",
            name="due_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        # A claim reads from its beginning: those that are done, nearly all, are not in the way.
        ops.RunSQL(
            "CREATE INDEX deliveries_open ON deliveries (connector, id) WHERE state IN ('waiting', 'sending')",
            reverse_sql="DROP INDEX deliveries_open",
        ),
    ]
