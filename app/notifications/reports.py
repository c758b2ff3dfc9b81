"""What the WeChat apps say later of messages they took: whether they arrived. It may come early, late, or twice."""

from datetime import timedelta

from app.kit import clock, db
from app.kit.db import transaction
from app.kit.ids import new_id
from app.notifications import aftermath
from app.notifications.aftermath import Ended
from app.notifications.models import SendState

SUCCESS = "success"
# A record follows its send within seconds, and within a claim's lifetime where the database was away.
_EARLY = timedelta(minutes=2)

_KEEP = """
INSERT INTO send_reports (id, appid, msg_id, outcome, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (appid, msg_id) DO NOTHING
"""
_FOUND = """
SELECT report.id, report.outcome, send.id AS send_id, send.message_id, send.channel
FROM send_reports AS report JOIN sends AS send ON send.msg_id = report.msg_id
    AND send.channel = CASE report.appid WHEN $1 THEN 'mini_program' WHEN $2 THEN 'official_account' END
WHERE report.msg_id = $3 OR $3::text IS NULL AND report.created_at > $4 LIMIT 1000
"""
_HEED = """
UPDATE sends SET state = said.state, reason = said.reason, updated_at = $4
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS said (id, state, reason)
WHERE sends.id = said.id AND sends.state = 'sent'
RETURNING sends.message_id, sends.channel, sends.state, sends.reason
"""
_FORGET = "DELETE FROM send_reports WHERE id = ANY($1::uuid[])"


async def keep_report(appid: str, msg_id: str, outcome: str) -> None:
    """Keep what an app said; the first word counts."""
    async with transaction():
        await db.rows(_KEEP, new_id(), appid, msg_id, outcome[:64], clock.now())


async def settle_reports(appids: tuple[str, str], msg_id: str | None = None) -> int:
    """Heed the report with this ``msg_id``, or those of the last minutes, whose sends are recorded. Returns how many.

    Those that come before our own record are kept, and found by the courier's sweep. Those of
    broadcasts stay for these. A failure moves the message to its next channel.
    """
    async with transaction():
        found = await db.rows(_FOUND, *appids, msg_id, clock.now() - _EARLY)
        if not found:
            return 0
        await aftermath.lock_messages([row["message_id"] for row in found])
        arrived = [row["outcome"] == SUCCESS for row in found]
        rows = await db.rows(
            _HEED,
            [row["send_id"] for row in found],
            [(SendState.DELIVERED if one else SendState.FAILED).value for one in arrived],
            [None if one else row["outcome"] for row, one in zip(found, arrived, strict=True)],
            clock.now(),
        )
        await aftermath.settle(
            [Ended(row["message_id"], row["channel"], SendState(row["state"]), row["reason"]) for row in rows]
        )
        await db.execute(_FORGET, [row["id"] for row in found])
    return len(found)
