"""A slice of sends, claimed by one worker in few statements. The rows are locked for that moment only."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.identity.models import Citizen
from app.kit import clock, db
from app.kit.db import transaction
from app.notifications.models import SendState
from app.notifications.preferences import quiet_of
from app.notifications.rules import Channel, Quiet, Urgency, due, patience_ends

# Claims begin and lapse by the database's clock: one worker's may be wrong.
_CLAIM = """
WITH claimed AS (
    UPDATE sends SET state = 'sending', attempts = attempts + 1, claimed_until = now() + $2::interval, updated_at = $1
    WHERE id = ANY(ARRAY(
        SELECT id FROM sends WHERE state = 'waiting' AND COALESCE(due_at, created_at) <= $1
        ORDER BY COALESCE(due_at, created_at) LIMIT $3 FOR UPDATE SKIP LOCKED
    ))
    RETURNING id, message_id, citizen_id, channel, template_id, page, data, attempts, created_at, give_up_at
)
SELECT claimed.*, message.urgency, preference.citizen_id AS prefers, preference.quiet_from, preference.quiet_until,
    account.openid, follower.subscribed, grants.remaining, citizen.phone
FROM claimed
JOIN messages AS message ON message.id = claimed.message_id
LEFT JOIN message_preferences AS preference ON preference.citizen_id = claimed.citizen_id
LEFT JOIN LATERAL (
    SELECT openid FROM wechat_accounts
    WHERE citizen_id = claimed.citizen_id
      AND appid = CASE claimed.channel WHEN 'mini_program' THEN $4 WHEN 'official_account' THEN $5 END
    ORDER BY created_at DESC, id DESC LIMIT 1
) AS account ON true
LEFT JOIN followers AS follower
    ON claimed.channel = 'official_account' AND follower.appid = $5 AND follower.openid = account.openid
LEFT JOIN subscription_grants AS grants
    ON grants.citizen_id = claimed.citizen_id AND grants.template_id = claimed.template_id
LEFT JOIN citizens AS citizen ON claimed.channel = 'sms' AND citizen.id = claimed.citizen_id
"""
# A grant that another worker is spending is waited for and read anew, so that together they spend what there is.
_SPEND = """
WITH wanted AS (
    SELECT citizen_id, template_id, count(*) AS many
    FROM unnest($1::uuid[], $2::text[]) AS send (citizen_id, template_id) GROUP BY citizen_id, template_id
), held AS (
    SELECT grants.id, LEAST(grants.remaining, wanted.many) AS spent
    FROM subscription_grants AS grants JOIN wanted USING (citizen_id, template_id)
    WHERE grants.remaining > 0 ORDER BY grants.id FOR UPDATE OF grants
)
UPDATE subscription_grants SET remaining = remaining - held.spent, updated_at = $3
FROM held WHERE subscription_grants.id = held.id
RETURNING citizen_id, template_id, held.spent
"""
_RENEW = "UPDATE sends SET claimed_until = now() + $2::interval WHERE id = ANY($1::uuid[]) AND state = 'sending'"
# A row that says it was written later than it is now was written by a clock that is ahead by at least as much. It rests
# as long as it was to, by a clock that is right.
_REDATE = """
UPDATE sends SET due_at = COALESCE(due_at, created_at) - (updated_at - now()),
    give_up_at = LEAST(give_up_at, now() + (give_up_at - created_at)),
    created_at = LEAST(created_at, now()), updated_at = now()
