"""An index by which the worker finds sends that were written by a clock that was ahead.

While it is made, messages cannot be told: some seconds for five million sends.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

_BY_WRITING = "CREATE INDEX sends_written ON sends (updated_at) WHERE state = 'waiting'"


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0037_untold_verifications")]

    initial = False

    operations = [ops.RunSQL(_BY_WRITING, reverse_sql="DROP INDEX sends_written")]
