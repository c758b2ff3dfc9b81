"""Names and keywords as people search them, however wide they become."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0013_states")]

    initial = False

    operations = [
        ops.AlterField(
            model_name="Phrase",
            name="plain",
            field=fields.TextField(unique=False),
        ),
        ops.AlterField(
            model_name="Phrase",
            name="sound",
            field=fields.TextField(unique=False),
        ),
        ops.AlterField(
            model_name="Reading",
            name="title",
            field=fields.TextField(default="", unique=False),
        ),
    ]
