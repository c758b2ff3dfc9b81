"""Rows of mandates."""

from enum import StrEnum
from uuid import UUID

from tortoise import Model, fields

from app.identity.models import Citizen
from app.kit import clock, db
from app.kit.ids import new_id

_END = "UPDATE mandates SET state = 'ended', ended_at = $2, invitation = NULL WHERE state <> 'ended' AND "


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

    @classmethod
    async def move(cls, old: UUID, new: UUID) -> None:
        """Make one citizen's mandates another's; nobody has one for themself."""
        for column in ("principal_id", "delegate_id"):
            await db.execute(f"UPDATE mandates SET {column} = $2 WHERE {column} = $1", old, new)  # noqa: S608  # our own names
        await db.execute(_END + "principal_id = $1 AND delegate_id = $1", new, clock.now())

    @classmethod
    async def move_in_name(cls, old: UUID, new: UUID) -> None:
        """End what was agreed in a name that goes to another account: nobody knows who agreed."""
        del new
        await db.execute(_END + "(principal_id = $1 OR delegate_id = $1)", old, clock.now())
