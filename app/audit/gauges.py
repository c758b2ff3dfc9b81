"""How the audit stands, for Prometheus: the same in every process."""

from prometheus_client import Gauge

from app.kit import db

_WAITING = Gauge("jiaban_audit_waiting_seconds", "age of the newest checkpoint while records wait for the next one")

_SINCE = """
SELECT COALESCE(extract(epoch FROM now() - max(at)), 0)::float AS seconds FROM audit_checkpoints
WHERE EXISTS (SELECT FROM audit_changes)
"""


async def measure() -> None:
    """Set the gauge."""
    (found,) = await db.rows(_SINCE)
    _WAITING.set(found["seconds"])
