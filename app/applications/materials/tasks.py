"""What the worker does with a file that was taken. No transaction is open while it is looked at."""

import asyncio
import logging
from datetime import datetime, timedelta
from uuid import UUID

from app.applications.asked import asked_of
from app.applications.materials.files import keep_sealed, opened
from app.applications.materials.rules import SAFE
from app.applications.materials.service import PREVIEW_MATERIAL, SCAN_MATERIAL
from app.applications.models import Application, Material, Scan
from app.applications.telling import tell
from app.audit import service as audit
from app.kit import clock, jobs
from app.kit.blobs import doom, spare
from app.kit.db import transaction
from app.kit.ids import new_id
from app.kit.ports import RefusedError, TryLaterError
from app.kit.scanning import Scanner, Verdict
from media.previews import NoPreviewError, preview_of
from media.storage import BlobMissingError, BlobStore

_log = logging.getLogger(__name__)

WAKE_DELIVERIES = "approvals.wake_deliveries"

# By why a file goes, and whether it was handed in.
_TOLD = {
    (Scan.INFECTED, False): "material_infected",
    (Scan.INFECTED, True): "material_set_aside",
    (Scan.LOST, False): "material_lost",
    (Scan.LOST, True): "material_lost_set_aside",
}
_LOST_AFTER = timedelta(hours=1)


async def scan_material(
    scanner: Scanner | None, blobs: BlobStore, file_id: str, missing_since: str | None = None
) -> None:
    """Have a file scanned. One that is infected goes at once, one that the store has not had for an hour then, and whom
    it concerns is told.

    A file that the scanner does not take stays unscanned, as all do where there is none; the case file says so. Once
    more, it does nothing. ``missing_since`` is when the store first had no such file, in ISO 8601. Raises
    TryLaterError, after which it is run again.
    """
    material = await Material.get_or_none(id=UUID(file_id), scan=Scan.PENDING)
    if material is None:
        return
    try:
        content = await opened(blobs, material)
    except BlobMissingError:
        await _miss(material, missing_since)
        return
    verdict = await _verdict(scanner, content, file_id)
    if verdict and not verdict.clean:
        await _set_aside(material, Scan.INFECTED, signature=verdict.signature)
        return
    async with transaction():
        safe = Scan.CLEAN if verdict else Scan.UNSCANNED
        if await Material.filter(id=material.id, scan=Scan.PENDING).update(scan=safe):
            await jobs.defer(PREVIEW_MATERIAL, file_id=file_id)
            await _wake_deliveries(await Application.get_or_none(materials=material.id))


async def _wake_deliveries(application: Application | None) -> None:
    if application and application.case_no:
        await jobs.defer(WAKE_DELIVERIES, case_no=application.case_no)


async def _miss(material: Material, since: str | None) -> None:
    """See whether a file that the store has not is lost: an unmounted folder, say, has nothing for a while."""
    file_id, moment = str(material.id), clock.now()
    _log.error("blob_missing", extra={"file_id": file_id})
    if since is None:
        await jobs.defer(SCAN_MATERIAL, file_id=file_id, missing_since=moment.isoformat())
        return
    if moment - datetime.fromisoformat(since) < _LOST_AFTER:
        raise TryLaterError("blob_missing")
    _log.error("material_lost", extra={"file_id": file_id})
    await _set_aside(material, Scan.LOST)


async def _verdict(scanner: Scanner | None, content: bytes, file_id: str) -> Verdict | None:
    if scanner is None:
        return None
    try:
        return await scanner.scan(content)
    except RefusedError as error:
        _log.error("scan_refused", extra={"file_id": file_id, "reason": error.reason})
        return None


async def _set_aside(material: Material, why: Scan, **words: str | None) -> None:
    """Let an infected or lost file go. A case that was submitted goes on without it: whoever decides asks for it anew.

    The applicant could not have known, and their day of submission counts: so they lose neither the case nor the day.
    """
    async with transaction():
        application_id = material.application_id  # type: ignore[attr-defined]  # Tortoise adds it
        application = await Application.select_for_update().get_or_none(id=application_id)
        found = await Material.get_or_none(id=material.id, scan=Scan.PENDING)
        if application is None or found is None:
            return
        found.scan = why
        await found.save(update_fields=["scan"])
        if why is Scan.INFECTED:
            await doom([found.blob_key])
        action = f"material_{why.value}"
        await audit.record(f"application:{application.id}", "scanner", action, material=found.material_id, **words)
        names = {one.id: one.name for one in (await asked_of(application)).guide.materials}
        await _wake_deliveries(application)
        kind = _TOLD[why, found.handed_in_at is not None]
        await tell(application, kind, str(found.id), names.get(found.material_id, ""))


async def preview_material(blobs: BlobStore, file_id: str) -> None:
    """Make the small picture of a file. Once more, it does nothing; one that cannot be drawn or is lost has none."""
    material = await Material.get_or_none(id=UUID(file_id), preview_blob_key=None, scan__in=SAFE)
    if material is None:
        return
    try:
        picture = await asyncio.to_thread(preview_of, await opened(blobs, material), material.content_type)
    except (NoPreviewError, BlobMissingError):
        _log.warning("no_preview", extra={"file_id": file_id})
        return
    key = await keep_sealed(blobs, "previews", new_id(), picture)
    async with transaction():
        # What was deleted meanwhile gets none: the picture goes by itself.
        if await Material.filter(id=material.id, preview_blob_key=None, scan__in=SAFE).update(preview_blob_key=key):
            await spare(key)
