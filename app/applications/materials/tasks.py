"""What the worker does with a file that was taken. No transaction is open while it is looked at."""

import asyncio
import logging
from uuid import UUID

from app.applications.materials.files import keep_sealed, opened
from app.applications.models import Material, Scan
from app.kit.blobs import spare
from app.kit.db import transaction
from app.kit.ids import new_id
from media.previews import NoPreviewError, preview_of
from media.storage import BlobStore

_log = logging.getLogger(__name__)
_SAFE = [Scan.CLEAN, Scan.UNSCANNED]


async def preview_material(blobs: BlobStore, file_id: str) -> None:
    """Make the small picture of a file. Once more, it does nothing; a file that cannot be drawn has none."""
    material = await Material.get_or_none(id=UUID(file_id), preview_blob_key=None, scan__in=_SAFE)
    if material is None:
        return
    try:
        picture = await asyncio.to_thread(preview_of, await opened(blobs, material), material.content_type)
    except NoPreviewError:
        _log.warning("no_preview", extra={"file_id": file_id})
        return
    key = await keep_sealed(blobs, "previews", new_id(), picture)
    async with transaction():
        # What was deleted meanwhile gets none: the picture goes by itself.
        if await Material.filter(id=material.id, preview_blob_key=None, scan__in=_SAFE).update(preview_blob_key=key):
            await spare(key)
