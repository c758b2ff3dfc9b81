"""Claims: which delivery may be sent next, whichever worker asks, and what became of it.

A connector's row in ``channels`` is locked for the moment of a claim and of a record. So all workers together keep its
pace, its concurrency and its breaker, and nothing is open while a delivery is sent.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.approvals.connectors import Connector
from app.approvals.models import Breaker, Channel, Delivery, DeliveryState
from app.approvals.rules import (
    LONGEST_REST,
    after_answer,
    after_claim,
    after_failure,
    at_once,
    back_off,
    is_paced,
    may_send,
)
from app.kit import clock, db
from app.kit.db import transaction

_log = logging.getLogger(__name__)

# A rest or a claim that ends later than any may was written by a clock that was wrong.
# Within a case the case itself goes first and its withdrawal last; nothing is said of a case that was refused.
_DUE = """
FROM deliveries AS this
WHERE connector = $1 AND state IN ('waiting', 'sending')
  AND (due_at IS NULL OR due_at <= $2 OR due_at > $3) AND (claimed_until IS NULL OR NOT claimed_until BETWEEN $2 AND $4)
  AND NOT EXISTS (
    SELECT 1 FROM deliveries AS other
    WHERE other.case_no = this.case_no AND other.id <> this.id AND (
        other.state IN ('waiting', 'sending')
        AND (array_position(ARRAY['case', 'supplement', 'withdrawal'], replace(other.kind, 'notice', 'supplement')),
             other.id)
          < (array_position(ARRAY['case', 'supplement', 'withdrawal'], replace(this.kind, 'notice', 'supplement')),
             this.id)
        OR other.kind = 'case' AND other.state = 'refused'
    )
  )
"""
_IS_DUE = f"SELECT id {_DUE} LIMIT 1"
_CLAIM = f"""
WITH next AS (SELECT id, state {_DUE} ORDER BY id LIMIT $5 FOR UPDATE SKIP LOCKED)
UPDATE deliveries SET state = 'sending', attempts = attempts + 1, claimed_until = $6
FROM next WHERE deliveries.id = next.id RETURNING deliveries.*, next.state = 'sending' AS ask
"""  # noqa: S608  # our own words
_IN_FLIGHT = """
SELECT count(*) AS many FROM deliveries
WHERE connector = $1 AND state = 'sending' AND claimed_until BETWEEN $2 AND $3
"""
_NEXT_DUE = """
SELECT min(greatest(due_at, claimed_until)) AS at FROM deliveries
WHERE connector = $1 AND state IN ('waiting', 'sending') AND greatest(due_at, claimed_until) > $2
"""
_RENEW = """
UPDATE deliveries SET claimed_until = $2 WHERE id = ANY($1::uuid[]) AND state = 'sending' AND claimed_until IS NOT NULL
"""
# Beside it stands whether there may be something to learn of the system.
_RECORD = """
WITH recorded AS (
    UPDATE deliveries SET state = $3, reason = $4, due_at = $5, claimed_until = NULL, updated_at = $6
    WHERE id = $1 AND attempts = $2 AND state = 'sending'
)
SELECT breaker, failures FROM channels WHERE connector = $7
"""
_ALL_DUE = """
UPDATE deliveries SET due_at = $2 WHERE id = ANY(ARRAY(
    SELECT id FROM deliveries
    WHERE connector = $1 AND state IN ('waiting', 'sending') AND due_at > $2 AND claimed_until IS NULL
    FOR UPDATE SKIP LOCKED
))
"""
_ASK_FIRST = """
UPDATE deliveries SET state = 'sending', due_at = NULL, claimed_until = NULL, updated_at = $1
WHERE state IN ('waiting', 'sending')
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is the caller's until its claim lapses. ``ask``: it may have arrived, so ask and do not send."""

    delivery: Delivery
    ask: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing may be sent before ``until``, or before somebody writes something; ``paced``: but then there is."""

    until: datetime | None
    paced: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claim. ``answered`` is whether the system did, None where it was not spoken to."""

    state: DeliveryState
    reason: str | None
    answered: bool | None


