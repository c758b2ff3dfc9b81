"""Reading WeChat's own list of an account's followers: what pushes have missed is put right.

A page of the list is written with the place of the next one in one transaction, so that a run that is stopped goes on
where it was, and never holds more than a page. What a push said of somebody after the reading began is newer and stays.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from app.followers.models import Follower, FollowerSync
from app.kit import clock, db
from app.kit.db import transaction
from app.kit.ids import new_id
from wechat.errors import WeChatAmbiguousError, WeChatLimitedError, WeChatUnreachableError
from wechat.official import FollowerInfo, FollowerPage

_T = TypeVar("_T")
_INFOS = 100
_AT_ONCE = 8
_TRIES = 4
_LONGEST_PAUSE = 60.0
_SLICE = 5_000
# A reading that was stopped longer ago begins anew.
_FRESH = timedelta(hours=24)
# Followers come and go while the list is read.
_LEAST_SHARE = 0.95

_WRITE = """
INSERT INTO followers AS known
    (id, appid, openid, subscribed, subscribed_at, scene, tag_ids, changed_at, synced_at)
SELECT given.id, $1, given.openid, true, given.subscribed_at, given.scene,
    ARRAY(SELECT jsonb_array_elements_text(given.tag_ids::jsonb)::int), $2, $3
FROM unnest($4::uuid[], $5::text[], $6::timestamptz[], $7::text[], $8::text[])
    AS given (id, openid, subscribed_at, scene, tag_ids)
ORDER BY given.openid
ON CONFLICT (appid, openid) DO UPDATE SET synced_at = excluded.synced_at,
    subscribed = known.subscribed OR known.changed_at < $2,
    unsubscribed_at = CASE WHEN known.changed_at < $2 THEN NULL ELSE known.unsubscribed_at END,
    subscribed_at = COALESCE(excluded.subscribed_at, known.subscribed_at),
    scene = COALESCE(known.scene, excluded.scene),
    tag_ids = CASE WHEN known.changed_at < $2 THEN excluded.tag_ids ELSE known.tag_ids END
"""
_LEFT = """
UPDATE followers SET subscribed = false, unsubscribed_at = $3, tag_ids = '{}', changed_at = $2
WHERE id = ANY(ARRAY(
    SELECT id FROM followers
    WHERE appid = $1 AND subscribed AND changed_at < $2 AND (synced_at IS NULL OR synced_at < $2)
    ORDER BY id LIMIT $4 FOR UPDATE
))
"""

Progress = Callable[[int, int], None]
"""Hears how many followers are read, of how many."""


class SyncIncompleteError(Exception):
    """WeChat's list ended long before all followers whom it counts, or names nobody: nobody was taken for gone."""


class FollowerList(Protocol):
    """WeChat's list of followers; raises the errors of ``wechat.errors``."""

    async def followers(self, next_openid: str | None = None) -> FollowerPage:
        """A page of it."""

    async def user_info(self, openids: Sequence[str]) -> list[FollowerInfo]:
        """What WeChat tells of at most 100."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What came of a reading: how many were read, how many had left unheard, and whether it went on with an old one."""

    read: int
    left: int
    resumed: bool


async def sync_followers(wechat: FollowerList, appid: str, progress: Progress) -> Synced:
    """Read the whole list, or go on with what was stopped within a day.

    Raises WeChatError where WeChat stays away or a quota is spent (the next run goes on), SyncIncompleteError.
    """
    sync, resumed = await _begun(appid)
    while True:
        here = sync.next_openid
        page = await _patiently(lambda here=here: wechat.followers(here))  # type: ignore[misc]  # the default is typed by its value
        infos = await _infos(wechat, page.openids)
        sync.done, sync.total, sync.next_openid = sync.done + len(page.openids), page.total, page.next_openid
        async with transaction():
            await _write(appid, sync.started_at, infos)
            await sync.save(update_fields=["done", "total", "next_openid"])
        progress(sync.done, sync.total)
        if page.next_openid is None:
            return Synced(sync.done, await _finish(sync), resumed)


async def _begun(appid: str) -> tuple[FollowerSync, bool]:
    known = await FollowerSync.get_or_none(appid=appid)
    if known and known.finished_at is None and known.next_openid and known.started_at > clock.now() - _FRESH:
        return known, True
    await FollowerSync.filter(appid=appid).delete()
    return await FollowerSync.create(appid=appid, started_at=clock.now()), False


async def _infos(wechat: FollowerList, openids: Sequence[str]) -> list[FollowerInfo]:
    """What WeChat tells of a page's followers, a few hundred at once."""
    found: list[FollowerInfo] = []
    batches = [openids[start : start + _INFOS] for start in range(0, len(openids), _INFOS)]
    for start in range(0, len(batches), _AT_ONCE):
        some = batches[start : start + _AT_ONCE]
        told = await asyncio.gather(*(_patiently(lambda batch=batch: wechat.user_info(batch)) for batch in some))  # type: ignore[misc]  # likewise
        found += [info for infos in told for info in infos if info.subscribed]
    return found


async def _patiently(call: Callable[[], Awaitable[_T]]) -> _T:
    """Ask, which changes nothing, and ask again after a pause where WeChat is away or a quota of a minute is spent."""
    for attempt in range(_TRIES):
        try:
            return await call()
        except WeChatLimitedError as error:
            if error.retry_after > _LONGEST_PAUSE:
                raise
            await asyncio.sleep(error.retry_after)
        except (WeChatUnreachableError, WeChatAmbiguousError):
            await asyncio.sleep(2**attempt / 4)
    return await call()


async def _write(appid: str, began: datetime, infos: Sequence[FollowerInfo]) -> None:
    if not infos:
        return
    await db.rows(
        _WRITE,
        *(appid, began, clock.now()),
        [new_id() for _ in infos],
        [info.openid for info in infos],
        [datetime.fromtimestamp(info.subscribed_at, UTC) if info.subscribed_at else None for info in infos],
        [(info.qr_scene or info.scene or None) for info in infos],
        [json.dumps(info.tag_ids) for info in infos],
    )


async def _finish(sync: FollowerSync) -> int:
    """Take whoever was not in the list for gone; returns how many."""
    empty = not sync.done and await Follower.exists(appid=sync.appid, subscribed=True)
    if empty or sync.done < sync.total * _LEAST_SHARE:
        raise SyncIncompleteError
    left = 0
    while gone := await db.execute(_LEFT, sync.appid, sync.started_at, clock.now(), _SLICE):
        left += gone
    sync.finished_at = clock.now()
    await sync.save(update_fields=["finished_at"])
    return left
