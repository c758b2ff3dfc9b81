"""Telling citizens: the inbox always and at once, and one channel after the other until one has brought it."""

import json
import logging
from datetime import datetime
from uuid import UUID

from app.identity.queries import hold_addressee
from app.kit import clock, db, texts
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.ids import new_id
from app.notifications import aftermath
from app.notifications.definitions import Plan, city_messages, plan
from app.notifications.errors import MessageNotFoundError
from app.notifications.models import Message, MessageState
from app.notifications.preferences import preferences_of
from app.notifications.rules import USUAL, Channel, Urgency, due, patience_ends, wanted
from app.notifications.staff_tasks import close_by_itself

_log = logging.getLogger(__name__)

_KEPT = {"item", "case_no", "time", "note", "licence", "verdict", "office", "phrase", "case_tail", "person", "until"}

# Most messages have a channel to try first: one statement writes both rows, and neither where it was told before.
_TELL = """
WITH message AS (
    INSERT INTO messages
        (id, citizen_id, key, kind, urgency, title, text, link, region, state, channel, reason, plan, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14)
    ON CONFLICT (key) DO NOTHING RETURNING id
), send AS (
    INSERT INTO sends
        (id, message_id, citizen_id, channel, template_id, page, data, state, attempts, due_at, give_up_at,
         created_at, updated_at)
    SELECT $15, id, $2, $16::text, $17, $18, $19::jsonb, 'waiting', 0, $20, $21, $14, $14
    FROM message WHERE $16::text IS NOT NULL
)
SELECT id FROM message
"""


async def notify(
    citizen_id: UUID, kind: str, occasion: str, *, link: str | None = None, region: str | None = None, **values: str
) -> None:
    """Tell a citizen something, within the transaction of what happened.

    ``occasion`` names what happened, e.g. a case number: each person is told a kind once per occasion, whatever
    repeats. The message stands in the inbox at once; the other channels hear of it from the worker. ``region`` is the
    place whose staff are asked where a legal message reaches nobody; None is the whole city. Whoever deleted their
    account is told nothing any more.
    """
    addressee = await hold_addressee(citizen_id)
    if addressee is None:
        return
    definition, moment = city_messages().messages[kind], clock.now()
    filled = {name: values.get(name, "") for name in _KEPT}
    filled["time"] = filled["time"] or clock.minute_written(moment)
    filled["case_tail"] = filled["case_no"][-12:]
    legal = definition.urgency is Urgency.LEGAL
    preferences = USUAL if legal else await preferences_of(addressee)
    outlets = dict(city_messages().outlets(kind))
    channels = wanted(outlets, definition.urgency, definition.group, preferences)
    planned = [one for channel in channels if (one := _planned(kind, channel, filled))]
    state = MessageState.WAITING if planned else MessageState.ESCALATED if legal else MessageState.DELIVERED
    message_id = new_id()
    # A note that is a sentence of its own ends before ours does.
    text = definition.text.format(**filled).replace("。。", "。")
    told = await db.rows(
        _TELL,
        *(message_id, addressee, f"{kind}:{occasion}:{addressee}", kind, definition.urgency.value, definition.title),
        *(keyring().seal(text.encode(), "messages.text"), link, region, state.value),
        Channel.INBOX.value if state is MessageState.DELIVERED else None,
        "no_channel" if state is MessageState.ESCALATED else None,
        json.dumps([one.model_dump() for one in planned[1:]], ensure_ascii=False),
        moment,
        *_first(planned, due(moment, definition.urgency, preferences.quiet), definition.urgency),
    )
    if told and state is MessageState.ESCALATED:
        await aftermath.escalate(message_id, addressee, definition.title, region)


def _planned(kind: str, channel: Channel, filled: dict[str, str]) -> Plan | None:
    """A send of a message, None where a value does not fit: what happened must not fail for how it is told."""
    try:
        return plan(kind, channel, dict(city_messages().outlets(kind))[channel], filled)
    except ValueError:
        _log.exception("message_unfit", extra={"kind": kind, "channel": channel})
        return None


def _first(planned: list[Plan], at: datetime, urgency: Urgency) -> tuple[object, ...]:
    if not planned:
        return (None,) * 7
    one = planned[0]
    data = json.dumps(one.data, ensure_ascii=False)
    return new_id(), one.channel.value, one.template_id, one.page, data, at, patience_ends(at, urgency)


async def read_message(citizen_id: UUID, message_id: UUID) -> None:
    """Note that a citizen has opened a message; once more it changes nothing. Raises MessageNotFoundError."""
    async with transaction():
        message = await Message.select_for_update().get_or_none(id=message_id, citizen_id=citizen_id)
        if message is None:
            raise MessageNotFoundError
        escalated = message.state is MessageState.ESCALATED
        await aftermath.read(message)
        if escalated:
            key = aftermath.task_key(message.id)
            await close_by_itself(key, texts.text("staff_tasks", "read"), clock.now())
