"""Imports of licences that were issued elsewhere, and what was wrong with their rows."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from app.kit.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0027_licence_life")]

    initial = False

    operations = [
        ops.CreateModel(
            name="LicenceImport",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("digest", fields.CharField(max_length=64)),
                ("licence_type", fields.CharField(max_length=64)),
                ("actor", fields.CharField(max_length=64)),
                ("rows_done", fields.IntField(default=0)),
                ("added", fields.IntField(default=0)),
                ("followed", fields.IntField(default=0)),
                ("moved", fields.IntField(default=0)),
                ("unchanged", fields.IntField(default=0)),
                ("refused", fields.IntField(default=0)),
                ("begun_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_imports",
                "app": "jiaban",
                "unique_together": (("digest", "licence_type"),),
                "pk_attr": "id",
                "table_description": "A file of licences that is being brought here, or was: it is known by the SHA-256 of its bytes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LicenceImportProblem",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "licence_import",
                    fields.ForeignKeyField(
                        "jiaban.LicenceImport",
                        source_field="licence_import_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="problems",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("sheet", fields.CharField(max_length=64)),
                ("row", fields.IntField()),
                ("column", fields.CharField(max_length=128)),
                ("code", fields.CharField(max_length=64)),
            ],
            options={
                "table": "licence_import_problems",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "What is wrong with a row of an import, without what stands in it; ``row`` is the sheet's own number.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Licence",
            name="import_id",
            field=fields.UUIDField(null=True),
        ),
        ops.RunSQL("CREATE INDEX licences_number ON licences (number)", reverse_sql="DROP INDEX licences_number"),
    ]
