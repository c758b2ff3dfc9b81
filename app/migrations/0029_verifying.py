"""Verifications by systems and by phones without network, what is wrong with one, and requests for more fields."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from app.kit.fields import SealedField
from app.kit.ids import new_id
from app.licences.verifying.models import Way
from app.licences.requests.models import Answer
from app.licences.verifying.models import ConcernKind
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

# What the AddField of the ORM makes no index for.
_INDEX = "CREATE INDEX verifications_nonce ON verifications (nonce)"


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0028_licence_imports")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Concern",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "verification",
                    fields.ForeignKeyField(
                        "jiaban.Verification",
                        source_field="verification_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="concerns",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="OBJECTION: objection\nDOUBLED: doubled", enum_type=ConcernKind, max_length=16
                    ),
                ),
                ("department", fields.CharField(db_index=True, max_length=32)),
                ("region", fields.CharField(null=True, max_length=12)),
                ("raised_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answer", SealedField(null=True)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answered_by", fields.UUIDField(null=True)),
            ],
            options={
                "table": "verification_concerns",
                "app": "jiaban",
                "unique_together": (("verification", "kind"),),
                "pk_attr": "id",
                "table_description": "Something about a verification that the supervision looks into and answers, once of each kind.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FieldRequest",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "verification",
                    fields.ForeignKeyField(
                        "jiaban.Verification",
                        source_field="verification_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="field_requests",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("wanted", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("purpose", SealedField()),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                (
                    "answer",
                    fields.CharEnumField(
                        null=True, description="ALLOWED: allowed\nREFUSED: refused", enum_type=Answer, max_length=16
                    ),
                ),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answered_by", fields.UUIDField(null=True)),
                ("readable_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("read_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("read_key", fields.CharField(null=True, max_length=128)),
            ],
            options={
                "table": "field_requests",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "After a verification its officer asked for more fields of the licence, ``wanted``, for a ``purpose``.",
            },
            bases=["Model"],
        ),
        ops.AddIndex(
            model_name="Licence",
            index=Index(fields=["type_code", "number"]),
        ),
        ops.AlterModelOptions(
            name="Verification",
            options={
                "table": "verifications",
                "app": "jiaban",
                "unique_together": (("staff", "idempotency_key"), ("system", "idempotency_key")),
                "pk_attr": "id",
                "table_description": "Somebody asked what a code or a licence is worth: who, where, with what verdict, and which fields they saw.",
            },
        ),
        ops.AlterField(
            model_name="Verification",
            name="idempotency_key",
            field=fields.CharField(null=True, max_length=192),
        ),
        ops.AlterField(
            model_name="Verification",
            name="staff",
            field=fields.ForeignKeyField(
                "jiaban.Staff",
                source_field="staff_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="verifications",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AddField(
            model_name="Verification",
            name="clock_wrong",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="Verification",
            name="duty",
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name="Verification",
            name="handed_in_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Verification",
            name="keys_age",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Verification",
            name="kind",
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name="Verification",
            name="nonce",
            field=fields.CharField(null=True, db_index=True, max_length=32),
        ),
        ops.AddField(
            model_name="Verification",
            name="preset",
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name="Verification",
            name="purpose",
            field=fields.CharField(null=True, max_length=128),
        ),
        ops.AddField(
            model_name="Verification",
            name="said",
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AddField(
            model_name="Verification",
            name="status_age",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Verification",
            name="system",
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AddField(
            model_name="Verification",
            name="way",
            field=fields.CharEnumField(
                default=Way.ONLINE,
                description="ONLINE: online\nOFFLINE: offline\nBATCH: batch",
                db_default="online",
                enum_type=Way,
                max_length=16,
            ),
        ),
        ops.AddConstraint(
            model_name="Verification",
            constraint=UniqueConstraint(fields=("system", "idempotency_key"), name=None),
        ),
        ops.RunSQL(_INDEX, reverse_sql="DROP INDEX verifications_nonce"),
    ]
