"""What the WeChat apps say later of messages they took: whether they arrived. It may come early, late, or twice."""

from app.kit import clock, db
from app.kit.db import transaction
from app.kit.ids import new_id
from app.notifications import aftermath
from app.notifications.aftermath import Ended
from app.notifications.models import SendState

SUCCESS = "success"

_KEEP = """
INSERT INTO send_reports (id, appid, msg_id, outcome, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (appid, msg_id) DO NOTHING
"""
_FOUND = """
SELECT report.id, report.outcome, send.id AS send_id, send.message_id, send.channel
FROM send_reports AS report JOIN sends AS send ON send.msg_id = report.msg_id
    AND send.channel = CASE report.appid WHEN $1 THEN 'mini_program' WHEN $2 THEN 'official_account' END
LIMIT 1000
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


async def settle_reports(appids: tuple[str, str]) -> int:
    """Heed the reports whose sends are recorded; the others stay. Returns how many.

    Kept before it is sought, a report meets its send whichever of the two is committed first: whoever comes second
    finds the other, and the courier's sweep finds what neither saw. A failure moves the message to its next channel.
    """
    async with transaction():
        found = await db.rows(_FOUND, *appids)
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
