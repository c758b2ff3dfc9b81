"""Asking the approval systems for events: of one case where some are missing, and of all that happened since."""

import logging

from app.approvals.connectors import Connector, Connectors
from app.approvals.errors import CaseUnknownError, EventConflictError
from app.approvals.inbox import keep_event
from app.approvals.models import FeedCursor
from app.approvals.ports import Event
from app.kit import clock
from app.kit.db import transaction

_log = logging.getLogger(__name__)


async def ask_case(connectors: Connectors, case_no: str) -> None:
    """Ask for the events of one case, where one was missed."""
    connector = await connectors.of_case(case_no)
    remote = await connector.system.get_case(case_no)
    await keep_all(connectors, connector, remote.events if remote else [])


async def read_feed(connectors: Connectors, name: str) -> None:
    """Read a connector's feed to its end and keep what never came by itself.

    The place where it was read to moves on once everything before it is kept.
    """
    connector = connectors.get(name)
    known = await FeedCursor.get_or_none(id=name)
    cursor = known.cursor if known else "0"
    while True:
        page = await connector.system.events_after(cursor)
        await keep_all(connectors, connector, page.events)
        if page.next_cursor == cursor:
            return
        cursor = page.next_cursor
        await FeedCursor.update_or_create(id=name, defaults={"cursor": cursor, "updated_at": clock.now()})


async def keep_all(connectors: Connectors, connector: Connector, events: list[Event]) -> None:
    """Keep events that a connector brought; one that cannot be kept is logged and holds up no other."""
    for event in events:
        try:
            async with transaction():
                await keep_event(connectors, connector.name, event)
        except (CaseUnknownError, EventConflictError) as error:
            extra = {"connector": connector.name, "event_id": event.event_id, "reason": error.code}
            _log.error("event_not_kept", extra=extra)
