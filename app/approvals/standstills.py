"""Where cases hang between the city and the approval systems: read for staff, within their region and department."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.applications.rules import ENDED
from app.approvals.models import Breaker, Channel
from app.identity.rules import region_prefix
from app.identity.staff_accounts import Scope
from app.kit import clock, db, workdays
from app.kit.errors import InvalidCursorError
from app.kit.paging import PAGE, decode_cursor, encode_cursor

SILENT_WORKING_DAYS = 1
# What takes no longer than this is under way and hangs nowhere.
_PATIENCE = timedelta(minutes=1)

# $1 department or *, $2 what regions begin with, $3 ended states, $4 from when on nothing hangs, $5 from when on
# silence is no matter. Nothing is left to be redriven of a refusal once the case is over; a withdrawal that was refused
# stands until the decision comes that it was too late for.
# Most deliveries arrived and most cases are over: what did not arrive is found by the delivery, what was not answered
# by the state of its case.
_STANDSTILLS = """
WITH undelivered AS (
    SELECT delivery.* FROM deliveries AS delivery JOIN applications AS application USING (case_no)
    WHERE delivery.state <> 'delivered' AND (
        delivery.state IN ('waiting', 'sending') AND delivery.created_at < $4
        OR delivery.state = 'refused' AND (
            application.state <> ALL($3::text[]) OR delivery.kind = 'withdrawal' AND application.state = 'withdrawn'
        )
    )
), unanswered AS (
    SELECT delivery.* FROM applications AS application JOIN deliveries AS delivery USING (case_no)
    WHERE application.state IN ('submitted', 'supplemented')
    AND delivery.state = 'delivered' AND delivery.updated_at < $5 AND (
        delivery.kind = 'case' AND application.state = 'submitted'
        OR delivery.kind = 'supplement' AND application.state = 'supplemented' AND NOT EXISTS (
            SELECT 1 FROM deliveries AS later
            WHERE later.case_no = delivery.case_no AND later.kind = 'supplement' AND later.id > delivery.id
        )
    )
), hanging AS (
    SELECT id, case_no, kind, connector, attempts, reason, due_at AS next_try_at, updated_at, created_at AS since,
        NULL::int AS missing,
        CASE state WHEN 'sending' THEN 'ambiguous' WHEN 'delivered' THEN 'no_answer' ELSE state END AS standstill
    FROM (TABLE undelivered UNION ALL TABLE unanswered) AS delivery
    UNION ALL (
        SELECT DISTINCT ON (case_no) event.id, case_no, 'event', NULL, 0, NULL, NULL,
            received_at, received_at, application.last_sequence + 1, 'gap'
        FROM inbox_events AS event JOIN applications AS application USING (case_no)
        WHERE applied_at IS NULL AND received_at < $4
        ORDER BY case_no, sequence
    )
), standstills AS (
    SELECT hanging.*, application.item_code, application.item_name, items.department
    FROM hanging JOIN applications AS application USING (case_no) LEFT JOIN items USING (item_code)
    WHERE $1 IN ('*', items.department) AND COALESCE(items.region, '') LIKE $2 || '%'
)
"""
# $6 a kind of standstill or nothing, $7 a kind of delivery or nothing, $8 and $9 the last row seen, $10 rows.
_LIST = f"""{_STANDSTILLS}
SELECT * FROM standstills
WHERE ($6 = '' OR standstill = $6) AND ($7 = '' OR kind = $7) AND (since, id) > ($8::timestamptz, $9::uuid)
ORDER BY since, id LIMIT $10
"""  # noqa: S608  # fixed words
_COUNT = f"{_STANDSTILLS} SELECT standstill, count(*) AS many FROM standstills GROUP BY standstill"  # noqa: S608  # fixed words
_FIND = f"{_STANDSTILLS} SELECT * FROM standstills WHERE id = $6"  # noqa: S608  # fixed words
_BEGINNING, _FIRST = "0001-01-01T00:00:00+00:00", str(UUID(int=0))

_WAITING = """
SELECT connector, count(*) AS waiting, min(created_at) AS oldest FROM deliveries
WHERE state IN ('waiting', 'sending') AND connector IS NOT NULL GROUP BY connector
"""


class Standstill(StrEnum):
    """How a case hangs: not delivered, delivered without a word, sent without an answer, refused, a word missing."""

    WAITING = "waiting"
    NO_ANSWER = "no_answer"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Hanging:
    """A delivery that hangs, or the first event behind a gap (``kind`` event), whose ``missing`` is the sequence asked
    for.
    """

    id: UUID
    case_no: str
    kind: str
    connector: str | None
    attempts: int
    reason: str | None
    next_try_at: datetime | None
    updated_at: datetime
    since: datetime
    missing: int | None
    standstill: Standstill
    item_code: str
    item_name: str
    department: str | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Hanging":
        """What a row of the query says."""
        return cls(**{**row, "standstill": Standstill(row["standstill"])})


@dataclass(frozen=True, slots=True)
class Load:
    """How a connector stands: what waits for it, since when, and whether its system answers."""

    connector: str
    breaker: Breaker
    probe_at: datetime | None
    waiting: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class HangingPage:
    """A page of what hangs, the oldest first, and how much hangs in which way."""

    items: list[Hanging]
    counts: dict[Standstill, int]
    next_cursor: str | None


def silent_before(now: datetime) -> datetime:
    """What was delivered before this should have been answered: a working day ago, days off not counted."""
    moment, left = now, SILENT_WORKING_DAYS
    while left:
        moment -= timedelta(days=1)
        left -= workdays.is_working_day(moment.astimezone(clock.CITY_TIME).date()) is not None
    return moment


def _within(scope: Scope) -> tuple[Any, ...]:
    now = clock.now()
    return scope.department, region_prefix(scope.region), sorted(ENDED), now - _PATIENCE, silent_before(now)


async def list_standstills(
    scope: Scope, standstill: Standstill | None, kind: str | None, cursor: str | None
) -> HangingPage:
    """What hangs within a scope, the oldest first. Raises InvalidCursorError."""
    key = decode_cursor(cursor, str, str) or (_BEGINNING, _FIRST)
    try:
        after = datetime.fromisoformat(key[0]), UUID(key[1])
    except ValueError as error:
        raise InvalidCursorError from error
    if after[0].tzinfo is None:
        raise InvalidCursorError
    found = await db.rows(_LIST, *_within(scope), standstill or "", kind or "", *after, PAGE + 1)
    counted = {row["standstill"]: row["many"] for row in await db.rows(_COUNT, *_within(scope))}
    items = [Hanging.of(row) for row in found[:PAGE]]
    more = encode_cursor(items[-1].since.isoformat(), str(items[-1].id)) if len(found) > PAGE else None
    return HangingPage(items, {one: counted.get(one, 0) for one in Standstill}, more)


async def find_standstill(scope: Scope, standstill_id: UUID) -> Hanging | None:
    """How a delivery or an event hangs, None where it does not or lies outside the scope."""
    row = await db.row(_FIND, *_within(scope), standstill_id)
    return Hanging.of(row) if row else None


async def list_loads() -> list[Load]:
    """How every connector stands that ever had something to send."""
    waiting = {row["connector"]: row for row in await db.rows(_WAITING)}
    channels = {channel.connector: channel for channel in await Channel.all()}
    loads = []
    for name in sorted({*waiting, *channels}):
        channel, row = channels.get(name) or Channel(connector=name), waiting.get(name, {})
        loads.append(Load(name, channel.breaker, channel.probe_at, row.get("waiting", 0), row.get("oldest")))
    return loads
