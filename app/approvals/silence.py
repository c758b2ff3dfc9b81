"""Asking for what never came: a system may lose the push of an event and its place in the feed as well."""

import asyncio
import logging
from datetime import timedelta

from app.applications.models import State
from app.applications.rules import ENDED
from app.approvals.claims import learn, take_turn
from app.approvals.connectors import Connector, Connectors
from app.approvals.feed import keep_all
from app.approvals.models import Delivery
from app.kit import clock, db
from app.kit.apart import Apart
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError

_log = logging.getLogger(__name__)

SILENT_AFTER = timedelta(days=1)
_GAP_AFTER = timedelta(hours=1)
_SLICE = 500
# As words, since the index of what is under way is found by these words alone.
_NOT_UNDER_WAY = ", ".join(f"'{state.value}'" for state in sorted({State.DRAFT, *ENDED}))

# Delivered, not over, and nothing was heard of it for long; or something was, and what goes before it is missing. A
# withdrawal that was refused came too late for a decision, which is yet to be heard of.
# Sought among the few that can be meant, not among all that were ever delivered.
_SILENT = f"""
WITH candidates AS (
    SELECT case_no, state FROM applications WHERE state NOT IN ({_NOT_UNDER_WAY})
    UNION SELECT case_no, application.state
    FROM deliveries AS late JOIN applications AS application USING (case_no)
    WHERE late.kind = 'withdrawal' AND late.state = 'refused'
    UNION SELECT case_no, application.state
    FROM inbox_events AS event JOIN applications AS application USING (case_no)
    WHERE applied_at IS NULL AND received_at < $4
)
SELECT delivery.id, case_no FROM candidates AS application JOIN deliveries AS delivery USING (case_no)
WHERE delivery.kind = 'case' AND delivery.state = 'delivered' AND delivery.connector = $1 AND (
    delivery.updated_at < $3 AND (asked_at IS NULL OR asked_at < $3)
    AND (application.state <> ALL($2::text[]) OR application.state = 'withdrawn' AND EXISTS (
        SELECT 1 FROM deliveries AS late
        WHERE late.case_no = delivery.case_no AND late.kind = 'withdrawal' AND late.state = 'refused'
    ))
    AND NOT EXISTS (SELECT 1 FROM inbox_events AS event WHERE event.case_no = delivery.case_no AND received_at >= $3)
    OR (asked_at IS NULL OR asked_at < $4) AND EXISTS (
        SELECT 1 FROM inbox_events AS event
        WHERE event.case_no = delivery.case_no AND applied_at IS NULL AND received_at < $4
    )
)
ORDER BY COALESCE(asked_at, delivery.updated_at) LIMIT $5
"""  # noqa: S608  # fixed words


async def ask_silent(connectors: Connectors, name: str) -> int:
    """Ask a connector's system for the events of cases that it has been silent about, at the connector's pace.

    Returns how many were asked about. Where the system is away the rest waits for the next time; whatever it did not
    answer about waits as long as what it did, lest one case hold up all others. Raises RowsFailedError.
    """
    connector = connectors.get(name)
    await connectors.adopt_nameless()
    now = clock.now()
    silent = await db.rows(_SILENT, name, sorted(ENDED), now - SILENT_AFTER, now - _GAP_AFTER, _SLICE)
    with Apart("approvals.ask_silent") as apart:
        for asked, row in enumerate(silent):
            if not await _turn_came(connector):
                return asked
            with apart.row(row["id"]):
                await Delivery.filter(id=row["id"]).update(asked_at=clock.now())
                if not await _ask(connectors, connector, row["case_no"]):
                    return asked
    return len(silent)


async def _turn_came(connector: Connector) -> bool:
    while pause := await take_turn(connector):
        if not pause.paced or pause.until is None:
            return False
        await asyncio.sleep(max((pause.until - clock.now()).total_seconds(), 0))
    return True


async def _ask(connectors: Connectors, connector: Connector, case_no: str) -> bool:
    try:
        remote = await connector.system.get_case(case_no)
    except (TryLaterError, AmbiguousError):
        await learn(connector, answered=False)
        return False
    except RefusedError as error:
        _log.error("case_not_told", extra={"case_no": case_no, "reason": error.reason})
        remote = None
    await learn(connector, answered=True)
    await keep_all(connectors, connector, remote.events if remote else [])
    return True
