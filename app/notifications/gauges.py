"""What waits to be sent, for Prometheus: read from the database when it asks, the same in every process."""

from prometheus_client import Gauge

from app.notifications.queries import age, queues
from app.notifications.rules import Channel

_WAITING = Gauge("jiaban_messages_waiting", "messages that a channel is still to bring", ["channel"])
_OLDEST = Gauge("jiaban_message_oldest_seconds", "age of the oldest message that waits for a channel", ["channel"])


async def measure() -> None:
    """Set the gauges."""
    found = {queue.channel: queue for queue in await queues()}
    for channel in Channel:
        if channel is not Channel.INBOX:
            queue = found.get(channel)
            _WAITING.labels(channel).set(queue.waiting if queue else 0)
            _OLDEST.labels(channel).set(age(queue) if queue else 0.0)
