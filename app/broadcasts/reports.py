"""What WeChat says later of messages it took, which notifications keep until somebody finds theirs in it."""

from app.broadcasts.rules import reported
from app.broadcasts.slices import heed_reports
from app.kit import db
from app.kit.db import transaction

MOST = 1_000

_FOUND = """
SELECT report.id AS report_id, report.outcome, recipient.id, recipient.slice_id
FROM send_reports AS report JOIN broadcast_recipients AS recipient ON recipient.msg_id = report.msg_id
WHERE report.appid = $1 LIMIT $2
"""
_FORGET = "DELETE FROM send_reports WHERE id = ANY($1::uuid[])"


async def settle_reports(appid: str) -> int:
    """Heed what the official account said of broadcast messages, at most ``MOST`` at once; returns of how many.

    A report that comes before its message is recorded stays until it is.
    """
    async with transaction():
        found = await db.rows(_FOUND, appid, MOST)
        if found:
            said = {row["id"]: reported(row["outcome"]) for row in found}
            await heed_reports(sorted({row["slice_id"] for row in found}), said)
            await db.execute(_FORGET, [row["report_id"] for row in found])
    return len(found)
