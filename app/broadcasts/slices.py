"""Slices: who has which, which of their recipients are being sent to, and what became of them.

A recipient is sent to by whoever turned it from waiting into open, which happens once, under the lock of its slice and
with an attempt that is still the slice's own. So nobody is sent to twice, whatever clocks say. The lease says only when
a slice may be given to somebody else: its end is told by the database's clock and pushed on while its worker lives.
What a dead worker had open is uncertain from then on; a late word about it is still heeded.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.broadcasts.definitions import broadcasting
from app.broadcasts.models import BroadcastState, RecipientState
from app.broadcasts.rules import next_day, rests_until
from app.kit import clock, db
from app.kit.db import transaction

GROUP = 50
"""How many of a slice are sent to at once; between two groups a stop is heeded."""

_LAPSED = """
UPDATE broadcast_slices SET leased_until = NULL, attempt = attempt + 1 WHERE id = ANY(ARRAY(
    SELECT id FROM broadcast_slices WHERE leased_until < clock_timestamp() FOR UPDATE SKIP LOCKED
)) RETURNING id
"""
_CUT_OFF = """
UPDATE broadcast_recipients SET state = 'uncertain', reason = 'cut_off', updated_at = $2
WHERE slice_id = ANY($1::bigint[]) AND state = 'open'
"""
_END_UNSENT = """
WITH ended AS (
    UPDATE broadcast_recipients SET state = 'uncertain', reason = $1, updated_at = $2
    WHERE state IN ('waiting', 'open') AND slice_id IN (
        SELECT slice.id FROM broadcast_slices AS slice JOIN broadcasts AS broadcast ON broadcast.id = slice.broadcast_id
        WHERE broadcast.state IN ('sending', 'paused')
    )
    RETURNING slice_id
)
UPDATE broadcast_slices SET leased_until = NULL, attempt = attempt + 1
WHERE id = ANY(ARRAY(SELECT slice_id FROM ended)) RETURNING id
"""
_CLAIM = """
UPDATE broadcast_slices SET leased_until = clock_timestamp() + make_interval(secs => $2::float), attempt = attempt + 1
WHERE id = (
    SELECT id FROM broadcast_slices WHERE broadcast_id = $1 AND NOT done AND leased_until IS NULL
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id, attempt
"""
_RENEW = """
UPDATE broadcast_slices AS slice SET leased_until = clock_timestamp() + make_interval(secs => $3::float)
FROM unnest($1::bigint[], $2::int[]) AS mine(id, attempt)
WHERE slice.id = mine.id AND slice.attempt = mine.attempt AND slice.leased_until IS NOT NULL
"""
_LOCK = """
SELECT slice.attempt, broadcast.state, broadcast.waits_until, broadcast.failures, broadcast.urgent
FROM broadcast_slices AS slice JOIN broadcasts AS broadcast ON broadcast.id = slice.broadcast_id
WHERE slice.id = $1 FOR UPDATE OF slice
"""
# A late word of who lost the slice still settles what stands as uncertain, but puts nobody back.
_RECORD = """
UPDATE broadcast_recipients AS recipient
SET state = said.state, reason = said.reason, msg_id = said.msg_id, attempts = recipient.attempts + said.tried,
    updated_at = $6
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::int[]) AS said(id, state, reason, msg_id, tried)
WHERE recipient.id = said.id
  AND (recipient.state = 'open' OR recipient.state = 'uncertain' AND said.state <> 'waiting')
"""
_OPEN = """
UPDATE broadcast_recipients AS recipient
SET state = CASE WHEN next.openid IS NULL THEN 'skipped' ELSE 'open' END,
    reason = CASE WHEN next.openid IS NULL THEN 'unsubscribed' END, updated_at = $3
FROM (
    SELECT waiting.id, waiting.attempts, follower.openid FROM broadcast_recipients AS waiting
    LEFT JOIN followers AS follower ON follower.id = waiting.follower_id AND follower.subscribed
    WHERE waiting.slice_id = $1 AND waiting.state = 'waiting' ORDER BY waiting.id LIMIT $2
) AS next
WHERE recipient.id = next.id RETURNING recipient.id, next.openid, next.attempts
"""
_COUNT = """
UPDATE broadcast_slices SET
    (open, delivered, arrived, failed, uncertain, skipped, done) = (
        SELECT count(*) FILTER (WHERE state = 'open'), count(*) FILTER (WHERE state = 'delivered'),
            count(*) FILTER (WHERE arrived), count(*) FILTER (WHERE state = 'failed'),
            count(*) FILTER (WHERE state = 'uncertain'), count(*) FILTER (WHERE state = 'skipped'),
            count(*) FILTER (WHERE state IN ('waiting', 'open')) = 0
        FROM broadcast_recipients WHERE slice_id = broadcast_slices.id
    )
