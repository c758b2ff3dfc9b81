"""Rows of the delegation."""

from enum import StrEnum

from tortoise import Model, fields

from app.kit.fields import sealed_json, sealed_text
from app.kit.ids import new_id


class DeliveryState(StrEnum):
    """Where a delivery stands. SENDING outlives a crash: then the other side is asked before anything is sent again."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    REFUSED = "refused"


class DeliveryKind(StrEnum):
    """What is delivered."""

    CASE = "case"
    SUPPLEMENT = "supplement"
    NOTICE = "notice"
    WITHDRAWAL = "withdrawal"


class Delivery(Model):
    """Something on its way to the approval system. ``reference`` is the id of the supplement or notice, or empty.

    ``connector`` is the name of the connector that took the case, chosen at its first delivery; None stands in rows
    from before connectors had names. It is not tried before ``due_at``. Whoever sends it has it until
    ``claimed_until``; ``attempts`` counts the claims, so that the record of one that was lost changes nothing.
    ``asked_at`` stands in a case's own delivery: when the system was last asked what became of the case.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    case_no = fields.CharField(max_length=43)
    kind = fields.CharEnumField(DeliveryKind, max_length=16)
    reference = fields.CharField(max_length=36, default="")
    connector = fields.CharField(max_length=32, null=True)
    state = fields.CharEnumField(DeliveryState, max_length=16, default=DeliveryState.WAITING)
    reason = fields.CharField(max_length=64, null=True)
    attempts = fields.IntField(default=0)
    due_at = fields.DatetimeField(null=True)
    claimed_until = fields.DatetimeField(null=True)
    asked_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(db_index=True)
    updated_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "deliveries"
        unique_together = (("case_no", "kind", "reference"),)


class Breaker(StrEnum):
    """Whether deliveries go to a system: as they come, not at all, or one to see whether it is back."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Channel(Model):
    """What all workers know of a connector: its breaker, and the moment from which the next delivery may begin.

    ``failures`` counts those in a row. ``probe_at`` is when the next probe may begin while the breaker is not closed.
    """

    connector = fields.CharField(max_length=32, primary_key=True)
    breaker = fields.CharEnumField(Breaker, max_length=16, default=Breaker.CLOSED)
    failures = fields.IntField(default=0)
    probe_at = fields.DatetimeField(null=True)
    next_at = fields.DatetimeField(null=True)

    class Meta:
        """Table."""

        table = "channels"


class Redrive(Model):
    """That a member of staff had something tried anew, and why: a delivery, or an event that waits behind a gap.

    ``attempt`` is the delivery's count of tries at that moment, so that one standstill is redriven once; for an event
    it counts the times that what is missing was asked for.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    case_no = fields.CharField(max_length=43, db_index=True)
    subject_id = fields.UUIDField()
    attempt = fields.IntField()
    staff_id = fields.UUIDField()
    reason = sealed_text()
    created_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "redrives"
        unique_together = (("subject_id", "attempt"),)


class InboxEvent(Model):
    """An event of the approval system, kept before anything is done about it.

    ``overtaken`` is set where it came, from a system that numbers nothing, after a later step of its case.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    event_id = fields.CharField(max_length=64, unique=True)
    case_no = fields.CharField(max_length=43)
    sequence = fields.IntField()
    kind = fields.CharField(max_length=32)
    occurred_at = fields.DatetimeField()
    data = sealed_json()
    overtaken = fields.BooleanField(default=False, db_default=False)
    received_at = fields.DatetimeField(db_index=True)
    applied_at = fields.DatetimeField(null=True)
    moved = fields.BooleanField(null=True)

    class Meta:
        """Table."""

        table = "inbox_events"
        unique_together = (("case_no", "sequence"),)


class FeedCursor(Model):
    """How far a connector's feed was read; ``id`` is its name."""

    id = fields.CharField(max_length=32, primary_key=True)
    cursor = fields.CharField(max_length=64)
    updated_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "feed_cursors"
