"""When a process takes nothing more."""

import asyncio
from collections import deque
from itertools import pairwise

import pytest

from app.kit import db
from app.kit.errors import TemporarilyUnavailableError
from miniapp_api.load import Load


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the database has a connection to spare: the last one said."""
    spare = [True]
    monkeypatch.setattr(db, "has_connection_to_spare", lambda: spare[-1])
    return spare


def test_one_too_many_is_turned_away_until_one_ends() -> None:
    """At the same moment of the clock."""
    load = Load(2)
    first, _ = load.begin("r", 0.0), load.begin("r", 0.0)
    with pytest.raises(TemporarilyUnavailableError):
        load.begin("r", 0.0)
    load.end(first, 0.0)
    load.begin("r", 0.0)
    assert load.is_full(0.0)


def test_who_waits_for_somebody_outside_keeps_nobody_out(database: list[bool]) -> None:
    """Unless no connection is to spare: then it waits for the database, as others would."""
    load = Load(2)
    old = [load.begin("r", 0.0), load.begin("r", 0.1)]
    assert load.is_full(0.9)
    assert not load.is_full(1.2)
    database.append(False)
    assert load.is_full(1.2)
    database.append(True)
    young = load.begin("r", 1.2)
    for one in (*old, young):
        load.end(one, 1.2)
    assert not load.is_full(1.2)
    load.begin("r", 1.2)
    load.begin("r", 1.2)
    assert load.is_full(1.2), "and nothing is counted twice"


class Requests:
    """Requests that come one after the other, so many of them under way at once."""

    def __init__(self, load: Load) -> None:
        self._load, self._now = load, 0.0

    def come(self, route: str, seconds: float, *, many: int, times: int) -> None:
        """Each takes so long, and is followed by the next."""
        begun = deque(self._load.begin(route, self._now) for _ in range(many))
        for _ in range(times):
            self._now = begun[0].at + seconds
            self._load.end(begun.popleft(), self._now)
            begun.append(self._load.begin(route, self._now))
        for one in begun:
            self._load.end(one, one.at + seconds)


def test_while_requests_take_far_longer_than_usual_fewer_are_taken() -> None:
    """Down to a few, and as many as before once they take as long as usual."""
    load = Load(64)
    requests = Requests(load)
    requests.come("r", 0.002, many=1, times=50)
    assert load.limit == 64
    requests.come("r", 0.02, many=4, times=300)
    assert load.limit == 4
    requests.come("r", 0.002, many=4, times=800)
    assert load.limit == 64


def test_a_burst_leaves_room_for_the_next() -> None:
    """As many as may be come together, and each waits for those before it."""
    load = Load(64)
    Requests(load).come("r", 0.002, many=1, times=50)
    for number, one in enumerate([load.begin("r", 0.0) for _ in range(64)]):
        load.end(one, 0.0005 * number)
    assert load.limit > 24


def test_a_route_that_always_takes_long_keeps_nobody_out() -> None:
    """It waits for another system, while others are as quick as ever."""
    load = Load(64)
    requests = Requests(load)
    for _ in range(100):
        requests.come("quick", 0.002, many=4, times=10)
        requests.come("outside", 0.3, many=20, times=10)
    assert load.limit == 64


def test_a_small_request_behind_a_large_one_is_no_sign_of_too_much() -> None:
    """What counts is the time of all together."""
    load = Load(64)
    requests = Requests(load)
    requests.come("small", 0.0005, many=1, times=50)
    requests.come("large", 0.02, many=1, times=50)
    for _ in range(200):
        large, small = load.begin("large", 0.0), load.begin("small", 0.0)
        load.end(large, 0.02)
        load.end(small, 0.0205)
    assert load.limit == 64


async def test_who_is_turned_away_is_told_in_turn_a_few_in_each_round() -> None:
    """So that what was begun goes on in between; who hangs up meanwhile holds up nobody."""
    load, told = Load(2), list[int]()

    async def turned_away(number: int) -> None:
        await load.wait_to_be_told()
        told.append(number)

    waiting = [asyncio.create_task(turned_away(number)) for number in range(30)]
    await asyncio.sleep(0)
    waiting[7].cancel()
    seen = [0]
    while len(told) < 29:
        await asyncio.sleep(0)
        seen.append(len(told))
    assert told == [number for number in range(30) if number != 7]
    assert max(after - before for before, after in pairwise(seen)) == 4
    await asyncio.wait_for(load.wait_to_be_told(), 20)


async def test_of_thousands_each_is_told_soon() -> None:
    """More of them in each round."""
    load = Load(2)
    waiting = [asyncio.create_task(load.wait_to_be_told()) for _ in range(5_000)]
    rounds = 0
    while not waiting[-1].done():
        await asyncio.sleep(0)
        rounds += 1
    assert 100 < rounds < 400
