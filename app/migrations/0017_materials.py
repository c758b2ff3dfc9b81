"""Uploads in chunks, pages, previews, scans and trust of materials."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from app.applications.models import Scan, Trust
from app.kit.fields import BlobKeyField
from app.kit.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0016_connectors")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Upload",
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
                        related_name="uploads",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("actor_id", fields.UUIDField(db_index=True)),
                ("material_id", fields.CharField(max_length=64)),
                ("size", fields.IntField()),
                ("sha256", fields.CharField(max_length=64)),
                ("chunk_size", fields.IntField()),
                ("file_id", fields.UUIDField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "uploads",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A file on its way, begun by the citizen ``actor_id``: its size and SHA-256 as announced.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="UploadChunk",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "upload",
                    fields.ForeignKeyField(
                        "jiaban.Upload",
                        source_field="upload_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="chunks",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("number", fields.IntField()),
                ("size", fields.IntField()),
                ("sha256", fields.CharField(max_length=64)),
                ("blob_key", BlobKeyField(max_length=128)),
            ],
            options={
                "table": "upload_chunks",
                "app": "jiaban",
                "unique_together": (("upload", "number"),),
                "pk_attr": "id",
                "table_description": "A chunk that arrived; ``number`` counts from 0. Its blob is doomed from the start, at the upload's end.",
            },
            bases=["Model"],
        ),
        ops.AlterModelOptions(
            name="Material",
            options={
                "table": "materials",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A file of the citizen's; its content is sealed in the blob store under ``blob_key``, a preview under another key.",
            },
        ),
        ops.AddField(
            model_name="Material",
            name="pages",
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name="Material",
            name="preview_blob_key",
            field=BlobKeyField(null=True, max_length=128),
        ),
        ops.AddField(
            model_name="Material",
            name="reused_from",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Material",
            name="scan",
            field=fields.CharEnumField(
                default=Scan.UNSCANNED,
                description="PENDING: pending\nCLEAN: clean\nINFECTED: infected\nUNSCANNED: unscanned",
                db_default="unscanned",
                enum_type=Scan,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Material",
            name="trust",
            field=fields.CharEnumField(
                default=Trust.UPLOADED,
                description="ISSUED: A\nWINDOW_VERIFIED: B\nUPLOADED: C\nPROMISED: D",
                db_default="C",
                enum_type=Trust,
                max_length=1,
            ),
        ),
    ]
