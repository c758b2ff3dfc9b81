from tortoise import migrations
from tortoise.migrations import operations as ops
from app.identity.rules import Audience
from app.kit.fields import SealedField
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0004_mandates")]

    initial = False

    operations = [
        ops.AlterModelOptions(
            name="Session",
            options={
                "table": "sessions",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "One sign-in of a citizen or a member of staff; its refresh tokens are one family.",
            },
        ),
        ops.AlterField(
            model_name="Session",
            name="citizen",
            field=fields.ForeignKeyField(
                "jiaban.Citizen",
                source_field="citizen_id",
                null=True,
                db_index=True,
                db_constraint=True,
                to_field="id",
                related_name="sessions",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AddField(
            model_name="Session",
            name="audience",
            field=fields.CharEnumField(
                null=True, description="CITIZEN: citizen\nH5: h5\nSTAFF: staff", enum_type=Audience, max_length=16
            ),
        ),
        ops.AddField(
            model_name="Session",
            name="staff",
            field=fields.ForeignKeyField(
                "jiaban.Staff",
                source_field="staff_id",
                null=True,
                db_index=True,
                db_constraint=True,
                to_field="id",
                related_name="sessions",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AlterModelOptions(
            name="Staff",
            options={
                "table": "staff",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A member of staff of a department in a region. ``duties`` name what they may do.",
            },
        ),
        ops.AddField(
            model_name="Staff",
            name="name",
            field=SealedField(null=True),
        ),
        ops.AddField(
            model_name="Staff",
            name="otp_secret",
            field=SealedField(null=True),
        ),
        ops.AddField(
            model_name="Staff",
            name="otp_step",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Staff",
            name="password_given",
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name="Staff",
            name="region",
            field=fields.CharField(null=True, max_length=12),
        ),
        ops.AddField(
            model_name="Staff",
            name="work_user_id",
            field=fields.CharField(null=True, unique=True, max_length=64),
        ),
    ]