WHERE id = ANY($1::bigint[]) RETURNING total - open - delivered - failed - uncertain - skipped AS waiting
"""
_OPENED = "UPDATE broadcast_slices SET open = open + $2, skipped = skipped + $3 WHERE id = $1"
_HOLD = "SELECT id FROM broadcast_slices WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"
_HEED = """
UPDATE broadcast_recipients AS recipient SET state = said.state, reason = said.reason,
    arrived = (said.state = 'delivered'), updated_at = $4
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS said(id, state, reason)
WHERE recipient.id = said.id AND recipient.state = 'delivered'
"""
_RELEASE = "UPDATE broadcast_slices SET leased_until = NULL WHERE id = $1 AND attempt = $2"
_TAKE_DAY = """
INSERT INTO broadcast_days (day, opened) VALUES ($1, $2)
ON CONFLICT (day) DO UPDATE SET opened = broadcast_days.opened + excluded.opened
WHERE broadcast_days.opened + excluded.opened <= $3 RETURNING opened
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """A slice that is the caller's, for the ``attempt``-th time that it is anybody's."""

    slice_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A recipient to be sent to now, by the caller alone. ``attempts`` counts the tries before."""

    id: int
    openid: str = field(repr=False)
    attempts: int


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a send. ``tried`` is 1 where it counts as a try of this recipient's."""

    id: int
    state: RecipientState
    reason: str | None = None
    msg_id: str | None = None
    tried: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """The next group of a slice; nobody where it is over for the caller. ``failures`` are the broadcast's in a row.

    ``hold`` is a moment before which the whole broadcast is to rest.
    """

    opened: list[Opened]
    failures: int = 0
    hold: datetime | None = None


async def end_lapsed() -> int:
    """Take the slices of workers that died; returns how many. What those had open is uncertain."""
    async with transaction():
        lapsed = [found["id"] for found in await db.rows(_LAPSED)]
        if lapsed:
            await db.execute(_CUT_OFF, lapsed, clock.now())
            await db.rows(_COUNT, lapsed)
    return len(lapsed)


async def end_unsent(reason: str) -> int:
    """Let nobody get a broadcast under way who has not got it yet: they may have, unknown to this database.

    Returns how many slices this ended.
    """
    async with transaction():
        ended = [found["id"] for found in await db.rows(_END_UNSENT, reason, clock.now())]
        if ended:
            await db.rows(_COUNT, ended)
    return len(ended)


async def claim(broadcast_id: UUID, seconds: float) -> Lease | None:
    """The next slice of a broadcast that nobody has, for so long; None where there is none."""
    found = await db.row(_CLAIM, broadcast_id, seconds)
    return Lease(found["id"], found["attempt"]) if found else None


async def renew(leases: Collection[Lease], seconds: float) -> None:
    """Keep slices whose worker is alive."""
    await db.execute(_RENEW, [one.slice_id for one in leases], [one.attempt for one in leases], seconds)


async def take_turn(lease: Lease, results: Sequence[Result], *, more: bool) -> Turn:
    """Record what became of the last group of a slice, and open the next one where there is ``more`` to be sent.

    Where nothing may be sent (any more), nobody is opened and the slice is given back.
    """
    async with transaction():
        found, moment = await db.row(_LOCK, lease.slice_id), clock.now()
        if results:
            await db.execute(_RECORD, *_columns(results), moment)
        mine = found is not None and found["attempt"] == lease.attempt
        if found and mine and more and _may_send(found, moment):
            turn = await _open(lease.slice_id, moment, 1 if found["failures"] else GROUP)
        else:
            await db.rows(_COUNT, [lease.slice_id])
            turn = Turn([])
        if mine and not turn.opened:
            await db.execute(_RELEASE, lease.slice_id, lease.attempt)
    return Turn(turn.opened, found["failures"], turn.hold) if found else turn


def _may_send(found: dict[str, Any], moment: datetime) -> bool:
    waits = found["waits_until"] is not None and found["waits_until"] > moment
    rests = rests_until(moment, broadcasting().night, urgent=found["urgent"]) is not None
    return found["state"] == BroadcastState.SENDING and not waits and not rests


async def _open(slice_id: int, moment: datetime, most: int) -> Turn:
    """Open the next of a slice who still follow; those who do not are skipped."""
    day = moment.astimezone(clock.CITY_TIME).date()
    while True:
        (counted,) = await db.rows(_COUNT, [slice_id])
        many = min(most, counted["waiting"])
        if not many:
            return Turn([])
        if not await db.row(_TAKE_DAY, day, many, broadcasting().most_a_day):
            return Turn([], hold=next_day(moment))
        rows = await db.rows(_OPEN, slice_id, many, moment)
        opened = [Opened(row["id"], row["openid"], row["attempts"]) for row in rows if row["openid"] is not None]
        await db.execute(_OPENED, slice_id, len(opened), len(rows) - len(opened))
        if opened:
            return Turn(opened)


def _columns(results: Sequence[Result]) -> list[list[Any]]:
    return [
        [one.id for one in results],
        [one.state.value for one in results],
        [one.reason for one in results],
        [one.msg_id for one in results],
        [one.tried for one in results],
    ]


async def heed_reports(slice_ids: list[int], said: Mapping[int, tuple[RecipientState, str | None]]) -> None:
    """Settle delivered recipients of some slices by what WeChat said of them, within the caller's transaction."""
    await db.rows(_HOLD, slice_ids)
    states, reasons = [state.value for state, _ in said.values()], [reason for _, reason in said.values()]
    await db.execute(_HEED, list(said), states, reasons, clock.now())
    await db.rows(_COUNT, slice_ids)
