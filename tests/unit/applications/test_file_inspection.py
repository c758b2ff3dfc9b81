"""Files of strangers are looked at beside everything else, never instead of it."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from app.applications.materials.errors import TooManyInspectionsError
from app.applications.materials.files import inspected
from app.applications.materials.turns import Turns
from media import confined
from tests.unit.media.papers import paper, photo_with_position


async def test_slow_pdfs_keep_no_other_work_from_its_threads() -> None:
    """More PDFs than there are threads wait for a child; photos and what else needs a thread have one."""
    held = 0
    while confined._AT_ONCE.acquire(blocking=False):
        held += 1
    try:
        waiting = [asyncio.create_task(inspected(uuid4(), paper())) for _ in range(40)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asyncio.to_thread(int, "7"), 10) == 7
        photo = await asyncio.wait_for(inspected(uuid4(), photo_with_position()), 10)
        assert (photo.width, photo.height) == (40, 30)
        assert not any(one.done() for one in waiting)
    finally:
        confined._AT_ONCE.release(held)
    for one in waiting[3:]:
        one.cancel()
    assert {(await one).pages for one in waiting[:3]} == {1}


async def test_of_one_account_one_file_is_looked_at_at_a_time() -> None:
    """Few wait, the next is told; another account has its turn at once."""
    turns, threads, go, begun = Turns(3), ThreadPoolExecutor(9), threading.Event(), threading.Event()
    at_work = list[int]()

    def slowly() -> int:
        at_work.append(1)
        begun.set()
        assert go.wait(60)
        return 7

    mine = uuid4()
    waiting = [asyncio.create_task(turns.do(mine, threads, slowly)) for _ in range(3)]
    assert await asyncio.to_thread(begun.wait, 60)
    assert await turns.do(uuid4(), threads, lambda: 8) == 8
    with pytest.raises(TooManyInspectionsError):
        await turns.do(mine, threads, slowly)
    assert len(at_work) == 1
    go.set()
    assert await asyncio.gather(*waiting) == [7, 7, 7]
    assert await turns.do(mine, threads, slowly) == 7


async def test_whoever_hangs_up_has_no_other_turn_until_the_file_was_looked_at() -> None:
    """Also whoever hangs up while waiting; nothing is kept of an account that has no file."""
    turns, threads, go, begun = Turns(2), ThreadPoolExecutor(9), threading.Event(), threading.Event()

    def slowly() -> None:
        begun.set()
        assert go.wait(60)

    mine = uuid4()
    gone = [asyncio.create_task(turns.do(mine, threads, slowly)) for _ in range(2)]
    assert await asyncio.to_thread(begun.wait, 60)
    for one in reversed(gone):
        one.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    done = list[int]()
    after = asyncio.create_task(turns.do(mine, threads, lambda: done.append(1)))
    await turns.do(uuid4(), threads, lambda: None)
    assert not done
    go.set()
    await after
    assert done == [1]
    with pytest.raises(ZeroDivisionError):
        await turns.do(mine, threads, lambda: 1 // 0)
    await asyncio.sleep(0)
    assert turns._turns == {}
