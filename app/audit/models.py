"""Rows of the audit. None of them is ever changed; of all but ``ChangedChain`` none is ever deleted."""

from tortoise import Model, fields

from app.kit.ids import new_id


class AuditRecord(Model):
    """One thing that somebody did, chained to the record before it in the same chain.

    A chain is about one subject, e.g. ``application:<id>``. Records hold ids and field names, never personal values,
    so that a person can be forgotten while the chain stays whole. ``algorithm`` and ``salt`` say how ``digest`` is made
    (``app/audit/digests.py``).
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
    algorithm = fields.CharField(max_length=8, default="sha256", db_default="sha256")
    salt = fields.BinaryField(null=True)

    class Meta:
        """Table."""

        table = "audit_records"
        unique_together = (("chain", "position"),)


class ChangedChain(Model):
    """A chain that has a record which no checkpoint covers: written by the database itself with each record."""

    id = fields.BigIntField(primary_key=True)
    chain = fields.CharField(max_length=80)

    class Meta:
        """Table."""

        table = "audit_changes"


class Checkpoint(Model):
    """A signed word about the heads of all chains that changed since the one before it.

    ``root`` is over the ``heads`` rows of ``ChainHead`` from ``first_head`` on; ``previous`` is the hash of the
    checkpoint before. ``signature`` is over the statement (``app/audit/checkpoints.py``) by the record signing key
    ``key_id``.
    """

    number = fields.BigIntField(primary_key=True, generated=False)
    at = fields.DatetimeField()
    first_head = fields.BigIntField(unique=True)
    heads = fields.IntField()
    root = fields.BinaryField()
    previous = fields.BinaryField()
    key_id = fields.CharField(max_length=64)
    signature = fields.BinaryField()

    class Meta:
        """Table."""

        table = "audit_checkpoints"


class ChainHead(Model):
    """The last record of a chain at the time of a checkpoint: one leaf of its tree. Numbers run on without gaps."""

    number = fields.BigIntField(primary_key=True, generated=False)
    chain = fields.CharField(max_length=80)
    position = fields.IntField()
    digest = fields.BinaryField()

    class Meta:
        """Table."""

        table = "audit_heads"
        unique_together = (("chain", "position"),)
