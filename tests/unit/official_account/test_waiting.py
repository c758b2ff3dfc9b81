"""Work that must not take long is waited for so long, and goes on by itself."""

import asyncio

import pytest

from app.official_account import reception
from app.official_account.reception import MOST_AT_ONCE, within


async def _fails() -> None:
    raise LookupError


async def test_what_is_done_in_time_gives_its_answer() -> None:
    """Or its error."""
    assert await within(5, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(LookupError):
        await within(5, _fails())


async def test_what_is_late_goes_on() -> None:
    """What was begun to be kept may still be kept."""
    told, done = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        await told.wait()
        done.set()

    with pytest.raises(TimeoutError):
        await within(0.01, slow())
    told.set()
    await asyncio.wait_for(done.wait(), 5)


async def test_whoever_hangs_up_stops_nothing() -> None:
    """WeChat that goes away cancels the handler, not what it began."""
    told, done = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        await told.wait()
        done.set()

    handler = asyncio.create_task(within(30, slow()))
    await asyncio.sleep(0)
    handler.cancel()
    with pytest.raises(asyncio.CancelledError):
        await handler
    told.set()
    await asyncio.wait_for(done.wait(), 5)


async def test_work_does_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so much nothing more is begun, until some of it has ended."""
    monkeypatch.setattr(reception, "MOST_AT_ONCE", 3)
    told = asyncio.Event()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await within(0.01, told.wait())
    with pytest.raises(TimeoutError):
        await within(30, asyncio.sleep(0))
    told.set()
    await asyncio.gather(*reception._working)
    assert await within(30, asyncio.sleep(0, "done")) == "done"
    assert MOST_AT_ONCE > 100
