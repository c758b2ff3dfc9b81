from tortoise import migrations
from tortoise.migrations import operations as ops
from app.kit.fields import SealedField
from app.licences.keys.algorithms import Purpose
from app.licences.keys.models import Keeper
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0023_licences")]

    initial = False

    operations = [
        ops.CreateModel(
            name="LicenceKey",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                (
                    "purpose",
                    fields.CharEnumField(
                        db_index=True,
                        description="CODE: code\nPAPER: paper\nSTATUS: status\nCREDENTIAL: credential",
                        enum_type=Purpose,
                        max_length=16,
                    ),
                ),
                ("algorithm", fields.IntField()),
                ("public", fields.BinaryField()),
                (
                    "keeper",
                    fields.CharEnumField(description="ROW: row\nDEVICE: device", enum_type=Keeper, max_length=8),
                ),
                ("handle", SealedField(null=True)),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("signs_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("retired_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("gone_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "licence_keys",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A key that signs what licences show. ``id`` is the ``kid`` of what it signed, ``algorithm`` an ``Algorithm``.",
            },
            bases=["Model"],
        ),
    ]
