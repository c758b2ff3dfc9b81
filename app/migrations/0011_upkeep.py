"""What the staff's writing and reviewing of versions needs."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0010_finding")]

    initial = False

    operations = [
        ops.AddField(
            model_name="ItemVersion",
            name="based_on",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="ItemVersion",
            name="region",
            field=fields.CharField(null=True, max_length=12),
        ),
        ops.AddField(
            model_name="ItemVersion",
            name="writers",
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
        ),
        # Lists of the staff look for these alone, among all versions that were ever published.
        ops.RunSQL(
            "CREATE INDEX item_versions_open ON item_versions (item_code) WHERE state <> 'published' OR NOT offered",
            reverse_sql="DROP INDEX item_versions_open",
        ),
    ]
