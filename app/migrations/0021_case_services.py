"""Drafts with a revision, how a result is to come, and what applicants tell the office."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from app.applications.models import NoticeKind
from app.kit.fields import SealedJsonField
from app.kit.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0020_overtaken")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Notice",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "application",
                    fields.ForeignKeyField(
                        "jiaban.Application",
                        source_field="application_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="notices",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="HURRY: hurry\nCONTACT: contact", enum_type=NoticeKind, max_length=16
                    ),
                ),
                ("content", SealedJsonField()),
                ("mandate_id", fields.UUIDField(null=True)),
                ("idempotency_key", fields.CharField(null=True, max_length=128)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "notices",
                "app": "jiaban",
                "unique_together": (("application", "idempotency_key"),),
                "pk_attr": "id",
                "table_description": "Something the applicant tells the office about a case; ``content`` is what the approval system gets of it.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Application",
            name="contact",
            field=SealedJsonField(null=True),
        ),
        ops.AddField(
            model_name="Application",
            name="delivery",
            field=SealedJsonField(null=True),
        ),
        ops.AddField(
            model_name="Application",
            name="resubmission_of",
            field=fields.UUIDField(null=True, db_index=True),
        ),
        ops.AddField(
            model_name="Application",
            name="result",
            field=SealedJsonField(null=True),
        ),
        ops.AddField(
            model_name="Application",
            name="revision",
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name="Application",
            name="warned_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(
            "CREATE INDEX applications_drafts ON applications (id) WHERE state = 'draft'",
            reverse_sql="DROP INDEX applications_drafts",
        ),
    ]
