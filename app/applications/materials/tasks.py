"""What the worker does with a file that was taken. No transaction is open while it is looked at."""

import asyncio
import logging
from uuid import UUID

from app.applications.asked import asked_of
from app.applications.materials.files import keep_sealed, opened
from app.applications.materials.service import PREVIEW_MATERIAL
from app.applications.models import Application, Material, Scan
from app.applications.moving import tell
from app.audit import service as audit
from app.kit import jobs
from app.kit.blobs import doom, spare
from app.kit.db import transaction
from app.kit.ids import new_id
from app.kit.ports import RefusedError
from app.kit.scanning import Scanner, Verdict
from media.previews import NoPreviewError, preview_of
from media.storage import BlobStore

_log = logging.getLogger(__name__)
_SAFE = [Scan.CLEAN, Scan.UNSCANNED]


async def scan_material(scanner: Scanner | None, blobs: BlobStore, file_id: str) -> None:
    """Have a file scanned. One that is infected goes at once, and whom it concerns is told.

    A file that the scanner does not take stays unscanned, as all do where there is none; the case file says so. Once
    more, it does nothing. Raises TryLaterError, after which it is run again.
    """
    material = await Material.get_or_none(id=UUID(file_id), scan=Scan.PENDING)
    if material is None:
        return
    verdict = await _verdict(scanner, await opened(blobs, material), file_id)
    if verdict and not verdict.clean:
        await _set_aside(material, verdict)
        return
    async with transaction():
        safe = Scan.CLEAN if verdict else Scan.UNSCANNED
        if await Material.filter(id=material.id, scan=Scan.PENDING).update(scan=safe):
            await jobs.defer(PREVIEW_MATERIAL, file_id=file_id)


async def _verdict(scanner: Scanner | None, content: bytes, file_id: str) -> Verdict | None:
    if scanner is None:
        return None
    try:
        return await scanner.scan(content)
    except RefusedError as error:
        _log.error("scan_refused", extra={"file_id": file_id, "reason": error.reason})
        return None


async def _set_aside(material: Material, verdict: Verdict) -> None:
    """Let an infected file go. A case that was submitted goes on without it: whoever decides asks for it anew.

    The applicant could not have known, and their day of submission counts: so they lose neither the case nor the day.
    """
    async with transaction():
        application_id = material.application_id  # type: ignore[attr-defined]  # Tortoise adds it
        application = await Application.select_for_update().get_or_none(id=application_id)
        found = await Material.get_or_none(id=material.id, scan=Scan.PENDING)
        if application is None or found is None:
            return
        found.scan = Scan.INFECTED
        await found.save(update_fields=["scan"])
        await doom([found.blob_key])
        chain, words = f"application:{application.id}", {"material": found.material_id, "signature": verdict.signature}
        await audit.record(chain, "scanner", "material_infected", **words)
        names = {one.id: one.name for one in (await asked_of(application)).guide.materials}
        kind = "material_set_aside" if found.handed_in_at else "material_infected"
        await tell(application, kind, str(found.id), names.get(found.material_id, ""))


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
