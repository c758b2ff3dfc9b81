"""Code lists, and where the values of a form come from."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from app.kit.fields import SealedJsonField
from json import dumps, loads
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0011_upkeep")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CodeList",
            fields=[
                ("code", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("title", fields.CharField(max_length=64)),
                ("standard", fields.CharField(max_length=64)),
                ("entries", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
            ],
            options={
                "table": "code_lists",
                "app": "jiaban",
                "pk_attr": "code",
                "table_description": "A list of codes that a national ``standard`` gives; ``entries`` are ``{code, name}`` in its order.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Application",
            name="licences_used",
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
        ),
        ops.AddField(
            model_name="Application",
            name="prefill_away",
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
        ),
        ops.AddField(
            model_name="Application",
            name="prefilled",
            field=SealedJsonField(null=True),
        ),
        ops.AddField(
            model_name="Application",
            name="saved_fields",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Application",
            name="saved_materials",
            field=fields.IntField(null=True),
        ),
    ]
