"""What is asked for one by one is looked up together, and nobody gets another's answer or an old one."""

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.batches import Batches


class Shelf:
    """Something to look things up in; each look-up waits until it is let go."""

    def __init__(self) -> None:
        self.holds = {number: f"the {number}." for number in range(100)}
        self.asked: list[list[int]] = []
        self._begun = asyncio.Semaphore(0)
        self._go = asyncio.Semaphore(0)

    async def find(self, keys: list[int]) -> Mapping[int, str]:
        self.asked.append(keys)
        self._begun.release()
        await self._go.acquire()
        return {key: self.holds[key] for key in keys if key in self.holds}

    async def begun(self) -> None:
        """Wait until one more look-up has begun."""
        await asyncio.wait_for(self._begun.acquire(), 20)

    def let_go(self, many: int = 1) -> None:
        for _ in range(many):
            self._go.release()


async def test_who_asks_meanwhile_is_answered_together() -> None:
    """By the next look-up, each key once, in the order in which they were asked for."""
    shelf = Shelf()
    batches = Batches(shelf.find)
    first = asyncio.create_task(batches.get(1))
    await shelf.begun()
    others = [asyncio.create_task(batches.get(key)) for key in (7, 1, 500, 7)]
    await asyncio.sleep(0)
    shelf.let_go(2)
    assert await asyncio.gather(first, *others) == ["the 1.", "the 7.", "the 1.", None, "the 7."]
    assert shelf.asked == [[1], [7, 1, 500]]


async def test_an_answer_is_never_older_than_its_question() -> None:
    """Who asks while the same is being looked up waits for a look-up of their own."""
    shelf = Shelf()
    batches = Batches(shelf.find)
    first = asyncio.create_task(batches.get(1))
    await shelf.begun()
    shelf.holds[1] = "changed"
    second = asyncio.create_task(batches.get(1))
    await asyncio.sleep(0)
    shelf.let_go()
    await shelf.begun()
    shelf.holds[1] = "changed again"
    shelf.let_go()
    assert (await first, await second) == ("changed", "changed again")
    assert shelf.asked == [[1], [1]]


async def test_who_hangs_up_stops_nobody_else() -> None:
    """Neither who began the look-up, nor who waits for the next; nothing is looked up for nobody."""
    shelf = Shelf()
    batches = Batches(shelf.find)
    first = asyncio.create_task(batches.get(1))
    await shelf.begun()
    second, third = (asyncio.create_task(batches.get(key)) for key in (2, 3))
    await asyncio.sleep(0)
    for one in (first, second):
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
    shelf.let_go(2)
    assert await third == "the 3."
    fourth = asyncio.create_task(batches.get(4))
    await asyncio.sleep(0)
    fourth.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fourth
    shelf.let_go()
    assert await batches.get(5) == "the 5."
    assert shelf.asked == [[1], [3], [5]]


async def test_what_fails_fails_for_those_who_waited_for_it_alone() -> None:
    """The next look-up is made as if nothing had been."""
    broken = True

    async def find(keys: list[int]) -> Mapping[int, int]:
        await asyncio.sleep(0)
        if broken:
            raise OSError("away")
        return {key: key for key in keys}

    batches = Batches(find)
    outcomes = await asyncio.gather(*(batches.get(key) for key in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    broken = False
    assert await batches.get(3) == 3


async def test_a_look_up_that_never_ends_holds_up_nobody_who_comes_later() -> None:
    """Those who wait for it are told so."""
    silent = True

    async def find(keys: list[int]) -> Mapping[int, int]:
        if silent:
            await asyncio.Event().wait()
        return {key: key for key in keys}

    batches = Batches(find, longest_seconds=0.05)
    outcomes = await asyncio.wait_for(
        asyncio.gather(*(batches.get(key) for key in range(2)), return_exceptions=True), 20
    )
    assert [type(outcome) for outcome in outcomes] == [TimeoutError] * 2
    silent = False
    assert await asyncio.wait_for(batches.get(3), 20) == 3


async def test_a_look_up_that_is_ended_leaves_nobody_waiting() -> None:
    """As where the process ends; neither those whom it was for nor those who would have come next."""
    ending, begun = asyncio.Event(), asyncio.Event()

    async def find(keys: list[int]) -> Mapping[int, int]:
        begun.set()
        if not ending.is_set():
            await ending.wait()
            raise asyncio.CancelledError
        return {key: key for key in keys}

    batches = Batches(find)
    first = asyncio.create_task(batches.get(1))
    await begun.wait()
    second = asyncio.create_task(batches.get(2))
    await asyncio.sleep(0)
    ending.set()
    for one in (first, second):
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(one, 20)
    assert await asyncio.wait_for(batches.get(3), 20) == 3


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=40))
def test_everybody_gets_their_own_answer(asked: list[tuple[int, int]]) -> None:
    """Whoever asks when, and however long a look-up takes."""

    async def find(keys: list[int]) -> Mapping[int, int]:
        assert len(keys) == len({*keys})
        for _ in keys:
            await asyncio.sleep(0)
        return {key: key * key for key in keys if key != 3}

    async def ask(batches: Batches[int, int], key: int, later: int) -> int | None:
        for _ in range(later):
            await asyncio.sleep(0)
        return await batches.get(key)

    async def all_of_them() -> list[int | None]:
        batches = Batches(find)
        return await asyncio.gather(*(ask(batches, *one) for one in asked))

    assert asyncio.run(all_of_them()) == [None if key == 3 else key * key for key, _ in asked]
