"""Telling citizens: the inbox always and at once, and one channel after the other until one has brought it."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.identity.queries import hold_addressees
from app.kit import clock, db, texts
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.ids import new_id
from app.notifications import aftermath
from app.notifications.definitions import Plan, city_messages, plan
from app.notifications.errors import MessageNotFoundError
from app.notifications.models import Message, MessageState
from app.notifications.preferences import preferences_of_all
from app.notifications.rules import USUAL, Channel, Preferences, Urgency, due, patience_ends, wanted
from app.notifications.staff_tasks import close_by_itself

_log = logging.getLogger(__name__)

_KEPT = {"item", "case_no", "time", "note", "licence", "verdict", "office", "phrase", "case_tail", "person", "until"}

# Both rows by one statement, the send where there is a channel to try first; neither where it was told before.
_TELL = """
WITH told AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::text[], $9::text[],
        $10::text[], $11::text[], $12::text[], $13::jsonb[], $14::uuid[], $15::text[], $16::text[], $17::text[],
        $18::jsonb[], $19::timestamptz[], $20::timestamptz[]
    ) AS told (id, citizen_id, key, kind, urgency, title, text, link, region, state, channel, reason, plan,
        send_id, send_channel, template_id, page, data, due_at, give_up_at)
), message AS (
    INSERT INTO messages
        (id, citizen_id, key, kind, urgency, title, text, link, region, state, channel, reason, plan, created_at)
    SELECT id, citizen_id, key, kind, urgency, title, text, link, region, state, channel, reason, plan, $21 FROM told
    ON CONFLICT (key) DO NOTHING RETURNING id
), send AS (
    INSERT INTO sends
        (id, message_id, citizen_id, channel, template_id, page, data, state, attempts, due_at, give_up_at,
         created_at, updated_at)
    SELECT send_id, id, citizen_id, send_channel, template_id, page, data, 'waiting', 0, due_at, give_up_at, $21, $21
    FROM message JOIN told USING (id) WHERE send_id IS NOT NULL
)
SELECT id FROM message
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a citizen is to be told: the fields are those of ``notify``."""

    citizen_id: UUID
    kind: str
    occasion: str
    link: str | None = None
    region: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Written:
    """A message of a letter, as its row and its first send's say it."""

    message_id: UUID
    addressee: UUID
    title: str
    region: str | None
    state: MessageState
    columns: tuple[object, ...]


async def notify(
    citizen_id: UUID, kind: str, occasion: str, *, link: str | None = None, region: str | None = None, **values: str
) -> None:
    """Tell a citizen something, within the transaction of what happened.

    ``occasion`` names what happened, e.g. a case number: each person is told a kind once per occasion, whatever
    repeats. The message stands in the inbox at once; the other channels hear of it from the worker. ``region`` is the
    place whose staff are asked where a legal message reaches nobody; None is the whole city. Whoever deleted their
    account is told nothing any more.
    """
    await notify_all([Letter(citizen_id, kind, occasion, link, region, values)])


async def notify_all(letters: Sequence[Letter]) -> None:
    """Tell several citizens something, as ``notify`` does one, by three statements in all."""
    hearing, moment = await hold_addressees(letter.citizen_id for letter in letters), clock.now()
    choosing = {hearing[one.citizen_id] for one in letters if one.citizen_id in hearing and not _is_legal(one)}
    preferences = await preferences_of_all(choosing) if choosing else {}
    written = [
        _write(one, addressee, preferences.get(addressee, USUAL), moment)
        for one in letters
        if (addressee := hearing.get(one.citizen_id))
    ]
    if not written:
        return
    columns = map(list, zip(*(one.columns for one in written), strict=True))
    told = {row["id"] for row in await db.rows(_TELL, *columns, moment)}
    for one in written:
        if one.message_id in told and one.state is MessageState.ESCALATED:
            await aftermath.escalate(one.message_id, one.addressee, one.title, one.region)


def _is_legal(letter: Letter) -> bool:
    return city_messages().messages[letter.kind].urgency is Urgency.LEGAL


def _write(letter: Letter, addressee: UUID, preferences: Preferences, moment: datetime) -> _Written:
    kind, definition = letter.kind, city_messages().messages[letter.kind]
    filled = {name: letter.values.get(name, "") for name in _KEPT}
    filled["time"] = filled["time"] or clock.minute_written(moment)
    filled["case_tail"] = filled["case_no"][-12:]
    legal = definition.urgency is Urgency.LEGAL
    preferences = USUAL if legal else preferences
    outlets = dict(city_messages().outlets(kind))
    channels = wanted(outlets, definition.urgency, definition.group, preferences)
    planned = [one for channel in channels if (one := _planned(kind, channel, filled))]
    state = MessageState.WAITING if planned else MessageState.ESCALATED if legal else MessageState.DELIVERED
    message_id = new_id()
    # A note that is a sentence of its own ends before ours does.
    text = definition.text.format(**filled).replace("。。", "。")
    columns = (
        *(message_id, addressee, f"{kind}:{letter.occasion}:{addressee}", kind, definition.urgency.value),
        *(definition.title, keyring().seal(text.encode(), "messages.text"), letter.link, letter.region, state.value),
        Channel.INBOX.value if state is MessageState.DELIVERED else None,
        "no_channel" if state is MessageState.ESCALATED else None,
        json.dumps([one.model_dump() for one in planned[1:]], ensure_ascii=False),
        *_first(planned, due(moment, definition.urgency, preferences.quiet), definition.urgency),
    )
    return _Written(message_id, addressee, definition.title, letter.region, state, columns)


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
