"""Copies of one's own files that say what they are for, so that whoever gets one can use it for nothing else."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from uuid import UUID

from app.applications.materials.queries import read_own_material
from app.kit import clock, texts
from app.kit.errors import TemporarilyUnavailableError
from app.mandates.party import Party
from media.storage import BlobStore
from media.watermarks import watermarked

# Each holds a whole picture in memory several times: a process makes one at a time, and lets few wait.
_MAKER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="copies")
_WAITING = BoundedSemaphore(4)


async def copy_material(
    blobs: BlobStore, party: Party, application_id: UUID, file_id: UUID, purpose: str
) -> tuple[bytes, str]:
    """A copy of a file with its purpose and the day across all of it, and the copy's content type.

    Raises TemporarilyUnavailableError where too many are wanted at once, and what ``read_own_material`` raises.
    """
    if not _WAITING.acquire(blocking=False):
        raise TemporarilyUnavailableError
    try:
        material, content = await read_own_material(blobs, party, application_id, file_id)
        text = texts.text("materials", "copy_for", purpose=purpose, day=clock.today().isoformat())
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_MAKER, watermarked, content, material.content_type, text)
    finally:
        _WAITING.release()
