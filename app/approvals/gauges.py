"""How the connectors stand, for Prometheus: read from the database when it asks, the same in every process."""

from prometheus_client import Gauge

from app.approvals.models import Breaker
from app.approvals.standstills import list_loads
from app.kit import clock

_WAITING = Gauge("jiaban_deliveries_waiting", "deliveries that have not arrived", ["connector"])
_OLDEST = Gauge("jiaban_delivery_oldest_seconds", "age of the oldest delivery that has not arrived", ["connector"])
_BREAKER = Gauge("jiaban_connector_breaker", "0 the system answers, 1 it is being tried, 2 it is away", ["connector"])
_LEVEL = {Breaker.CLOSED: 0, Breaker.HALF_OPEN: 1, Breaker.OPEN: 2}


async def measure() -> None:
    """Set the gauges."""
    for load in await list_loads():
        age = (clock.now() - load.oldest).total_seconds() if load.oldest else 0.0
        _WAITING.labels(load.connector).set(load.waiting)
        _OLDEST.labels(load.connector).set(age)
        _BREAKER.labels(load.connector).set(_LEVEL[load.breaker])
