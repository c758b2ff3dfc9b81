"""Rows of copies and of the nightly forgetting."""

from enum import StrEnum

from tortoise import Model, fields

from app.identity.models import Citizen
from app.kit.ids import new_id


class ExportState(StrEnum):
    """Where a copy stands."""

    COLLECTING = "collecting"
    READY = "ready"


class Export(Model):
    """A copy of all that is held about a citizen: ``done`` of ``total`` entries are in it.

    Its ``pieces`` are sealed one by one and lie in the blob store, ``size`` bytes in all before sealing. Each try of
    the job has a number, ``attempt``, and pieces of its own; ``mandate_id`` is set where a guardian asked.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    citizen: fields.ForeignKeyRelation[Citizen] = fields.ForeignKeyField(
        "jiaban.Citizen", related_name="exports", db_index=True
    )
    mandate_id = fields.UUIDField(null=True)
    state = fields.CharEnumField(ExportState, max_length=16, default=ExportState.COLLECTING)
    attempt = fields.IntField(default=0)
    done = fields.IntField(default=0)
    total = fields.IntField(default=0)
    pieces = fields.IntField(default=0)
    size = fields.BigIntField(default=0)
    created_at = fields.DatetimeField()
    ready_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "exports"


class RetentionRun(Model):
    """What one night has deleted of one kind of data so far. A day is the city's."""

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    kind = fields.CharField(max_length=64)
    removed = fields.IntField(default=0)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "retention_runs"
        unique_together = (("day", "kind"),)
