from tortoise import migrations
from tortoise.migrations import operations as ops
from app.kit.fields import SealedJsonField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0002_search")]

    initial = False

    operations = [
        ops.AddField(
            model_name="RefreshToken",
            name="answer",
            field=SealedJsonField(null=True),
        ),
        ops.AddField(
            model_name="RefreshToken",
            name="idempotency_key",
            field=fields.CharField(null=True, max_length=128),
        ),
        ops.AlterModelOptions(
            name="Session",
            options={
                "table": "sessions",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "One sign-in of a citizen; its refresh tokens are one family. ``device`` is what the phone calls itself.",
            },
        ),
        ops.AddField(
            model_name="Session",
            name="device",
            field=fields.CharField(null=True, max_length=128),
        ),
        ops.AddField(
            model_name="Session",
            name="last_used_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        # Sessions from before were last used at their sign-in, as far as anybody knows.
        ops.RunSQL(
            "UPDATE sessions SET last_used_at = created_at WHERE last_used_at IS NULL",
            reverse_sql=ops.RunSQL.noop,
        ),
    ]
