"""Followers as pushes tell of them, whatever their order."""

import itertools
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from app.bootstrap import House
from app.followers import service
from app.followers.models import Follower
from app.followers.queries import is_following
from app.kit import clock

APPID = "wx-followers"
MOMENT = clock.now().replace(microsecond=0)


def _openid() -> str:
    return f"o-{uuid4().hex[:20]}"


def _at(seconds: int) -> datetime:
    return MOMENT + timedelta(seconds=seconds)


async def _of(openid: str) -> Follower:
    return await Follower.get(appid=APPID, openid=openid)


async def test_whoever_follows_is_followed_up_and_whoever_leaves_is_not(quiet: House) -> None:
    """With where they came from, and when."""
    openid = _openid()
    assert not await is_following(APPID, openid)
    await service.follow(APPID, openid, "hall:city", _at(0))
    await service.follow(APPID, openid, "hall:city", _at(0))
    came = await _of(openid)
    assert (came.subscribed, came.scene, came.subscribed_at, came.seen_at) == (True, "hall:city", _at(0), _at(0))
    await Follower.filter(id=came.id).update(tag_ids=[2])
    await service.unfollow(APPID, openid, _at(9))
    left = await _of(openid)
    assert (left.subscribed, left.unsubscribed_at, left.tag_ids) == (False, _at(9), [])
    assert not await is_following(APPID, openid)
    await service.follow(APPID, openid, None, _at(12))
    back = await _of(openid)
    assert (back.subscribed, back.unsubscribed_at, back.scene, back.changed_at) == (True, None, None, _at(12))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_events_in_any_order_and_twice_end_alike(quiet: House, order: tuple[int, ...]) -> None:
    """Follow, write, leave, follow again."""
    openid = _openid()
    events = [
        lambda: service.follow(APPID, openid, "first", _at(0)),
        lambda: service.seen(APPID, openid, _at(5)),
        lambda: service.unfollow(APPID, openid, _at(7)),
        lambda: service.follow(APPID, openid, "second", _at(9)),
    ]
    for number in (*order, *order):
        await events[number]()
    found = await _of(openid)
    assert (found.subscribed, found.scene, found.seen_at, found.changed_at) == (True, "second", _at(9), _at(9))


async def test_leaving_wins_within_a_second(quiet: House) -> None:
    """Whichever of the two is heard first."""
    first, second = _openid(), _openid()
    await service.follow(APPID, first, None, _at(0))
    await service.unfollow(APPID, first, _at(0))
    await service.unfollow(APPID, second, _at(0))
    await service.follow(APPID, second, None, _at(0))
    assert not await is_following(APPID, first)
    assert not await is_following(APPID, second)


async def test_whoever_writes_follows(quiet: House) -> None:
    """Also where the word that they follow was never heard; but nothing that was written before they left counts."""
    unheard, gone = _openid(), _openid()
    await service.seen(APPID, unheard, _at(0))
    assert await is_following(APPID, unheard)
    await service.unfollow(APPID, gone, _at(5))
    await service.seen(APPID, gone, _at(3))
    assert not await is_following(APPID, gone)
    assert (await _of(gone)).seen_at == _at(3)
    await service.seen(APPID, gone, _at(8))
    back = await _of(gone)
    assert (back.subscribed, back.unsubscribed_at, back.changed_at) == (True, None, _at(8))
