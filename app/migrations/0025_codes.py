"""Codes of three kinds, with what their holder chose to show, their digits, and those that a window prints."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from app.catalogue.licence_type import Preset
from app.kit.fields import SealedField
from app.kit.ids import new_id
from app.licences.codes.claims import CodeKind
from app.licences.models import PaperEnd
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0024_lost_files")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DigitMiss",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("staff_id", fields.UUIDField(db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "digit_misses",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A member of staff entered digits that stand for no code.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PaperCode",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "presentation",
                    fields.OneToOneField(
                        "jiaban.Presentation",
                        source_field="presentation_id",
                        db_constraint=True,
                        to_field="nonce",
                        related_name="paper",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "licence",
                    fields.ForeignKeyField(
                        "jiaban.Licence",
                        source_field="licence_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="papers",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("staff_id", fields.UUIDField()),
                ("office", fields.CharField(max_length=128)),
                ("document", fields.CharField(max_length=32)),
                ("reason", SealedField()),
                ("status_list", fields.IntField()),
                ("status_index", fields.IntField()),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "ended_because",
                    fields.CharEnumField(
                        null=True, description="LOST: lost\nREPLACED: replaced", enum_type=PaperEnd, max_length=16
                    ),
                ),
                ("ended_by", fields.CharField(null=True, max_length=128)),
            ],
            options={
                "table": "paper_codes",
                "app": "jiaban",
                "unique_together": (("status_list", "status_index"),),
                "pk_attr": "id",
                "table_description": "A code that a window printed for a person who was there, with what the member of staff saw and why they did it.",
            },
            bases=["Model"],
        ),
        ops.AlterModelOptions(
            name="Presentation",
            options={
                "table": "presentations",
                "app": "jiaban",
                "pk_attr": "nonce",
                "table_description": "A code that was handed out; a live or held one is spent once.",
            },
        ),
        ops.AddField(
            model_name="Presentation",
            name="digits_hash",
            field=fields.CharField(null=True, unique=True, max_length=128),
        ),
        ops.AddField(
            model_name="Presentation",
            name="ended_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Presentation",
            name="kind",
            field=fields.CharEnumField(
                default=CodeKind.LIVE,
                description="LIVE: live\nHELD: held\nPAPER: paper",
                db_default="live",
                enum_type=CodeKind,
                max_length=8,
            ),
        ),
        ops.AddField(
            model_name="Presentation",
            name="preset",
            field=fields.CharEnumField(
                default=Preset.ALL,
                description="VALID: valid\nAGE_60: age_60\nCARD: card\nALL: all",
                db_default="all",
                enum_type=Preset,
                max_length=8,
            ),
        ),
        ops.AddField(
            model_name="Presentation",
            name="session_id",
            field=fields.UUIDField(null=True),
        ),
    ]
