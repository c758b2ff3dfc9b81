"""Rows of reviews and of what was done about bad ones. What people wrote is sealed."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import Model, fields

from app.applications.models import Application
from app.identity.models import Citizen
from app.kit.fields import sealed_text
from app.kit.ids import new_id


class Stage(StrEnum):
    """What is reviewed: how a case was taken in, or how it was decided."""

    ACCEPTANCE = "acceptance"
    RESULT = "result"


class CommentState(StrEnum):
    """Where a comment stands; RELEASED alone is public. The table of moves is in ``rules.py``."""

    CHECKING = "checking"
    UNDECIDED = "undecided"
    RELEASED = "released"
    WITHHELD = "withheld"
    RISKY = "risky"


class Review(Model):
    """A review of one stage of a case: ``level`` 5 (非常满意) to 1 (非常不满意), ``reasons`` by their codes.

    ``comment`` is masked before it is kept. ``item_code``, ``department`` and ``region`` are those of the item. A
    review outlives who wrote it: with the account ``application``, ``author`` and comment go, level and reasons stay.
    Staff see ``id``, so it is random: a UUIDv7 would tell the moment, and by that the case.
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    application: fields.ForeignKeyNullableRelation[Application] = fields.ForeignKeyField(
        "jiaban.Application", related_name="reviews", null=True, on_delete=fields.SET_NULL
    )
    author: fields.ForeignKeyNullableRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="reviews", null=True, on_delete=fields.SET_NULL, db_index=True
    )
    # Tortoise adds these.
    application_id: UUID | None
    author_id: UUID | None
    mandate_id = fields.UUIDField(null=True)
    stage = fields.CharEnumField(Stage, max_length=16)
    item_code = fields.CharField(max_length=31, db_index=True)
    item_name = fields.CharField(max_length=255)
    department = fields.CharField(max_length=32)
    region = fields.CharField(max_length=12)
    level = fields.SmallIntField()
    reasons = fields.JSONField[list[str]]()
    comment = sealed_text(null=True)
    comment_state: CommentState | None = fields.CharEnumField(CommentState, max_length=16, null=True)  # type: ignore[assignment]  # the ORM types no empty enum
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "reviews"
        unique_together = (("application", "stage"),)


class RectificationState(StrEnum):
    """Where a rectification (整改) stands. The table of moves is in ``rules.py``."""

    OPENED = "opened"
    CALLED_BACK = "called_back"
    GROUNDLESS_PROPOSED = "groundless_proposed"
    RECTIFIED = "rectified"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    CONFIRMED = "confirmed"
    UNANSWERED = "unanswered"
    GROUNDLESS = "groundless"
    SETTLED = "settled"


class Rectification(Model):
    """What is done about a bad review.

    ``round`` counts from 1, one more with each time that the citizen was not satisfied. ``due_on`` is the day by which
    the next step of the staff must be taken, None where none is; ``rectify_by`` that by which all is to be put right;
    ``answer_by`` the last day on which the citizen may say whether it is. ``id`` is random, as the review's.
    """

    id = fields.UUIDField(primary_key=True, default=uuid4)
    review: fields.OneToOneRelation[Review] = fields.OneToOneField("jiaban.Review", related_name="rectification")
    state = fields.CharEnumField(RectificationState, max_length=32, default=RectificationState.OPENED)
    round = fields.SmallIntField(default=1)
    due_on = fields.DateField(null=True, db_index=True)
    rectify_by = fields.DateField()
    answer_by = fields.DateField(null=True)
    opened_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "rectifications"
        indexes = (("state", "answer_by"),)


class RectificationStep(Model):
    """A step of a rectification: ``staff_id`` who took it, None for the citizen and for the passing of time.

    ``reached`` says of a call who was reached. ``note`` is what was said, found or done.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    rectification: fields.ForeignKeyRelation[Rectification] = fields.ForeignKeyField(
        "jiaban.Rectification", related_name="steps", db_index=True
    )
    cause = fields.CharField(max_length=32)
    before = fields.CharEnumField(RectificationState, max_length=32)
    after = fields.CharEnumField(RectificationState, max_length=32)
    round = fields.SmallIntField()
    staff_id = fields.UUIDField(null=True)
    reached = fields.CharField(max_length=16, null=True)
    note = sealed_text(null=True)
    at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "rectification_steps"
