"""An index by which staff find the verifications that they made, the latest first."""

from tortoise import migrations
from tortoise.migrations import operations as ops

_BY_STAFF = "CREATE INDEX verifications_by_staff ON verifications (staff_id, id) WHERE staff_id IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0035_complaints")]

    initial = False

    operations = [ops.RunSQL(_BY_STAFF, reverse_sql="DROP INDEX verifications_by_staff")]
