"""Which connector took a case."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0015_audit")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Delivery",
            name="connector",
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AlterModelOptions(
            name="FeedCursor",
            options={
                "table": "feed_cursors",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "How far a connector's feed was read; ``id`` is its name.",
            },
        ),
    ]
