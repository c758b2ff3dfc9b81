"""Rate limits as data: ``config/limits.yaml`` names each rule, and a route names the rule it obeys.

A rule that guards people (passwords, identity numbers, codes) is counted in PostgreSQL: it holds with Redis away, and
where the database is away too the request fails. Every other rule is counted in Redis and gives way when Redis
is away: it only keeps the house quick.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

import yaml
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.kit import clock, db
from app.kit.errors import RateLimitedError
from config.settings import LIMITS

_log = logging.getLogger(__name__)

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
    loaded = yaml.safe_load(LIMITS.read_text(encoding="utf-8"))
    return {name: LimitRule(name=name, **rule) for name, rule in loaded.items()}


async def hold(rule: LimitRule, subject: str, redis: Redis) -> None:
    """Count one request of ``subject`` against ``rule``.

    Raises RateLimitedError with the seconds to wait once the rule's count is passed. The subject is hashed before
    it is kept.
    """
    moment = int(clock.now().timestamp())
    window = moment // rule.seconds
    hashed = _hashed(subject)
    count = await (_in_database(rule, hashed, window) if rule.guards else _in_redis(rule, hashed, window, redis))
    if count > rule.count:
        raise RateLimitedError(retry_after=(window + 1) * rule.seconds - moment)


def _hashed(subject: str) -> str:
    # A header's bytes that are not UTF-8 come as surrogates.
    return hashlib.sha256(subject.encode(errors="surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Tries:
    """One try counted against several guarded rules, each with its subject, and forgiven where it was right.

    It is counted beforehand, so that a thousand at once are counted too.
    """

    subjects: dict[str, str]

    async def count(self, redis: Redis) -> None:
        """Count the try. Raises RateLimitedError."""
        for name, subject in self.subjects.items():
            await hold(rules()[name], subject, redis)

    async def forgive(self) -> None:
        """Take the try back: it was right, or nobody could tell."""
        for name, subject in self.subjects.items():
            rule = rules()[name]
            window = int(clock.now().timestamp()) // rule.seconds
            await db.execute(_FORGIVE, name, _hashed(subject), window)


async def _in_database(rule: LimitRule, subject: str, window: int) -> int:
    counted = await db.row(_COUNT, rule.name, subject, window)
    return int(counted["count"]) if counted else 0


async def _in_redis(rule: LimitRule, subject: str, window: int, redis: Redis) -> int:
    key = f"limit:{rule.name}:{window}:{subject}"
    try:
        async with redis.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, rule.seconds)
            counted, _ = await pipe.execute()
    except (RedisError, OSError) as error:
        _log.warning("limit_gave_way", extra={"rule": rule.name, "error": type(error).__name__})
        return 0
    return int(counted)


async def forget_before(before: datetime, most: int) -> int:
    """Delete counts whose window began before a moment, those of rules that are no more too, at most so many."""
    seconds = {rule.name: rule.seconds for rule in rules().values()}
    shortest = min(seconds.values())
    names, lengths = list(seconds), list(seconds.values())
    return await db.execute(_FORGET, names, lengths, shortest, int(before.timestamp()), most)
