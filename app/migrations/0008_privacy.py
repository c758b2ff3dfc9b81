from tortoise import migrations
from tortoise.migrations import operations as ops
from app.consents.models import Act
from app.kit.fields import BlobKeyField
from app.kit.ids import new_id
from app.privacy.models import ExportState
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0007_lookup_hashes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Consent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="consents",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("purpose", fields.CharField(max_length=64)),
                ("version", fields.IntField()),
                (
                    "act",
                    fields.CharEnumField(
                        description="GIVEN: given\nWITHDRAWN: withdrawn", enum_type=Act, max_length=16
                    ),
                ),
                ("session_id", fields.UUIDField(null=True)),
                ("mandate_id", fields.UUIDField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "consents",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A consent that was given or withdrawn. Rows are only ever added; of each purpose the last one counts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DoomedBlob",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("blob_key", BlobKeyField(unique=True, max_length=128)),
                ("due_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "doomed_blobs",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A blob that is deleted once ``due_at`` has come; a citizen's copy of their data until then.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Export",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="exports",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("mandate_id", fields.UUIDField(null=True)),
                (
                    "state",
                    fields.CharEnumField(
                        default=ExportState.COLLECTING,
                        description="COLLECTING: collecting\nREADY: ready",
                        enum_type=ExportState,
                        max_length=16,
                    ),
                ),
                ("attempt", fields.IntField(default=0)),
                ("done", fields.IntField(default=0)),
                ("total", fields.IntField(default=0)),
                ("pieces", fields.IntField(default=0)),
                ("size", fields.BigIntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ready_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "exports",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A copy of all that is held about a citizen: ``done`` of ``total`` entries are in it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RetentionRun",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("day", fields.DateField()),
                ("kind", fields.CharField(max_length=64)),
                ("removed", fields.IntField(default=0)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "retention_runs",
                "app": "jiaban",
                "unique_together": (("day", "kind"),),
                "pk_attr": "id",
                "table_description": "What one night has deleted of one kind of data so far. A day is the city's.",
            },
            bases=["Model"],
        ),
        ops.AlterField(
            model_name="AuditRecord",
            name="actor",
            field=fields.CharField(db_index=True, max_length=128),
        ),
        ops.AddField(
            model_name="Citizen",
            name="deleted_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
