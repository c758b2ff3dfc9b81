"""What Prometheus is told of requests, counted without locks: one thread of a process counts, and reads."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate, groupby

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_BOUNDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NAMES = [*map(str, _BOUNDS), "+Inf"]


class Kind:
    """Requests that are counted together: their route, method and status."""

    __slots__ = ("by_bound", "key", "line", "seconds")

    def __init__(self, key: tuple[str, str, int], line: str) -> None:
        """``line`` is how the log lines of this kind begin."""
        self.key, self.line, self.seconds = key, line, 0.0
        self.by_bound = [0] * len(_NAMES)

    def count(self, seconds: float) -> None:
        """Count a request that took so long."""
        self.by_bound[bisect_left(_BOUNDS, seconds)] += 1
        self.seconds += seconds


class RequestFigures(Collector):
    """``jiaban_requests_total`` by route, method and status, ``jiaban_request_seconds`` by route."""

    def __init__(self) -> None:
        """No request was counted yet."""
        self._kinds: list[Kind] = []

    def add(self, kind: Kind) -> None:
        """Have a kind of requests told."""
        self._kinds.append(kind)

    def collect(self) -> Iterator[Metric]:
        """Everything counted so far."""
        requests = CounterMetricFamily("jiaban_requests", "requests answered", labels=["route", "method", "status"])
        seconds = HistogramMetricFamily("jiaban_request_seconds", "time to answer", labels=["route"])
        kinds = sorted(self._kinds, key=lambda kind: kind.key)
        for kind in kinds:
            requests.add_metric([*map(str, kind.key)], sum(kind.by_bound))
        for route, of_route in groupby(kinds, key=lambda kind: kind.key[0]):
            same = list(of_route)
            counts = accumulate(map(sum, zip(*(kind.by_bound for kind in same), strict=True)))
            seconds.add_metric([route], list(zip(_NAMES, counts, strict=True)), sum(kind.seconds for kind in same))
        yield requests
        yield seconds
