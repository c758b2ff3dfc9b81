"""Rows of the audit."""

from tortoise import Model, fields

from app.kit.ids import new_id


class AuditRecord(Model):
    """One thing that somebody did, chained to the record before it in the same chain.

    A chain is about one subject, e.g. ``application:<id>``. Records hold ids and field names, never personal values,
    so that a person can be forgotten while the chain stays whole.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    chain = fields.CharField(max_length=80)
    position = fields.IntField()
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=128, db_index=True)
    action = fields.CharField(max_length=64)
    details = fields.JSONField[dict[str, object]]()
    previous = fields.BinaryField()
    digest = fields.BinaryField()

    class Meta:
        """Table."""

        table = "audit_records"
        unique_together = (("chain", "position"),)