WHERE id = ANY(ARRAY(
    SELECT id FROM sends WHERE state = 'waiting' AND updated_at > now() + $1::interval LIMIT $2 FOR UPDATE SKIP LOCKED
))
"""
_CLOCKS_APART = timedelta(minutes=1)
_PATIENCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A send that is the caller's until its claim lapses, with whom it goes to.

    ``openid`` is the receiver's with the channel's app, ``subscribed`` whether they follow the official account,
    ``remaining`` the grants before this slice spent any.
    """

    id: UUID
    message_id: UUID
    citizen_id: UUID
    channel: Channel
    template_id: str
    page: str | None
    data: dict[str, str] = field(repr=False)
    attempts: int
    urgency: Urgency
    give_up_at: datetime
    quiet: Quiet | None
    openid: str | None = field(repr=False)
    subscribed: bool
    remaining: int | None
    phone: bytes | None = field(repr=False)

    def opened_phone(self) -> str | None:
        """The receiver's bound number, opened."""
        number: str | None = Citizen._meta.fields_map["phone"].to_python_value(self.phone)
        return number


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a claimed send. ``spent`` says that it holds a grant, ``refused`` that WeChat knows of none."""

    send: Claimed
    state: SendState
    reason: str | None = None
    msg_id: str | None = None
    due_at: datetime | None = None
    give_up_at: datetime | None = None
    spent: bool = False
    refused: bool = False


async def claim(
    most: int, lifetime: timedelta, appids: tuple[str, str], one_time: Iterable[str]
) -> tuple[list[Claimed], set[UUID], list[Result]]:
    """Claim the sends that are due, at most so many, and spend the grants of those through ``one_time`` templates.

    ``appids`` are the mini-program's and the official account's. Returns those that may be sent, the ids of them that
    hold a grant, and the results of those that may not be sent for their hour or for want of a grant.
    """
    moment, counted = clock.now(), set(one_time)
    async with transaction():
        rows = await db.rows(_CLAIM, moment, lifetime, most, *appids)
        sends = [_claimed(row) for row in rows]
        awake, results = [], []
        for send in sends:
            from_then = due(moment, send.urgency, send.quiet)
            if from_then > moment:
                patience = patience_ends(from_then, send.urgency)
                results.append(Result(send, SendState.WAITING, "quiet", due_at=from_then, give_up_at=patience))
            else:
                awake.append(send)
        need = [send for send in awake if send.template_id in counted and send.openid]
        left = await _spend(need, moment)
    spent: set[UUID] = set()
    for send in need:
        key = (send.citizen_id, send.template_id)
        if left.get(key, 0):
            left[key] -= 1
            spent.add(send.id)
        else:
            results.append(Result(send, SendState.FAILED, "no_grant"))
    waiting = {result.send.id for result in results}
    return [send for send in awake if send.id not in waiting], spent, results


async def _spend(sends: Sequence[Claimed], moment: datetime) -> dict[tuple[UUID, str], int]:
    if not sends:
        return {}
    rows = await db.rows(_SPEND, [one.citizen_id for one in sends], [one.template_id for one in sends], moment)
    return {(row["citizen_id"], row["template_id"]): row["spent"] for row in rows}


def _claimed(row: dict[str, Any]) -> Claimed:
    return Claimed(
        id=row["id"],
        message_id=row["message_id"],
        citizen_id=row["citizen_id"],
        channel=Channel(row["channel"]),
        template_id=row["template_id"],
        page=row["page"],
        data=json.loads(row["data"]),
        attempts=row["attempts"],
        urgency=Urgency(row["urgency"]),
        give_up_at=row["give_up_at"] or row["created_at"] + _PATIENCE,
        quiet=quiet_of(row["quiet_from"], row["quiet_until"], chosen=row["prefers"] is not None),
        openid=row["openid"],
        subscribed=bool(row["subscribed"]),
        remaining=row["remaining"],
        phone=row["phone"],
    )


async def renew(send_ids: Iterable[UUID], lifetime: timedelta) -> None:
    """Keep claims whose holder is alive."""
    await db.execute(_RENEW, list(send_ids), lifetime)


async def redate(most: int) -> int:
    """Date anew what was written by a clock that was ahead, at most so many sends; returns how many.

    What was to go out at once is due. Whoever claims it decides anew whether its hour is quiet.
    """
    return await db.execute(_REDATE, _CLOCKS_APART, most)
