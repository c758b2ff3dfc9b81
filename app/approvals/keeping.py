"""An event that the approval system pushes, kept by one statement where nothing speaks against it: the usual case.

What is done is what ``inbox.keep_event`` does step by step after the nonce was spent.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from app.approvals.models import InboxEvent
from app.approvals.ports import Event
from app.approvals.readable import readable
from app.kit import clock, db
from app.kit.ids import new_id

# $1 connector, $2 nonce, $3 case, $4 sequence, $5 kind, $6 when it happened, $7 data, $8 now, $9 event, $10 its row,
# $11 to $13 the job. Where something speaks against the event, nothing is done at all; of two that come at this very
# moment with one id or in one place, the later one has spent its nonce, and nothing else.
_KEEP = """
WITH welcome AS (
    SELECT FROM applications WHERE case_no = $3
      AND $1 = (SELECT connector FROM deliveries WHERE case_no = $3 ORDER BY created_at LIMIT 1)
      AND NOT EXISTS (SELECT FROM inbox_events WHERE event_id = $9)
      AND NOT EXISTS (SELECT FROM inbox_events WHERE case_no = $3 AND sequence = $4)
), spent AS (
    INSERT INTO spent_nonces (client_id, nonce, spent_at) SELECT $1, $2, $8 FROM welcome
    ON CONFLICT DO NOTHING RETURNING id
), kept AS (
    INSERT INTO inbox_events (id, event_id, case_no, sequence, kind, occurred_at, data, received_at)
    SELECT $10, $9, $3, $4, $5, $6, $7, $8 FROM spent
    ON CONFLICT DO NOTHING RETURNING id
)
SELECT EXISTS (SELECT FROM spent) AS spent, EXISTS (SELECT FROM kept) AS kept, (
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW('default', $11, 0, $12, NULL, $13::jsonb, NULL)::procrastinate_job_to_defer_v1
    ]) FROM kept
)
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether the nonce was spent, and whether the event was kept and its job deferred."""

    spent: bool
    kept: bool


async def keep_at_once(connector: str, event: Event, nonce: str, task: str) -> Kept:
    """Spend the nonce, keep the event and defer ``task`` for its case, outside any transaction that is open.

    Nothing is done where the event bears no number, where its case is unknown or was handed to no connector or another
    one, and where it or another in its place was kept before: the steps then say what follows.
    """
    if event.sequence is None:
        return Kept(spent=False, kept=False)
    moment: datetime = clock.now()
    said = readable(event.data)
    row = await db.quick().row(
        *(_KEEP, connector, nonce, event.case_no, event.sequence, event.kind.value),
        *(min(event.occurred_at, moment), InboxEvent._meta.fields_map["data"].to_db_value(said, InboxEvent)),
        *(moment, event.event_id, new_id(), task, f"events:{event.case_no}", json.dumps({"case_no": event.case_no})),
    )
    return Kept(spent=bool(row and row["spent"]), kept=bool(row and row["kept"]))
