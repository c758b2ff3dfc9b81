"""When a process takes nothing more."""

from collections import deque

import pytest

from app.kit import db
from miniapp_api.load import Begun, Load


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the database has a connection to spare: the last one said."""
    spare = [True]
    monkeypatch.setattr(db, "has_connection_to_spare", lambda: spare[-1])
    return spare


def come(load: Load, many: int, now: float, route: str = "r") -> list[Begun]:
    """So many come at a moment; those that are taken."""
    return [begun for _ in range(many) if (begun := load.begin(route, now))]


def test_one_too_many_is_turned_away_until_one_ends() -> None:
    """At the same moment of the clock."""
    load = Load(2)
    first, _ = come(load, 2, 0.0)
    assert load.begin("r", 0.0) is None
    load.end(first, 0.0)
    assert len(come(load, 2, 0.0)) == 1


def test_who_waits_for_somebody_outside_keeps_nobody_out(database: list[bool]) -> None:
    """Unless no connection is to spare: then it waits for the database, as others would."""
    load = Load(2)
    old = [*come(load, 1, 0.0), *come(load, 1, 0.1)]
    assert load.is_full(0.9)
    assert not load.is_full(1.2)
    database.append(False)
    assert load.is_full(1.2)
    database.append(True)
    for one in (*old, *come(load, 1, 1.2)):
        load.end(one, 1.2)
    assert not load.is_full(1.2)
    assert len(come(load, 3, 1.2)) == 2, "and nothing is counted twice"


class Requests:
    """Requests that come one after the other, so many of them under way at once."""

    def __init__(self, load: Load) -> None:
        self._load, self._now = load, 0.0

    def come(self, route: str, seconds: float, *, many: int, times: int) -> None:
        """Each takes so long, and is followed by the next."""
        begun = deque(come(self._load, many, self._now, route))
        for _ in range(times):
            self._now = begun[0].at + seconds
            self._load.end(begun.popleft(), self._now)
            begun.extend(come(self._load, 1, self._now, route))
        for one in begun:
            self._load.end(one, one.at + seconds)


def test_while_requests_take_far_longer_than_usual_fewer_are_taken() -> None:
    """Down to two, and as many as before once they take as long as usual."""
    load = Load(64)
    requests = Requests(load)
    requests.come("r", 0.002, many=1, times=50)
    assert load.limit == 64
    requests.come("r", 0.02, many=2, times=100)
    assert load.limit == 2
    requests.come("r", 0.002, many=2, times=800)
    assert load.limit == 64


def test_a_burst_leaves_room_for_one_after_a_pause() -> None:
    """As many as may be come together, and each waits for those before it. What follows at once finds less room."""
    load = Load(64)
    Requests(load).come("r", 0.002, many=1, times=50)
    for moment in (1.0, 2.0):
        begun = come(load, 65, moment)
        assert len(begun) == 64
        for number, one in enumerate(begun):
            load.end(one, moment + 0.0005 * number)
    assert len(come(load, 64, 2.04)) < 16


def test_after_a_pause_it_does_not_count_how_long_requests_took_before() -> None:
    """Nor does the one that ends it."""
    load = Load(64)
    requests = Requests(load)
    requests.come("r", 0.002, many=1, times=50)
    requests.come("r", 0.02, many=2, times=100)
    for one in come(load, 1, 3.0):
        load.end(one, 3.002)
    assert load.limit == 64


def test_who_comes_first_of_many_is_not_alone() -> None:
    """As long as it takes among them is not what it usually takes."""
    load = Load(64)
    requests = Requests(load)
    requests.come("r", 0.002, many=1, times=50)
    for number in range(100):
        moment = 1 + 0.04 * number
        for one in come(load, 4, moment):
            load.end(one, moment + 0.02)
    assert load.limit == 2


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
        for one in come(load, 1, 0.0, "large"):
            for behind in come(load, 1, 0.0, "small"):
                load.end(one, 0.02)
                load.end(behind, 0.0205)
    assert load.limit == 64
