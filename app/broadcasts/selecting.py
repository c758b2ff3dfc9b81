"""Choosing the recipients of a broadcast: some thousand followers at a time, in the order of their ids.

Each step is one statement that makes their slices and rows, in one transaction with the place it came to; so a step
that is cut off is done again whole, and memory holds none of them ([decision 29]
(../../docs/decisions/0029-broadcast-slices.md)).
"""

from uuid import UUID

from app.audit import service as audit
from app.broadcasts.models import Broadcast, BroadcastState
from app.identity.rules import region_prefix
from app.kit import clock, db
from app.kit.db import transaction

SLICE = 200
STEP = 50 * SLICE
_FIRST = UUID(int=0)

AUDIENCE = (
    "appid = $1 AND subscribed AND starts_with(coalesce(region, ''), $2) AND ($3::int IS NULL OR $3 = ANY(tag_ids))"
)
"""Who gets a broadcast. $1: the official account, $2: ``region_prefix`` of the region, $3: the group or NULL."""

_SELECT = f"""
WITH page AS MATERIALIZED (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / {SLICE} AS place FROM (
        SELECT id FROM followers WHERE {AUDIENCE} AND id > $4 ORDER BY id LIMIT {STEP}
    ) AS chosen
), made AS (
    INSERT INTO broadcast_slices (broadcast_id, number, total)
    SELECT $5, $6 + place, count(*) FROM page GROUP BY place RETURNING id, number
), filled AS (
    INSERT INTO broadcast_recipients (slice_id, follower_id, state, updated_at)
    SELECT made.id, page.id, 'waiting', $7 FROM page JOIN made ON made.number = $6 + page.place ORDER BY page.id
)
SELECT count(*) AS many, count(DISTINCT place) AS slices, (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last
FROM page
"""  # noqa: S608  # constants


async def select_more(appid: str, broadcast_id: UUID) -> bool:
    """Choose the next recipients of a broadcast that is being sent; whether there may be more.

    Where another worker is at it, there is nothing to do here.
    """
    async with transaction():
        query = Broadcast.select_for_update(skip_locked=True)
        broadcast = await query.get_or_none(id=broadcast_id, state=BroadcastState.SENDING, selected_at=None)
        if broadcast is None:
            return False
        after, moment = broadcast.selected_after or _FIRST, clock.now()
        prefix = region_prefix(broadcast.region)
        made = await db.row(_SELECT, appid, prefix, broadcast.tag, after, broadcast_id, broadcast.slices, moment)
        found = made or {"many": 0, "slices": 0, "last": None}
        broadcast.selected_after = found["last"] or broadcast.selected_after
        broadcast.slices += found["slices"]
        if found["many"] < STEP:
            broadcast.selected_at = moment
        await broadcast.save(update_fields=["selected_after", "slices", "selected_at"])
        if broadcast.selected_at:
            await audit.record(f"broadcast:{broadcast_id}", "system", "broadcast_selected", slices=broadcast.slices)
    return broadcast.selected_at is None
