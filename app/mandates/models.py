"""Rows of mandates."""

from enum import StrEnum

from tortoise import Model, fields

from app.identity.models import Citizen
from app.kit.ids import new_id


class Company(Model):
    """A company or other body, known by its unified social credit code. Its name is public."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    uscc = fields.CharField(max_length=18, unique=True)
    name = fields.CharField(max_length=255)
    checked_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "companies"


class MandateKind(StrEnum):
    """Why somebody may act for another."""

    PROXY = "proxy"
    GUARDIAN = "guardian"
    AGENT = "agent"
    REPRESENTATIVE = "representative"


class MandateState(StrEnum):
    """Where a mandate stands. OFFERED waits for the other side; time may end an active one before its state does."""

    OFFERED = "offered"
    ACTIVE = "active"
    ENDED = "ended"


class Mandate(Model):
    """Leave for one citizen, the delegate, to act for another citizen or for a company.

    ``matters`` are ``item:<item code>`` and ``licence:<type code>``; ``*`` alone covers everything. One of the two
    sides is empty while an invitation waits; ``invitation`` is the SHA-256 of its code.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharEnumField(MandateKind, max_length=16)
    principal: fields.ForeignKeyNullableRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="mandates_given", db_index=True, null=True
    )
    company: fields.ForeignKeyNullableRelation[Company] = fields.ForeignKeyField(
        "jiaban.Company", related_name="mandates", db_index=True, null=True
    )
    delegate: fields.ForeignKeyNullableRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="mandates_held", db_index=True, null=True
    )
    matters = fields.JSONField[list[str]]()
    state = fields.CharEnumField(MandateState, max_length=16)
    invitation = fields.CharField(max_length=64, null=True, unique=True)
    invitation_ends_at = fields.DatetimeField(null=True)
    ends_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    confirmed_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    ended_by_id = fields.UUIDField(null=True)

    class Meta:
        """Table."""

        table = "mandates"
