"""What is decided about deliveries: when one that failed is tried again, and when a connector is left alone."""

import random
from datetime import datetime, timedelta

from app.approvals.models import Breaker, Channel

_SHORTEST, _LONGEST = timedelta(seconds=0.5), timedelta(minutes=10)
_JITTER = 0.25
LONGEST_REST = _LONGEST * (1 + _JITTER)
FAILURES_TO_OPEN = 5
PROBE_EVERY = timedelta(seconds=15)
_AT_ONCE_SECONDS = 0.05


def back_off(attempts: int) -> timedelta:
    """How long a delivery rests after its ``attempts``-th try: twice as long each time, spread by a quarter, at most
    ten minutes and a quarter.
    """
    rest = min(_SHORTEST * 2 ** min(attempts - 1, 16), _LONGEST)
    spread: timedelta = rest * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # spreads load, guards nothing
    return spread


def at_once(channel: Channel, per_second: float) -> int:
    """How many may begin at one moment: a twentieth of what may in a second, at least one; of probes one."""
    return max(1, int(per_second * _AT_ONCE_SECONDS)) if channel.breaker is Breaker.CLOSED else 1


def is_paced(channel: Channel, now: datetime, per_second: float) -> bool:
    """Whether the next may not begin yet. A moment farther off than a pace was written by a clock that was wrong."""
    longest = max(_pace(per_second), timedelta(seconds=_AT_ONCE_SECONDS))
    return channel.next_at is not None and now < channel.next_at <= now + longest


def _pace(per_second: float) -> timedelta:
    return timedelta(seconds=1 / per_second)


def may_send(channel: Channel, now: datetime) -> bool:
    """Whether something may be sent: always while the breaker is closed, else one probe in each interval."""
    at = channel.probe_at
    return channel.breaker is Breaker.CLOSED or at is None or not now < at <= now + PROBE_EVERY


def after_claim(channel: Channel, now: datetime, per_second: float, many: int = 1) -> None:
    """Note that so many are being sent: the next may begin as many paces later; with an open breaker it is the probe.

    A probe that is never heard of again is followed by another after the interval.
    """
    channel.next_at = now + many * _pace(per_second)
    if channel.breaker is not Breaker.CLOSED:
        channel.breaker, channel.probe_at = Breaker.HALF_OPEN, now + PROBE_EVERY


def after_failure(channel: Channel, now: datetime) -> None:
    """Count a failure: enough of them in a row open the breaker, and one of a probe leaves it open."""
    channel.failures += 1
    if channel.breaker is not Breaker.CLOSED or channel.failures >= FAILURES_TO_OPEN:
        channel.breaker, channel.probe_at = Breaker.OPEN, max(now + PROBE_EVERY, channel.probe_at or now)


def after_answer(channel: Channel) -> None:
    """The system answered: nothing keeps deliveries from it."""
    channel.failures, channel.breaker, channel.probe_at = 0, Breaker.CLOSED, None
