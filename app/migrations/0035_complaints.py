from tortoise import migrations
from tortoise.migrations import operations as ops
from app.complaints.models import About, ComplaintKind, ComplaintState
from app.kit.fields import SealedField
from app.kit.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0034_pushes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Complaint",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=14)),
                (
                    "citizen",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="citizen_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="complaints",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="COMPLAINT: complaint\nSUGGESTION: suggestion",
                        enum_type=ComplaintKind,
                        max_length=16,
                    ),
                ),
                (
                    "about",
                    fields.CharEnumField(
                        null=True, description="ITEM: item\nCASE: case\nHALL: hall", enum_type=About, max_length=16
                    ),
                ),
                ("about_code", fields.CharField(null=True, max_length=36)),
                ("about_name", fields.CharField(null=True, max_length=255)),
                ("text", SealedField()),
                ("named", fields.BooleanField()),
                ("department", fields.CharField(max_length=32)),
                ("region", fields.CharField(max_length=12)),
                (
                    "state",
                    fields.CharEnumField(
                        default=ComplaintState.RECEIVED,
                        description="RECEIVED: received\nACCEPTED: accepted\nANSWERED: answered",
                        enum_type=ComplaintState,
                        max_length=16,
                    ),
                ),
                ("due_on", fields.DateField(null=True, db_index=True)),
                ("answer_by", fields.DateField()),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answered_at", fields.DatetimeField(null=True, db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "complaints",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A complaint or suggestion.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ComplaintStep",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "complaint",
                    fields.ForeignKeyField(
                        "jiaban.Complaint",
                        source_field="complaint_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="steps",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("cause", fields.CharField(max_length=16)),
                ("staff_id", fields.UUIDField()),
                ("department", fields.CharField(max_length=32)),
                ("note", SealedField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "complaint_steps",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A step of the staff's: ``department`` is who took it, or to whom it was handed on.",
            },
            bases=["Model"],
        ),
    ]
