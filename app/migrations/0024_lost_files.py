"""A file that the store lost: a further word in a column that takes any."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from app.applications.models import Scan
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0023_licences")]

    initial = False

    operations = [
        ops.AlterField(
            model_name="Material",
            name="scan",
            field=fields.CharEnumField(
                default=Scan.UNSCANNED,
                description="PENDING: pending\nCLEAN: clean\nINFECTED: infected\nUNSCANNED: unscanned\nLOST: lost",
                db_default="unscanned",
                enum_type=Scan,
                max_length=16,
            ),
        ),
    ]