async def claim(connector: Connector, lifetime: timedelta) -> list[Claim] | Pause:
    """Claim the oldest deliveries that may be sent through a connector now, or say how long there are none."""
    async with transaction():
        channel, now = await _locked(connector.name), clock.now()
        if not may_send(channel, now):
            return Pause(channel.probe_at)
        # The clocks of two workers may be a little apart.
        last_claim = now + 2 * lifetime
        flying = await db.row(_IN_FLIGHT, connector.name, now, last_claim)
        room = connector.concurrency - (flying["many"] if flying else 0)
        if room <= 0:
            return Pause(await _next_due(connector.name, now))
        which = (connector.name, now, now + LONGEST_REST, last_claim)
        if is_paced(channel, now, connector.per_second):
            if await db.row(_IS_DUE, *which):
                return Pause(channel.next_at, paced=True)
            return Pause(await _next_due(connector.name, now))
        most = min(room, at_once(channel, connector.per_second))
        found = await db.rows(_CLAIM, *which, most, now + lifetime)
        if not found:
            return Pause(await _next_due(connector.name, now))
        after_claim(channel, now, connector.per_second, len(found))
        await channel.save(update_fields=["next_at", "breaker", "probe_at"])
        claims = [Claim(db.instance(Delivery, row), row["ask"]) for row in found]
        return sorted(claims, key=lambda one: one.delivery.id)


async def take_turn(connector: Connector) -> Pause | None:
    """Take the next turn of a connector's pace for something else than a delivery; a pause where it is not yet there.

    While its breaker is not closed there is one only for a probe.
    """
    async with transaction():
        channel, now = await _locked(connector.name), clock.now()
        if not may_send(channel, now):
            return Pause(channel.probe_at)
        if is_paced(channel, now, connector.per_second):
            return Pause(channel.next_at, paced=True)
        after_claim(channel, now, connector.per_second)
        await channel.save(update_fields=["next_at", "breaker", "probe_at"])
        return None


async def ask_first() -> int:
    """Have everything that is still to be sent asked about before: it may have arrived. Returns how many."""
    return await db.execute(_ASK_FIRST, clock.now())


async def learn(connector: Connector, *, answered: bool) -> None:
    """Note whether a connector's system answered."""
    async with transaction():
        await _learn(await _locked(connector.name), clock.now(), answered=answered)


async def renew(claimed: Iterable[UUID], lifetime: timedelta) -> None:
    """Keep claims whose holder is alive."""
    await db.execute(_RENEW, list(claimed), clock.now() + lifetime)


async def record(connector: Connector, claimed: Claim, outcome: Outcome) -> None:
    """Write down what became of a claim, unless it lapsed and somebody else has it; and what it says of the system."""
    delivery, now = claimed.delivery, clock.now()
    # What was asked about and has not arrived is sent at once.
    absent = outcome.state is DeliveryState.WAITING and outcome.answered
    due = now if absent else now + back_off(delivery.attempts)
    values = (delivery.id, delivery.attempts, outcome.state, outcome.reason, due, now, connector.name)
    if outcome.answered is False:
        # In one step: between the room that it leaves and its failure's count there is no other claim.
        async with transaction():
            channel = await _locked(connector.name)
            await db.row(_RECORD, *values)
            await _learn(channel, now, answered=False)
        return
    seen = await db.quick().row(_RECORD, *values)
    if not (seen and seen["breaker"] == Breaker.CLOSED and not seen["failures"]):
        await _heed(connector, now, outcome)


async def _heed(connector: Connector, now: datetime, outcome: Outcome) -> None:
    async with transaction():
        channel = await _locked(connector.name)
        if outcome.answered is not None:
            await _learn(channel, now, answered=outcome.answered)
        elif channel.breaker is Breaker.HALF_OPEN:
            # No probe after all: the next may be one at once.
            channel.probe_at = now
            await channel.save(update_fields=["probe_at"])


async def _learn(channel: Channel, now: datetime, *, answered: bool) -> None:
    before = channel.breaker
    if answered and before is Breaker.CLOSED and not channel.failures:
        return
    if answered:
        after_answer(channel)
    else:
        after_failure(channel, now)
    await channel.save(update_fields=["breaker", "failures", "probe_at"])
    if channel.breaker is Breaker.CLOSED and before is not Breaker.CLOSED:
        # They rested because the system was away: from here on the oldest goes first again.
        await db.execute(_ALL_DUE, channel.connector, now)
    if channel.breaker is not before:
        extra = {"connector": channel.connector, "breaker": channel.breaker, "failures": channel.failures}
        _log.log(logging.INFO if answered else logging.WARNING, "breaker_changed", extra=extra)


async def _locked(name: str) -> Channel:
    channel = await Channel.select_for_update().get_or_none(connector=name)
    if channel is None:
        await Channel.bulk_create([Channel(connector=name)], ignore_conflicts=True)
        channel = await Channel.select_for_update().get(connector=name)
    return channel


async def _next_due(name: str, now: datetime) -> datetime | None:
    found = await db.row(_NEXT_DUE, name, now)
    at: datetime | None = found["at"] if found else None
    return at
