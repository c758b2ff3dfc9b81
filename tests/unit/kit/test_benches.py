"""Benches: one at work, few who wait, and nobody gets more of the processor by hanging up."""

import asyncio
import threading

import pytest

from app.kit.benches import Bench
from app.kit.errors import TemporarilyUnavailableError


async def made(bench: Bench, begun: threading.Event, go: threading.Event) -> int:
    """Something that is at work until it may go on."""

    def work(number: int) -> int:
        begun.set()
        assert go.wait(60)
        return number

    with bench.place() as place:
        return await place.do(work, 7)


async def test_of_more_than_may_wait_the_next_is_told_to_come_later() -> None:
    bench, begun, go = Bench("test", places=2), threading.Event(), threading.Event()
    waiting = [asyncio.create_task(made(bench, begun, go)) for _ in range(2)]
    assert await asyncio.to_thread(begun.wait, 60)
    with pytest.raises(TemporarilyUnavailableError):
        await made(bench, begun, go)
    go.set()
    assert await asyncio.gather(*waiting) == [7, 7]
    assert await made(bench, begun, go) == 7


async def test_whoever_hangs_up_keeps_the_place_until_the_work_is_done() -> None:
    bench, begun, go = Bench("test", places=1), threading.Event(), threading.Event()
    gone = asyncio.create_task(made(bench, begun, go))
    assert await asyncio.to_thread(begun.wait, 60)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    with pytest.raises(TemporarilyUnavailableError):
        await made(bench, begun, go)
    go.set()
    assert await asyncio.to_thread(bench._places.acquire, timeout=60)
    bench._places.release()
    assert await made(bench, begun, go) == 7


async def test_a_place_is_free_again_after_work_that_failed_or_never_began() -> None:
    bench = Bench("test", places=1)
    for _ in range(3):
        with bench.place() as place, pytest.raises(ZeroDivisionError):
            await place.do(divmod, 1, 0)
    with pytest.raises(KeyError), bench.place():
        raise KeyError
    with bench.place() as place:
        assert await place.do(divmod, 7, 2) == (3, 1)
