"""Rows of broadcasts."""

from enum import StrEnum

from tortoise import Model, fields

from app.kit.ids import new_id


class BroadcastState(StrEnum):
    """Where a broadcast stands. PAUSED: WeChat refuses it as a whole, and a person decides what comes of it."""

    PREPARED = "prepared"
    REJECTED = "rejected"
    SENDING = "sending"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"


class RecipientState(StrEnum):
    """Where one recipient stands.

    OPEN outlives a crash and becomes UNCERTAIN: WeChat cannot be asked, so it is never sent to again. SKIPPED are
    those who do not follow any more when their turn comes.
    """

    WAITING = "waiting"
    OPEN = "open"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SKIPPED = "skipped"


class Broadcast(Model):
    """A notice to many followers of the official account.

    ``data`` are the fields of its kind's template, fitted. ``region`` and ``tag`` (WeChat's number of a group) narrow
    down who gets it; without both it goes to all. ``author_id`` prepared it; ``reviewer_id`` approved or rejected it,
    and is never the same. ``urgent``: it is sent at night too. ``reason`` is why it was rejected, paused or stopped.
    Followers up to ``selected_after`` are recipients already, all of them from ``selected_at`` on. Nothing is sent
    before ``waits_until``; ``failures`` counts those in a row that WeChat itself caused.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    kind = fields.CharField(max_length=32)
    data = fields.JSONField[dict[str, str]]()
    link = fields.CharField(max_length=255, null=True)
    region = fields.CharField(max_length=12, null=True)
    tag = fields.IntField(null=True)
    department = fields.CharField(max_length=32)
    state = fields.CharEnumField(BroadcastState, max_length=16, default=BroadcastState.PREPARED)
    reason = fields.CharField(max_length=200, null=True)
    urgent = fields.BooleanField(default=False)
    author_id = fields.UUIDField()
    reviewer_id = fields.UUIDField(null=True)
    selected_after = fields.UUIDField(null=True)
    selected_at = fields.DatetimeField(null=True)
    slices = fields.IntField(default=0)
    waits_until = fields.DatetimeField(null=True)
    failures = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    approved_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "broadcasts"


class BroadcastSlice(Model):
    """Some hundred recipients of a broadcast, sent to by one worker at a time.

    Its worker has it until ``leased_until``, told by the database's clock and renewed while the worker lives;
    ``attempt`` counts who had it, so that one who lost it opens no further send. ``total`` and the counts by state are
    those of its rows.
    """

    id = fields.BigIntField(primary_key=True)
    broadcast: fields.ForeignKeyRelation[Broadcast] = fields.ForeignKeyField(
        "jiaban.Broadcast", related_name="parts", db_index=False
    )
    number = fields.IntField()
    total = fields.IntField()
    open = fields.IntField(default=0, db_default=0)
    delivered = fields.IntField(default=0, db_default=0)
    arrived = fields.IntField(default=0, db_default=0)
    failed = fields.IntField(default=0, db_default=0)
    uncertain = fields.IntField(default=0, db_default=0)
    skipped = fields.IntField(default=0, db_default=0)
    done = fields.BooleanField(default=False, db_default=False)
    attempt = fields.IntField(default=0, db_default=0)
    leased_until = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "broadcast_slices"
        unique_together = (("broadcast", "number"),)


class BroadcastRecipient(Model):
    """One follower whom a broadcast is for. ``msg_id`` is WeChat's, ``arrived`` that WeChat said it came to the phone.

    ``slice_id`` and ``follower_id`` are no foreign keys: a million rows are made at once, and a follower may be gone.
    ``attempts`` counts the tries that WeChat was too busy for while it took those of others.
    """

    id = fields.BigIntField(primary_key=True)
    slice_id = fields.BigIntField(db_index=True)
    follower_id = fields.UUIDField(null=True, db_index=True)
    state = fields.CharEnumField(RecipientState, max_length=16)
    reason = fields.CharField(max_length=64, null=True)
    msg_id = fields.CharField(max_length=32, null=True)
    arrived = fields.BooleanField(default=False, db_default=False)
    attempts = fields.SmallIntField(default=0, db_default=0)
    updated_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "broadcast_recipients"


class BroadcastDay(Model):
    """How many sends broadcasts have opened on a day of the city: the rest of WeChat's quota is for single messages."""

    day = fields.DateField(primary_key=True)
    opened = fields.IntField()

    class Meta:
        """Table."""

        table = "broadcast_days"
