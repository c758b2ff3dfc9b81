"""What the worker does for notifications, beside sending."""

from uuid import UUID

from app.kit.db import transaction
from app.notifications.reports import keep_report, settle_reports
from app.notifications.service import notify

DELIVERED = "notifications.delivered"


async def tell(citizen_id: str, kind: str, occasion: str) -> None:
    """Tell a citizen something on behalf of a room that stands below this one."""
    async with transaction():
        await notify(UUID(citizen_id), kind, occasion)


async def hear_delivered(appids: tuple[str, str], appid: str, msg_id: str, outcome: str) -> None:
    """Note what became of a message that an app took: ``outcome`` is "success" or the reason why it did not arrive.

    What is said of a message that is not recorded here is kept: it may be said of a broadcast's.
    """
    await keep_report(appid, msg_id, outcome)
    await settle_reports(appids, msg_id)
