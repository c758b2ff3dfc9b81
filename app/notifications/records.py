"""What became of a slice of sends, written down in few statements."""

from collections.abc import Sequence
from datetime import timedelta

from app.kit import clock, db
from app.kit.db import transaction
from app.notifications import aftermath
from app.notifications.aftermath import Ended
from app.notifications.claims import Result
from app.notifications.models import SendState

_RECORD = """
UPDATE sends SET
    state = CASE WHEN result.state = 'waiting' AND message.read_at IS NOT NULL THEN 'dropped' ELSE result.state END,
    reason = result.reason, msg_id = result.msg_id, due_at = result.due_at,
    give_up_at = COALESCE(result.give_up_at, sends.give_up_at), claimed_until = NULL, updated_at = $9
FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[],
    $8::uuid[]) AS result (id, attempts, state, reason, msg_id, due_at, give_up_at, message_id)
JOIN messages AS message ON message.id = result.message_id
WHERE sends.id = result.id AND sends.attempts = result.attempts AND sends.state = 'sending'
RETURNING sends.id, sends.message_id, sends.citizen_id, sends.template_id, sends.channel, sends.state, sends.reason
"""
_GIVE_BACK = """
WITH back AS (
    SELECT citizen_id, template_id, count(*) AS many
    FROM unnest($1::uuid[], $2::text[]) AS send (citizen_id, template_id) GROUP BY citizen_id, template_id
), held AS (
    SELECT grants.id, back.many FROM subscription_grants AS grants JOIN back USING (citizen_id, template_id)
    ORDER BY grants.id FOR UPDATE OF grants
)
UPDATE subscription_grants SET remaining = remaining + held.many, updated_at = $3
FROM held WHERE subscription_grants.id = held.id
"""
_NONE_LEFT = """
WITH held AS (
    SELECT grants.id FROM subscription_grants AS grants
    JOIN unnest($1::uuid[], $2::text[]) AS send (citizen_id, template_id) USING (citizen_id, template_id)
    ORDER BY grants.id FOR UPDATE OF grants
)
UPDATE subscription_grants SET remaining = 0, updated_at = $3 FROM held WHERE subscription_grants.id = held.id
"""
_LAPSED = """
SELECT id, message_id FROM sends
WHERE state = 'sending' AND COALESCE(claimed_until, updated_at + $1::interval) < now() LIMIT 1000
"""
_END_LAPSED = """
UPDATE sends SET state = 'uncertain', reason = 'cut_off', claimed_until = NULL, updated_at = $1
WHERE id = ANY($3::uuid[]) AND state = 'sending' AND COALESCE(claimed_until, updated_at + $2::interval) < now()
RETURNING message_id, channel
"""
_HELD = "SELECT DISTINCT message_id FROM sends WHERE state IN ('waiting', 'sending') LIMIT 1000"
_FORGET_PLANS = "UPDATE messages SET plan = NULL WHERE id = ANY($1::uuid[])"
_END_UNSENT = """
UPDATE sends SET state = 'uncertain', reason = $3, claimed_until = NULL, updated_at = $1
WHERE message_id = ANY($2::uuid[]) AND state IN ('waiting', 'sending')
RETURNING message_id, channel
"""

_UNSENT = {SendState.WAITING, SendState.FAILED}


async def record(results: Sequence[Result]) -> None:
    """Write down what became of claimed sends and of their messages, unless their claims lapsed meanwhile."""
    moment = clock.now()
    columns = [
        [result.send.id for result in results],
        [result.send.attempts for result in results],
        [result.state.value for result in results],
        [result.reason for result in results],
        [result.msg_id for result in results],
        [result.due_at for result in results],
        [result.give_up_at for result in results],
        [result.send.message_id for result in results],
    ]
    by_id = {result.send.id: result for result in results}
    async with transaction():
        await aftermath.lock_messages([result.send.message_id for result in results])
        rows = await db.rows(_RECORD, *columns, moment)
        unsent = [row for row in rows if by_id[row["id"]].spent and by_id[row["id"]].state in _UNSENT]
        none_left = [row for row in rows if by_id[row["id"]].refused]
        back = [row for row in unsent if not by_id[row["id"]].refused]
        for statement, which in ((_GIVE_BACK, back), (_NONE_LEFT, none_left)):
            if which:
                whose = [row["citizen_id"] for row in which], [row["template_id"] for row in which]
                await db.execute(statement, *whose, moment)
        await aftermath.settle(
            [Ended(row["message_id"], row["channel"], SendState(row["state"]), row["reason"]) for row in rows]
        )


async def end_lapsed(lifetime: timedelta) -> int:
    """Mark sends whose worker died as uncertain: they may have gone out. Returns how many."""
    async with transaction():
        found = await db.rows(_LAPSED, lifetime)
        if not found:
            return 0
        await aftermath.lock_messages([row["message_id"] for row in found])
        rows = await db.rows(_END_LAPSED, clock.now(), lifetime, [row["id"] for row in found])
        await aftermath.settle(
            [Ended(row["message_id"], row["channel"], SendState.UNCERTAIN, "cut_off") for row in rows]
        )
    return len(rows)


async def end_unsent(reason: str) -> int:
    """Let nothing go out that has not yet: it may have before, unknown to this database. Returns how many sends.

    The messages stay in the inbox; legal ones become tasks of staff, since no channel may bring them twice.
    """
    ended = 0
    while True:
        async with transaction():
            messages = [row["message_id"] for row in await db.rows(_HELD)]
            if not messages:
                return ended
            await aftermath.lock_messages(messages)
            await db.execute(_FORGET_PLANS, messages)
            rows = await db.rows(_END_UNSENT, clock.now(), messages, reason)
            await aftermath.settle(
                [Ended(row["message_id"], row["channel"], SendState.UNCERTAIN, reason) for row in rows]
            )
            ended += len(rows)
