"""Rate limits as data: ``config/limits.yaml`` names each rule, and a route names the rule it obeys.

A rule that guards people (passwords, identity numbers, codes) is counted in PostgreSQL: it holds whatever happens, and
where the database is away the request fails. Every other rule only keeps the house quick: each process counts by itself
and learns from Redis, once a second, what the others counted; with Redis away each goes on by its own count.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.kit import clock, db
from app.kit.errors import RateLimitedError
from config.reading import read_yaml
from config.settings import LIMITS

_log = logging.getLogger(__name__)
_SHARED_EVERY_SECONDS = 1.0
# Of whom a process saw no more than this part of a rule's count, it tells nobody.
_SELDOM = 1 / 20

_COUNT = """
INSERT INTO counted_tries (rule, subject, "window", count) VALUES ($1, $2, $3, 1)
ON CONFLICT (rule, subject, "window") DO UPDATE SET count = counted_tries.count + 1
RETURNING count
"""

_FORGIVE = """
UPDATE counted_tries SET count = count - 1 WHERE rule = $1 AND subject = $2 AND "window" = $3 AND count > 0
"""
# A window is numbered in its rule's own seconds; what a rule counted that is no more goes by the shortest.
_FORGET = """
DELETE FROM counted_tries WHERE id = ANY(ARRAY(
    SELECT counted_tries.id FROM counted_tries
    LEFT JOIN unnest($1::text[], $2::bigint[]) AS known(rule, seconds) USING (rule)
    WHERE "window" * COALESCE(known.seconds, $3) < $4 LIMIT $5
))
"""


@dataclass(frozen=True, slots=True)
class LimitRule:
    """At most ``count`` requests in ``seconds`` per caller: an address or an account."""

    name: str
    count: int
    seconds: int
    per: Literal["address", "account"]
    guards: bool


@cache
def rules() -> dict[str, LimitRule]:
    """All rules by name."""
    loaded = read_yaml(LIMITS)
    return {name: LimitRule(name=name, **rule) for name, rule in loaded.items()}


async def hold(rule: LimitRule, subject: str) -> None:
    """Count one request of ``subject`` against a rule that guards people.

    Raises RateLimitedError with the seconds to wait once the rule's count is passed. The subject is hashed before
    it is kept.
    """
    moment = int(clock.now().timestamp())
    window = moment // rule.seconds
    counted = await db.row(_COUNT, rule.name, _hashed(subject), window)
    if counted and counted["count"] > rule.count:
        raise RateLimitedError(retry_after=(window + 1) * rule.seconds - moment)


@dataclass(slots=True)
class _Window:
    """What one rule counted while one of its windows lasts, by subject: how many in all, as far as this process knows,
    and how many of them Redis was not told yet. Who has ``few`` or less is not worth telling."""

    ends: int
    few: int
    known: dict[str, int] = field(default_factory=dict)
    untold: dict[str, int] = field(default_factory=dict)


class SharedCounts:
    """The counts of the rules that guard nobody: this process's own at once, those of the others a second later.

    Most who ask ask seldom: of whom a process saw a twentieth of a rule's count or less, it tells nobody. A rule thus
    lets through at most that twentieth, and what is seen in one second, for each process more than its count.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._windows: dict[tuple[str, int], _Window] = {}

    def hold(self, rule: LimitRule, subject: str) -> None:
        """Count one request of ``subject`` against ``rule``. Raises RateLimitedError as ``hold`` does."""
        moment = int(clock.seconds())
        number = moment // rule.seconds
        window = self._windows.get((rule.name, number))
        if window is None:
            window = self._windows[rule.name, number] = _Window((number + 1) * rule.seconds, int(rule.count * _SELDOM))
        count = window.known[subject] = window.known.get(subject, 0) + 1
        if count > window.few:
            window.untold[subject] = window.untold.get(subject, 0) + (count if count == window.few + 1 else 1)
        if count > rule.count:
            raise RateLimitedError(retry_after=window.ends - moment)

    async def share(self) -> None:
        """Tell Redis what was counted here and learn what was counted in all; forget windows that are over."""
        moment = clock.now().timestamp()
        for key in [key for key, window in self._windows.items() if window.ends <= moment]:
            del self._windows[key]
        for (name, number), window in list(self._windows.items()):
            told, window.untold = window.untold, {}
            try:
                totals = await self._add(f"limit:{name}:{number}", window.ends, told)
            except (RedisError, OSError) as error:
                _log.warning("limit_gave_way", extra={"rule": name, "error": type(error).__name__})
                return
            for subject, total in totals.items():
                window.known[subject] = total + window.untold.get(subject, 0)

    async def _add(self, prefix: str, ends: int, counts: dict[str, int]) -> dict[str, int]:
        if not counts:
            return {}
        async with self._redis.pipeline(transaction=False) as pipe:
            for subject, count in counts.items():
                key = f"{prefix}:{_hashed(subject)}"
                pipe.incrby(key, count)
                pipe.expireat(key, ends)
            answers = await pipe.execute()
        return dict(zip(counts, answers[::2], strict=True))


@asynccontextmanager
async def shared_counts(redis: Redis) -> AsyncIterator[SharedCounts]:
    """Counts that are shared every second while the context lasts."""
    counts = SharedCounts(redis)

    async def go_on() -> None:
        while True:
            await asyncio.sleep(_SHARED_EVERY_SECONDS)
            await counts.share()

    task = asyncio.create_task(go_on())
    try:
        yield counts
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _hashed(subject: str) -> str:
    # A header's bytes that are not UTF-8 come as surrogates.
    return hashlib.sha256(subject.encode(errors="surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Tries:
    """One try counted against several guarded rules, each with its subject, and forgiven where it was right.

    It is counted beforehand, so that a thousand at once are counted too.
    """

    subjects: dict[str, str]

    async def count(self) -> None:
        """Count the try. Raises RateLimitedError."""
        for name, subject in self.subjects.items():
            await hold(rules()[name], subject)

    async def forgive(self) -> None:
        """Take the try back: it was right, or nobody could tell."""
        for name, subject in self.subjects.items():
            rule = rules()[name]
            window = int(clock.now().timestamp()) // rule.seconds
            await db.execute(_FORGIVE, name, _hashed(subject), window)


async def forget_before(before: datetime, most: int) -> int:
    """Delete counts whose window began before a moment, those of rules that are no more too, at most so many."""
    seconds = {rule.name: rule.seconds for rule in rules().values()}
    shortest = min(seconds.values())
    names, lengths = list(seconds), list(seconds.values())
    return await db.execute(_FORGET, names, lengths, shortest, int(before.timestamp()), most)
