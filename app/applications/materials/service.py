"""Use cases of materials: taken as files, deleted, dropped where they are not asked for."""

from collections.abc import Iterable
from dataclasses import asdict
from uuid import UUID

from app.applications.asked import asked_of
from app.applications.drafts import lock_drafts, owned
from app.applications.errors import StateForbidsError
from app.applications.materials import rules
from app.applications.materials.allowance import TAKES_MATERIALS, require_allowance
from app.applications.materials.errors import (
    MaterialHandedInError,
    MaterialTooLargeError,
    MaterialUnknownError,
    TooManyMaterialsError,
)
from app.applications.materials.files import KeptFile, inspected, keep, keys_in
from app.applications.models import Application, Material, Scan, State
from app.audit import service as audit
from app.catalogue.guidance import Asked
from app.catalogue.guide import GuideMaterial
from app.kit import clock, db, jobs
from app.kit.blobs import doom, spare
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.mandates.party import Party
from media.storage import BlobStore

SCAN_MATERIAL = "applications.scan_material"
PREVIEW_MATERIAL = "applications.preview_material"

_DELETE = "DELETE FROM materials WHERE id = ANY($1::uuid[]) RETURNING blob_key, preview_blob_key"


async def add_material(
    blobs: BlobStore,
    party: Party,
    application_id: UUID,
    material_id: str,
    content: bytes,
    *,
    scan_needed: bool,
) -> Material:
    """Take a photograph or a PDF as a material: its content is checked, its metadata removed, and it is sealed.

    With ``scan_needed`` nobody gets to see it before the worker has scanned it. Raises what ``require_asked``,
    ``inspected`` and ``write_material`` raise.
    """
    application, _ = await require_asked(party, application_id, material_id)
    file = await inspected(party.actor_id, content)
    # Before it lies in the store, where it would stay for a while.
    await require_place(party, application, material_id, file.size)
    kept = await keep(blobs, file)
    async with transaction():
        return await write_material(party, application_id, material_id, kept, scan_needed=scan_needed)


async def require_asked(party: Party, application_id: UUID, material_id: str) -> tuple[Application, GuideMaterial]:
    """The party's own application, which takes files at present, and the material that it asks for.

    Raises ApplicationNotFoundError, MatterNotCoveredError, StateForbidsError or MaterialUnknownError.
    """
    application = await owned(party, application_id)
    _require_open(application)
    asked = await asked_of(application)
    # Who asks for a supplement may ask for any material of the item.
    wanted = asked.materials if application.state is State.DRAFT else asked.guide.materials
    for material in wanted:
        if material.id == material_id:
            return application, material
    raise MaterialUnknownError


async def require_place(party: Party, application: Application, material_id: str, size: int) -> None:
    """Look whether a file of this size has a place in its case, and beside the party's drafts.

    Raises TooManyMaterialsError, MaterialTooLargeError or DraftsTooLargeError.
    """
    given = (
        await Material.filter(application=application).exclude(scan__in=rules.SET_ASIDE).values("material_id", "size")
    )
    require_room(((one["material_id"], one["size"]) for one in given), material_id, size)
    await require_allowance(party, size)


async def write_material(
    party: Party, application_id: UUID, material_id: str, kept: KeptFile, *, scan_needed: bool
) -> Material:
    """Write the row of a file that was kept, within the caller's transaction, and have the worker look at it.

    Raises ApplicationNotFoundError, StateForbidsError, and what ``lock_drafts`` and ``require_place`` raise.
    """
    await lock_drafts(party)
    application = await owned(party, application_id, lock=True)
    _require_open(application)
    await require_place(party, application, material_id, kept.size)
    material = await Material.create(
        **asdict(kept),
        application=application,
        material_id=material_id,
        scan=Scan.PENDING if scan_needed else Scan.UNSCANNED,
        created_at=clock.now(),
    )
    await spare(kept.blob_key)
    reused = {"reused_from": str(kept.reused_from)} if kept.reused_from else {}
    await audit.record(f"application:{application.id}", party.name, "material_added", material=material_id, **reused)
    await jobs.defer(SCAN_MATERIAL if scan_needed else PREVIEW_MATERIAL, file_id=str(material.id))
    return material


def _require_open(application: Application) -> None:
    if application.state not in TAKES_MATERIALS:
        raise StateForbidsError(state=application.state)


def require_room(given: Iterable[tuple[str, int]], material_id: str, size: int) -> None:
    """Raise TooManyMaterialsError or MaterialTooLargeError where a case takes no such file beside those ``given``.

    Those are told by their materials and sizes.
    """
    there = list(given)
    if len(there) >= rules.MAX_FILES_OF_CASE:
        raise TooManyMaterialsError(limit=rules.MAX_FILES_OF_CASE)
    sizes = [size for name, size in there if name == material_id]
    if len(sizes) >= rules.MAX_FILES_OF_MATERIAL:
        raise TooManyMaterialsError(limit=rules.MAX_FILES_OF_MATERIAL, material=material_id)
    if sum(sizes) + size > rules.MAX_BYTES_OF_MATERIAL:
        raise MaterialTooLargeError(limit_bytes=rules.MAX_BYTES_OF_MATERIAL, material=material_id)


async def delete_material(party: Party, application_id: UUID, file_id: UUID) -> None:
    """Delete a file that was not handed in.

    Raises ApplicationNotFoundError, MatterNotCoveredError, NotFoundError or MaterialHandedInError.
    """
    async with transaction():
        application = await owned(party, application_id, lock=True)
        material = await Material.get_or_none(id=file_id, application=application)
        if material is None:
            raise NotFoundError
        if material.handed_in_at:
            raise MaterialHandedInError
        await _delete([material])
        chain = f"application:{application.id}"
        await audit.record(chain, party.name, "material_deleted", material=material.material_id)


async def drop_unasked(application: Application, asked: Asked) -> None:
    """Delete files that another answer had asked for, within the caller's transaction."""
    waiting = Material.filter(application=application, handed_in_at=None)
    await _delete(await waiting.exclude(material_id__in=[material.id for material in asked.materials]))


async def _delete(materials: list[Material]) -> None:
    """Delete rows and let their files go; what became of a row meanwhile goes with it."""
    if materials:
        await doom(keys_in(await db.rows(_DELETE, [material.id for material in materials])))
