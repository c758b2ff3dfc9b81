from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from app.kit.ids import new_id
from app.mandates.models import MandateKind, MandateState
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0003_sessions")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Company",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("uscc", fields.CharField(unique=True, max_length=18)),
                ("name", fields.CharField(max_length=255)),
                ("checked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "companies",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A company or other body, known by its unified social credit code. Its name is public.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Mandate",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="PROXY: proxy\nGUARDIAN: guardian\nAGENT: agent\nREPRESENTATIVE: representative",
                        enum_type=MandateKind,
                        max_length=16,
                    ),
                ),
                (
                    "principal",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="principal_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="mandates_given",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "company",
                    fields.ForeignKeyField(
                        "jiaban.Company",
                        source_field="company_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="mandates",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "delegate",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="delegate_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="mandates_held",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("matters", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                (
                    "state",
                    fields.CharEnumField(
                        description="OFFERED: offered\nACTIVE: active\nENDED: ended",
                        enum_type=MandateState,
                        max_length=16,
                    ),
                ),
                ("invitation", fields.CharField(null=True, unique=True, max_length=64)),
                ("invitation_ends_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("confirmed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "mandates",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "Leave for one citizen, the delegate, to act for another citizen or for a company.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Application",
            name="company",
            field=fields.ForeignKeyField(
                "jiaban.Company",
                source_field="company_id",
                null=True,
                db_index=True,
                db_constraint=True,
                to_field="id",
                related_name="applications",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AddField(
            model_name="Application",
            name="mandate_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AlterField(
            model_name="AuditRecord",
            name="actor",
            field=fields.CharField(max_length=128),
        ),
        ops.AddField(
            model_name="Citizen",
            name="ward",
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name="Licence",
            name="company",
            field=fields.ForeignKeyField(
                "jiaban.Company",
                source_field="company_id",
                null=True,
                db_index=True,
                db_constraint=True,
                to_field="id",
                related_name="licences",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AddField(
            model_name="Presentation",
            name="mandate_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AlterModelOptions(
            name="TimelineEntry",
            options={
                "table": "timeline_entries",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "Something that happened to a case, as the citizen sees it; ``mandate_id`` where a proxy or an agent did it.",
            },
        ),
        ops.AddField(
            model_name="TimelineEntry",
            name="mandate_id",
            field=fields.UUIDField(null=True),
        ),
    ]
