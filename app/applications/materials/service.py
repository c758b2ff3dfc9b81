"""Use cases of materials: taken as files, and dropped where they are not asked for."""

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

from app.applications.asked import asked_of
from app.applications.drafts import owned
from app.applications.errors import (
    MaterialUnknownError,
    StateForbidsError,
    TooManyMaterialsError,
    UploadBrokenError,
    UploadTooLargeError,
    UploadTooManyPixelsError,
    UploadUnsupportedError,
)
from app.applications.models import Application, Material, State
from app.audit import service as audit
from app.catalogue.guidance import Asked
from app.kit import clock
from app.kit.blobs import doom, spare
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.errors import DomainError
from app.kit.ids import new_id
from app.mandates.party import Party
from media.images import ImageRefusedError, inspect_photo
from media.storage import BlobStore

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
_MAX_PIXELS = 50_000_000
_MAX_FILES = 30
# A file whose case has gone, or whose process died before its row was written, is deleted after this.
_UPLOAD_PATIENCE = timedelta(hours=1)
_TAKES_MATERIALS = {State.DRAFT, State.SUPPLEMENT_REQUESTED}

_REFUSED: dict[str, type[DomainError]] = {
    "empty": UploadBrokenError,
    "broken": UploadBrokenError,
    "too_large": UploadTooLargeError,
    "too_many_pixels": UploadTooManyPixelsError,
    "unsupported_type": UploadUnsupportedError,
}


async def drop_unasked(application: Application, asked: Asked) -> None:
    """Delete files that another answer had asked for, within the caller's transaction."""
    waiting = Material.filter(application=application, handed_in_at=None)
    unasked = await waiting.exclude(material_id__in=[material.id for material in asked.materials])
    if unasked:
        await Material.filter(id__in=[material.id for material in unasked]).delete()
        await doom([material.blob_key for material in unasked])


async def add_material(
    blobs: BlobStore, party: Party, application_id: UUID, material_id: str, content: bytes
) -> Material:
    """Take a photograph as a material: its content is checked, its metadata removed, and it is sealed.

    Raises UploadTooLargeError, UploadTooManyPixelsError, UploadUnsupportedError, UploadBrokenError,
    MaterialUnknownError, TooManyMaterialsError, StateForbidsError or ApplicationNotFoundError.
    """
    application = await owned(party, application_id)
    _require_open(application)
    asked = await asked_of(application)
    # Who asks for a supplement may ask for any material of the item.
    wanted = asked.materials if application.state is State.DRAFT else asked.guide.materials
    if material_id not in {material.id for material in wanted}:
        raise MaterialUnknownError
    try:
        photo = await asyncio.to_thread(inspect_photo, content, max_bytes=MAX_UPLOAD_BYTES, max_pixels=_MAX_PIXELS)
    except ImageRefusedError as error:
        raise _REFUSED[error.code](limit_bytes=MAX_UPLOAD_BYTES, limit_pixels=_MAX_PIXELS) from error
    file_id = new_id()
    blob_key = f"materials/{file_id.hex[-2:]}/{file_id.hex}"
    await doom([blob_key], at=clock.now() + _UPLOAD_PATIENCE)
    await blobs.put(blob_key, keyring().seal(photo.data, blob_key))
    async with transaction():
        application = await owned(party, application_id, lock=True)
        _require_open(application)
        if await Material.filter(application=application).count() >= _MAX_FILES:
            raise TooManyMaterialsError(limit=_MAX_FILES)
        material = await Material.create(
            id=file_id,
            application=application,
            material_id=material_id,
            content_type=photo.content_type,
            size=len(photo.data),
            width=photo.width,
            height=photo.height,
            sha256=hashlib.sha256(photo.data).hexdigest(),
            blob_key=blob_key,
            created_at=clock.now(),
        )
        await spare(blob_key)
        await audit.record(f"application:{application.id}", party.name, "material_added", material=material_id)
    return material


def _require_open(application: Application) -> None:
    if application.state not in _TAKES_MATERIALS:
        raise StateForbidsError(state=application.state)
