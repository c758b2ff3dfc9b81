"""Reads of notifications."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kit import clock, db
from app.kit.paging import Page, newest_first
from app.notifications.definitions import Kind, Template, city_messages, templates
from app.notifications.errors import TapUnknownError
from app.notifications.models import Message, MessageState, SubscriptionGrant

_STATES = "SELECT state, count(*) AS many FROM messages GROUP BY state"
# What each state says must be borne out: otherwise a message stands in a state that nothing will take it out of.
_UNFOUNDED = """
SELECT
    count(*) FILTER (WHERE state = 'waiting' AND NOT EXISTS (
        SELECT 1 FROM sends WHERE message_id = messages.id AND sends.state IN ('waiting', 'sending')
    )) AS waiting,
    count(*) FILTER (WHERE state = 'escalated' AND NOT EXISTS (
        SELECT 1 FROM staff_tasks WHERE key = 'message:' || messages.id
    )) AS escalated,
    count(*) FILTER (WHERE state IN ('failed', 'uncertain', 'escalated') AND reason IS NULL) AS without_reason,
    count(*) FILTER (WHERE state = 'delivered' AND channel IS NULL) AS without_channel,
    count(*) FILTER (WHERE state = 'read' AND read_at IS NULL) AS without_reading
FROM messages
"""
_WAITING = """
SELECT channel, count(*) AS many, min(created_at) AS oldest FROM sends WHERE state IN ('waiting', 'sending')
GROUP BY channel
"""


@dataclass(frozen=True, slots=True)
class TemplateGrant:
    """A template of the mini-program, and what the citizen has granted of it: how many sends, or whether any."""

    template_id: str
    name: str
    kind: Kind | None
    remaining: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """All messages there are, by what became of them; ``unfounded`` counts those whose state nothing bears out."""

    created: int
    by_state: dict[MessageState, int]
    unfounded: dict[str, int]

    @property
    def balanced(self) -> bool:
        """Whether every message is accounted for."""
        return self.created == sum(self.by_state.values()) and not any(self.unfounded.values())


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to be sent through a channel."""

    channel: str
    waiting: int
    oldest: datetime


async def inbox(citizen_id: UUID, cursor: str | None) -> Page[Message]:
    """A citizen's messages, the newest first. Raises InvalidCursorError."""
    return await newest_first(Message.filter(citizen_id=citizen_id), cursor)


async def count_unread(citizen_id: UUID) -> int:
    """How many messages the citizen has not opened."""
    return await Message.filter(citizen_id=citizen_id, read_at=None).count()


async def grants(citizen_id: UUID, tap: str | None = None) -> list[TemplateGrant]:
    """The templates to ask for at a tap, or all, with what the citizen has granted. Raises TapUnknownError."""
    remaining = {grant.template_id: grant.remaining async for grant in SubscriptionGrant.filter(citizen_id=citizen_id)}
    return [TemplateGrant(one.id, one.name, one.kind, remaining.get(one.id, 0)) for one in _asked(tap)]


def _asked(tap: str | None) -> list[Template]:
    if tap is None:
        return list(templates().values())
    if tap not in city_messages().taps:
        raise TapUnknownError
    return city_messages().asked_at(tap)


async def ledger() -> Ledger:
    """What became of all messages, at one moment."""
    async with db.transaction():
        await db.rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        created = await db.row("SELECT count(*) AS many FROM messages")
        found = await db.rows(_STATES)
        unfounded = await db.row(_UNFOUNDED)
    by_state = dict.fromkeys(MessageState, 0)
    by_state |= {MessageState(row["state"]): row["many"] for row in found if row["state"] in set(MessageState)}
    return Ledger(created["many"] if created else 0, by_state, dict(unfounded or {}))


async def queues() -> list[Queue]:
    """What waits, by channel."""
    return [Queue(row["channel"], row["many"], row["oldest"]) for row in await db.rows(_WAITING)]


def age(queue: Queue) -> float:
    """For how many seconds the oldest of a queue has waited."""
    return max((clock.now() - queue.oldest).total_seconds(), 0.0)
