"""What the worker does for broadcasts beside sending them (``app/broadcasts/sender.py``)."""

from datetime import timedelta

from app.broadcasts.rules import event_state
from app.broadcasts.slices import take_event
from app.kit import clock, jobs

DELIVERED = "broadcasts.delivered"

# The event may come before the group it belongs to is recorded; of other messages there is none here.
_AGAIN = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10))


async def take_delivered(broadcaster: str, *, appid: str, msg_id: str, outcome: str, tries: int = 0) -> None:
    """Heed what WeChat says of a message it took: ``success``, or the text of a failure.

    ``broadcaster`` is the app that broadcasts; what is said of others concerns nobody here.
    """
    if appid != broadcaster:
        return
    state, reason = event_state(outcome)
    if not await take_event(msg_id, state, reason) and tries < len(_AGAIN):
        at = clock.now() + _AGAIN[tries]
        await jobs.defer(DELIVERED, at=at, appid=appid, msg_id=msg_id, outcome=outcome, tries=tries + 1)
