"""Files of strangers are looked at beside everything else, never instead of it."""

import asyncio

from app.applications.materials.files import inspected
from media import confined
from tests.unit.media.papers import paper


async def test_slow_files_keep_no_other_work_from_its_threads() -> None:
    """More files than there are threads wait for a child; what else needs a thread has one."""
    held = 0
    while confined._AT_ONCE.acquire(blocking=False):
        held += 1
    try:
        waiting = [asyncio.create_task(inspected(paper())) for _ in range(40)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asyncio.to_thread(int, "7"), 10) == 7
        assert not any(one.done() for one in waiting)
    finally:
        confined._AT_ONCE.release(held)
    for one in waiting[4:]:
        one.cancel()
    assert {(await one).pages for one in waiting[:4]} == {1}
