"""Followers as WeChat's pushes tell of them: each may come late, twice or after a newer one.

WeChat tells the second of each event. What is older than the newest that was heeded changes nothing; of two in one
second leaving wins, since whoever left is not written to.
"""

from datetime import datetime

from app.kit import db
from app.kit.ids import new_id

_FOLLOW = """
INSERT INTO followers (id, appid, openid, scene, subscribed, subscribed_at, tag_ids, seen_at, changed_at)
VALUES ($1, $2, $3, $4, true, $5, '{}', $5, $5)
ON CONFLICT (appid, openid) DO UPDATE SET subscribed = true, subscribed_at = excluded.subscribed_at,
    unsubscribed_at = NULL, scene = excluded.scene, seen_at = GREATEST(followers.seen_at, excluded.seen_at),
    changed_at = excluded.changed_at
WHERE followers.changed_at < excluded.changed_at
"""
# Whoever leaves loses their groups at WeChat too.
_UNFOLLOW = """
INSERT INTO followers (id, appid, openid, subscribed, unsubscribed_at, tag_ids, changed_at)
VALUES ($1, $2, $3, false, $4, '{}', $4)
ON CONFLICT (appid, openid) DO UPDATE SET subscribed = false, unsubscribed_at = excluded.unsubscribed_at,
    tag_ids = '{}', changed_at = excluded.changed_at
WHERE followers.changed_at <= excluded.changed_at
"""
_SEEN = """
INSERT INTO followers (id, appid, openid, subscribed, tag_ids, seen_at, changed_at)
VALUES ($1, $2, $3, true, '{}', $4, $4)
ON CONFLICT (appid, openid) DO UPDATE SET seen_at = GREATEST(followers.seen_at, excluded.seen_at),
    subscribed = followers.subscribed OR followers.changed_at < excluded.changed_at,
    unsubscribed_at = CASE WHEN followers.changed_at < excluded.changed_at THEN NULL ELSE followers.unsubscribed_at END,
    changed_at = CASE WHEN followers.subscribed THEN followers.changed_at
        ELSE GREATEST(followers.changed_at, excluded.changed_at) END
"""

_SCANNED = """
UPDATE followers SET scanned = $3, scanned_at = $4
WHERE appid = $1 AND openid = $2 AND (scanned_at IS NULL OR scanned_at <= $4)
"""
_CHOOSE = "UPDATE followers SET region = $3 WHERE appid = $1 AND openid = $2"


async def follow(appid: str, openid: str, scene: str | None, at: datetime) -> None:
    """Somebody began to follow the app at WeChat's time ``at``; ``scene`` says where they came from."""
    await db.rows(_FOLLOW, new_id(), appid, openid, scene, at)


async def unfollow(appid: str, openid: str, at: datetime) -> None:
    """Somebody ceased to follow the app at WeChat's time ``at``."""
    await db.rows(_UNFOLLOW, new_id(), appid, openid, at)


async def seen(appid: str, openid: str, at: datetime) -> None:
    """Somebody wrote, tapped or scanned at WeChat's time ``at``: only who follows the app can."""
    await db.rows(_SEEN, new_id(), appid, openid, at)


async def scanned(appid: str, openid: str, scene: str, at: datetime) -> None:
    """Somebody who is known scanned a code that says ``scene``, at WeChat's time ``at``; the newest one counts."""
    await db.execute(_SCANNED, appid, openid, scene, at)


async def choose_region(appid: str, openid: str, region: str) -> None:
    """Somebody wants the notices of a region."""
    await db.execute(_CHOOSE, appid, openid, region)
