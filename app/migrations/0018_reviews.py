"""Reviews of cases, and what is done about bad ones."""

from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from app.kit.fields import SealedField
from app.kit.ids import new_id
from app.reviews.models import CommentState, RectificationState, Stage
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("jiaban", "0017_materials")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Review",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "application",
                    fields.ForeignKeyField(
                        "jiaban.Application",
                        source_field="application_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="reviews",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                (
                    "author",
                    fields.ForeignKeyField(
                        "jiaban.Citizen",
                        source_field="author_id",
                        null=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="reviews",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("mandate_id", fields.UUIDField(null=True)),
                (
                    "stage",
                    fields.CharEnumField(
                        description="ACCEPTANCE: acceptance\nRESULT: result", enum_type=Stage, max_length=16
                    ),
                ),
                ("item_code", fields.CharField(db_index=True, max_length=31)),
                ("item_name", fields.CharField(max_length=255)),
                ("department", fields.CharField(max_length=32)),
                ("region", fields.CharField(max_length=12)),
                ("level", fields.SmallIntField()),
                ("reasons", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("comment", SealedField(null=True)),
                (
                    "comment_state",
                    fields.CharEnumField(
                        null=True,
                        description="CHECKING: checking\nUNDECIDED: undecided\nRELEASED: released\nWITHHELD: withheld\nRISKY: risky",
                        enum_type=CommentState,
                        max_length=16,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reviews",
                "app": "jiaban",
                "unique_together": (("application", "stage"),),
                "pk_attr": "id",
                "table_description": "A review of one stage of a case: ``level`` 5 (非常满意) to 1 (非常不满意), ``reasons`` by their codes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Rectification",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "review",
                    fields.OneToOneField(
                        "jiaban.Review",
                        source_field="review_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rectification",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=RectificationState.OPENED,
                        description="OPENED: opened\nCALLED_BACK: called_back\nGROUNDLESS_PROPOSED: groundless_proposed\nRECTIFIED: rectified\nREOPENED: reopened\nESCALATED: escalated\nCONFIRMED: confirmed\nUNANSWERED: unanswered\nGROUNDLESS: groundless\nSETTLED: settled",
                        enum_type=RectificationState,
                        max_length=32,
                    ),
                ),
                ("round", fields.SmallIntField(default=1)),
                ("due_on", fields.DateField(null=True, db_index=True)),
                ("rectify_by", fields.DateField()),
                ("answer_by", fields.DateField(null=True)),
                ("opened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "rectifications",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "What is done about a bad review.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RectificationStep",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "rectification",
                    fields.ForeignKeyField(
                        "jiaban.Rectification",
                        source_field="rectification_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="steps",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("cause", fields.CharField(max_length=32)),
                (
                    "before",
                    fields.CharEnumField(
                        description="OPENED: opened\nCALLED_BACK: called_back\nGROUNDLESS_PROPOSED: groundless_proposed\nRECTIFIED: rectified\nREOPENED: reopened\nESCALATED: escalated\nCONFIRMED: confirmed\nUNANSWERED: unanswered\nGROUNDLESS: groundless\nSETTLED: settled",
                        enum_type=RectificationState,
                        max_length=32,
                    ),
                ),
                (
                    "after",
                    fields.CharEnumField(
                        description="OPENED: opened\nCALLED_BACK: called_back\nGROUNDLESS_PROPOSED: groundless_proposed\nRECTIFIED: rectified\nREOPENED: reopened\nESCALATED: escalated\nCONFIRMED: confirmed\nUNANSWERED: unanswered\nGROUNDLESS: groundless\nSETTLED: settled",
                        enum_type=RectificationState,
                        max_length=32,
                    ),
                ),
                ("round", fields.SmallIntField()),
                ("staff_id", fields.UUIDField(null=True)),
                ("reached", fields.CharField(null=True, max_length=16)),
                ("note", SealedField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "rectification_steps",
                "app": "jiaban",
                "pk_attr": "id",
                "table_description": "A step of a rectification: ``staff_id`` who took it, None for the citizen and for the passing of time.",
            },
            bases=["Model"],
        ),
    ]
