"""Files of strangers are looked at beside everything else, never instead of it."""

import asyncio

from app.applications.materials.files import inspected
from media import confined
from tests.unit.media.papers import paper, photo_with_position


async def test_slow_pdfs_keep_no_other_work_from_its_threads() -> None:
    """More PDFs than there are threads wait for a child; photos and what else needs a thread have one."""
    held = 0
    while confined._AT_ONCE.acquire(blocking=False):
        held += 1
    try:
        waiting = [asyncio.create_task(inspected(paper())) for _ in range(40)]
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asyncio.to_thread(int, "7"), 10) == 7
        photo = await asyncio.wait_for(inspected(photo_with_position()), 10)
        assert (photo.width, photo.height) == (40, 30)
        assert not any(one.done() for one in waiting)
    finally:
        confined._AT_ONCE.release(held)
    for one in waiting[3:]:
        one.cancel()
    assert {(await one).pages for one in waiting[:3]} == {1}
