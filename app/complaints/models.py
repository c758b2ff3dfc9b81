"""Rows of complaints and suggestions, and of what was done about them. What people wrote is sealed."""

from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields

from app.identity.models import Citizen
from app.kit.fields import sealed_text
from app.kit.ids import new_id


class ComplaintKind(StrEnum):
    """What was written: a complaint (投诉) or a suggestion (建议)."""

    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"


class About(StrEnum):
    """What it is about, where it is about one thing."""

    ITEM = "item"
    CASE = "case"
    HALL = "hall"


class ComplaintState(StrEnum):
    """Where it stands. The table of moves is in ``rules.py``."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    ANSWERED = "answered"


class Complaint(Model):
    """A complaint or suggestion.

    ``number`` is its receipt: the day and six random digits. ``about_code`` is the code of the item or hall, or the
    id of the case, ``about_name`` the item's or hall's name. ``named`` says whether staff may learn who wrote it.
    ``department`` has it at present, ``*`` the supervision; ``region`` is where it belongs, empty for the whole city.
    ``due_on`` is the last day of the next step, None once it is answered, ``answer_by`` that of the answer.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    number = fields.CharField(max_length=14, unique=True)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="complaints", db_index=True
    )
    # Tortoise adds it.
    citizen_id: UUID
    kind = fields.CharEnumField(ComplaintKind, max_length=16)
    about: About | None = fields.CharEnumField(About, max_length=16, null=True)  # type: ignore[assignment]  # the ORM types no empty enum
    about_code = fields.CharField(max_length=36, null=True)
    about_name = fields.CharField(max_length=255, null=True)
    text = sealed_text()
    named = fields.BooleanField()
    department = fields.CharField(max_length=32)
    region = fields.CharField(max_length=12)
    state = fields.CharEnumField(ComplaintState, max_length=16, default=ComplaintState.RECEIVED)
    due_on = fields.DateField(null=True, db_index=True)
    answer_by = fields.DateField()
    received_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True, db_index=True)

    class Meta:
        """Table."""

        table = "complaints"


class ComplaintStep(Model):
    """A step of the staff's: ``department`` is who took it, or to whom it was handed on.

    ``note`` is the answer, or why it was handed on.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "jiaban.Complaint", related_name="steps", db_index=True
    )
    cause = fields.CharField(max_length=16)
    staff_id = fields.UUIDField()
    department = fields.CharField(max_length=32)
    note = sealed_text(null=True)
    at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "complaint_steps"
