"""Rows of consents."""

from enum import StrEnum

from tortoise import Model, fields

from app.identity.models import Citizen

PURPOSE_LENGTH = 64


class Act(StrEnum):
    """What somebody said."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class Consent(Model):
    """A consent that was given or withdrawn. Rows are only ever added; of each purpose the last one counts.

    Their numbers rise in the order in which it was said, since each is written under the lock of the citizen.
    ``mandate_id`` is a guardian's mandate.
    """

    id = fields.BigIntField(primary_key=True)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="consents", db_index=True
    )
    purpose = fields.CharField(max_length=PURPOSE_LENGTH)
    version = fields.IntField()
    act = fields.CharEnumField(Act, max_length=16)
    session_id = fields.UUIDField(null=True)
    mandate_id = fields.UUIDField(null=True)
    at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "consents"
