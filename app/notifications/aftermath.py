"""What comes of messages when their sends have ended, within the caller's transaction.

Whoever changes messages, sends and grants together locks them in this order: messages by their ids, sends, grants.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.kit import clock, db, texts
from app.kit.ids import new_id
from app.notifications.models import Message, MessageState, Send, SendState
from app.notifications.rules import Urgency, patience_ends
from app.notifications.staff_tasks import UNREACHED, open_task

_LOCK = "SELECT id FROM messages WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
_BROUGHT = """
UPDATE messages SET state = 'delivered', channel = ended.channel, reason = NULL
FROM unnest($1::uuid[], $2::text[]) AS ended (id, channel)
WHERE messages.id = ended.id AND messages.state = 'waiting'
"""
_UNBROUGHT = """
SELECT id, citizen_id, kind, title, urgency, region, plan FROM messages
WHERE id = ANY($1::uuid[]) AND state IN ('waiting', 'delivered') ORDER BY id
"""
_END = """
UPDATE messages SET state = ended.state, channel = NULL, reason = ended.reason, plan = ended.plan::jsonb
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS ended (id, state, reason, plan)
WHERE messages.id = ended.id
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a send ended, and of which message it was."""

    message_id: UUID
    channel: str
    state: SendState
    reason: str | None


async def lock_messages(message_ids: Sequence[UUID]) -> None:
    """Lock messages, before their sends and the grants these spend."""
    await db.rows(_LOCK, sorted(set(message_ids)))


async def settle(ended: Sequence[Ended]) -> None:
    """Write what came of the messages, locked before, whose sends ended.

    A channel that took one has delivered it. Where one refused, the next is tried; after the last a normal message has
    failed, and a legal one becomes a task of staff. A send that was cut off may have arrived: a normal message is left
    at that, and of a legal one the next channel is tried too.
    """
    brought = [one for one in ended if one.state is SendState.SENT]
    if brought:
        await db.execute(_BROUGHT, [one.message_id for one in brought], [one.channel for one in brought])
    unbrought = {one.message_id: one for one in ended if one.state in {SendState.FAILED, SendState.UNCERTAIN}}
    if unbrought:
        await _go_on(unbrought)


async def _go_on(unbrought: dict[UUID, Ended]) -> None:
    rows, sends, ends = await db.rows(_UNBROUGHT, list(unbrought)), [], []
    for row in rows:
        one, plan = unbrought[row["id"]], json.loads(row["plan"] or "[]")
        urgency = Urgency(row["urgency"])
        if one.state is SendState.UNCERTAIN and urgency is Urgency.NORMAL:
            state = MessageState.UNCERTAIN
        elif plan:
            state = MessageState.WAITING
            sends.append(next_send(row["id"], row["citizen_id"], urgency, plan.pop(0)))
        elif urgency is Urgency.LEGAL:
            state = MessageState.ESCALATED
            await escalate(row["id"], row["citizen_id"], row["title"], row["region"])
        else:
            state = MessageState.FAILED
        reason = None if state is MessageState.WAITING else one.reason
        ends.append((row["id"], state.value, reason, json.dumps(plan, ensure_ascii=False)))
    if sends:
        await Send.bulk_create(sends)
    if ends:
        await db.execute(_END, *(list(column) for column in zip(*ends, strict=True)))


def next_send(message_id: UUID, citizen_id: UUID, urgency: Urgency, planned: dict[str, Any]) -> Send:
    """The send of a plan, due at once."""
    moment = clock.now()
    return Send(
        id=new_id(),
        message_id=message_id,
        citizen_id=citizen_id,
        **planned,
        due_at=moment,
        give_up_at=patience_ends(moment, urgency),
        created_at=moment,
        updated_at=moment,
    )


async def escalate(message_id: UUID, citizen_id: UUID, title: str, region: str | None) -> None:
    """Ask staff to tell somebody what no channel could."""
    await open_task(
        UNREACHED,
        task_key(message_id),
        texts.text("staff_tasks", UNREACHED),
        title,
        citizen_id=citizen_id,
        region=region,
    )


def task_key(message_id: UUID) -> str:
    """The key of the task that a message became."""
    return f"message:{message_id}"


async def read(message: Message) -> None:
    """Note that a citizen, in whose inbox the locked message stands, has opened it: nothing else needs to bring it."""
    if message.read_at is not None:
        return
    message.read_at, message.state, message.reason = clock.now(), MessageState.READ, None
    await message.save(update_fields=["read_at", "state", "reason"])
    await Send.filter(message_id=message.id, state=SendState.WAITING).update(
        state=SendState.DROPPED, updated_at=message.read_at
    )
