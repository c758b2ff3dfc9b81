"""Reads of broadcasts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from app.broadcasts.errors import BroadcastNotFoundError
from app.broadcasts.models import Broadcast, BroadcastState, RecipientState
from app.broadcasts.rules import covers
from app.broadcasts.selecting import AUDIENCE
from app.identity.rules import EVERY_DEPARTMENT, region_prefix
from app.identity.staff_accounts import Scope
from app.kit import db
from app.kit.paging import Page, newest_first

_SAMPLE = 5

_HOW_MANY = f"SELECT count(*) AS many FROM followers WHERE {AUDIENCE}"  # noqa: S608  # constants
_SOME = f"""
SELECT region, subscribed_at FROM followers WHERE {AUDIENCE} ORDER BY id DESC LIMIT {_SAMPLE}
"""  # noqa: S608  # constants
_COUNTS = """
SELECT COALESCE(sum(total), 0)::int AS recipients, COALESCE(sum(open), 0)::int AS open,
    COALESCE(sum(delivered), 0)::int AS delivered, COALESCE(sum(arrived), 0)::int AS arrived,
    COALESCE(sum(failed), 0)::int AS failed, COALESCE(sum(uncertain), 0)::int AS uncertain,
    COALESCE(sum(skipped), 0)::int AS skipped, count(*) FILTER (WHERE NOT done)::int AS left
FROM broadcast_slices WHERE broadcast_id = $1
"""
_REASONS = """
SELECT recipient.state, recipient.reason, count(*) AS many
FROM broadcast_slices AS slice JOIN broadcast_recipients AS recipient ON recipient.slice_id = slice.id
WHERE slice.broadcast_id = $1 AND slice.failed + slice.uncertain + slice.skipped > 0 AND recipient.reason IS NOT NULL
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
_LEDGER = """
SELECT CASE WHEN recipient.state = 'open' THEN 'uncertain'
            WHEN recipient.state = 'waiting' AND broadcast.state = 'stopped' THEN 'skipped'
            ELSE recipient.state END AS state, count(*) AS many
FROM broadcast_recipients AS recipient
JOIN broadcast_slices AS slice ON slice.id = recipient.slice_id
JOIN broadcasts AS broadcast ON broadcast.id = slice.broadcast_id
GROUP BY 1
"""
_CREATED = "SELECT COALESCE(sum(total), 0)::bigint AS many FROM broadcast_slices"


@dataclass(frozen=True, slots=True)
class Counts:
    """How a broadcast's recipients stand. ``left`` are slices that are not through."""

    recipients: int
    open: int
    delivered: int
    arrived: int
    failed: int
    uncertain: int
    skipped: int
    left: int

    @property
    def ended(self) -> dict[str, int]:
        """Those whose turn is over, by how."""
        return {name: getattr(self, name) for name in ("delivered", "failed", "uncertain", "skipped")}

    @property
    def waiting(self) -> int:
        """Those whose turn is yet to come."""
        return self.recipients - self.open - sum(self.ended.values())


@dataclass(frozen=True, slots=True)
class Preview:
    """How many would get a broadcast, and some of them: the region whose notices they want, and since when."""

    recipients: int
    sample: list[tuple[str | None, datetime | None]]


async def list_broadcasts(scope: Scope, state: BroadcastState | None, cursor: str | None) -> Page[Broadcast]:
    """The broadcasts within a scope, the newest first. Raises InvalidCursorError."""
    which = Q() if scope.region is None else Q(region__startswith=region_prefix(scope.region))
    if scope.department != EVERY_DEPARTMENT:
        which &= Q(department=scope.department)
    if state is not None:
        which &= Q(state=state)
    return await newest_first(Broadcast.filter(which), cursor)


async def get_broadcast(scope: Scope, broadcast_id: UUID) -> Broadcast:
    """A broadcast within a scope. Raises BroadcastNotFoundError."""
    broadcast = await Broadcast.get_or_none(id=broadcast_id)
    if broadcast is None or not covers(scope, broadcast.region, broadcast.department):
        raise BroadcastNotFoundError
    return broadcast


async def preview(appid: str, broadcast: Broadcast) -> Preview:
    """Who would get a broadcast if it were sent at this moment."""
    audience = (appid, region_prefix(broadcast.region), broadcast.tag)
    counted = await db.row(_HOW_MANY, *audience)
    some = await db.rows(_SOME, *audience)
    return Preview(int(counted["many"]) if counted else 0, [(one["region"], one["subscribed_at"]) for one in some])


async def count_slices(broadcast_id: UUID) -> Counts:
    """How a broadcast's recipients stand."""
    (found,) = await db.rows(_COUNTS, broadcast_id)
    return Counts(**found)


async def count_reasons(broadcast_id: UUID) -> list[tuple[RecipientState, str, int]]:
    """Why recipients of a broadcast got nothing, or perhaps nothing: state, reason and how many, the most first."""
    return [(RecipientState(row["state"]), row["reason"], row["many"]) for row in await db.rows(_REASONS, broadcast_id)]


async def ledger() -> dict[str, int]:
    """How all recipients of all broadcasts stand: ``created`` by the slices, the rest by the recipients themselves.

    ``skipped`` are those who do not follow any more, and those whom a stop came before. What is on its way
    counts as uncertain, since its answer is not known.
    """
    counts = dict.fromkeys(("waiting", "delivered", "failed", "uncertain", "skipped"), 0)
    counts |= {found["state"]: int(found["many"]) for found in await db.rows(_LEDGER)}
    (created,) = await db.rows(_CREATED)
    return {"created": int(created["many"]), **counts}
