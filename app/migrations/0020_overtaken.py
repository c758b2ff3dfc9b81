"""Which events were overtaken by later steps of their cases."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0019_deliveries")]

    initial = False

    operations = [
        ops.AddField(
            model_name="InboxEvent",
            name="overtaken",
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
