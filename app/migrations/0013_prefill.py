"""Code lists."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0009_versions")]

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
    ]
