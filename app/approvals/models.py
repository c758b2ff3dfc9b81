"""Rows of the delegation."""

from enum import StrEnum

from tortoise import Model, fields

from app.kit.fields import sealed_json
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
    WITHDRAWAL = "withdrawal"


class Delivery(Model):
    """Something on its way to the approval system. ``reference`` is the supplement's id, or empty.

    ``connector`` is the name of the connector that took the case, chosen at its first delivery; None stands in rows
    from before connectors had names.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    case_no = fields.CharField(max_length=43)
    kind = fields.CharEnumField(DeliveryKind, max_length=16)
    reference = fields.CharField(max_length=36, default="")
    connector = fields.CharField(max_length=32, null=True)
    state = fields.CharEnumField(DeliveryState, max_length=16, default=DeliveryState.WAITING)
    reason = fields.CharField(max_length=64, null=True)
    attempts = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        """Table."""

        table = "deliveries"
        unique_together = (("case_no", "kind", "reference"),)


class InboxEvent(Model):
    """An event of the approval system, kept before anything is done about it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    event_id = fields.CharField(max_length=64, unique=True)
    case_no = fields.CharField(max_length=43)
    sequence = fields.IntField()
    kind = fields.CharField(max_length=32)
    occurred_at = fields.DatetimeField()
    data = sealed_json()
    received_at = fields.DatetimeField()
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
