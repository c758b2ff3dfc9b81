from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0036_own_verifications")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Verification",
            name="untold",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.RunSQL(
            ["CREATE INDEX verifications_untold ON verifications (at) WHERE untold"],
            reverse_sql=["DROP INDEX verifications_untold"],
        ),
    ]
