"""Reads of materials."""

from uuid import UUID

from app.applications.drafts import owned
from app.applications.models import Material
from app.kit.crypto import keyring
from app.kit.errors import NotFoundError
from app.mandates.party import Party
from media.storage import BlobStore


async def read_own_material(
    blobs: BlobStore, party: Party, application_id: UUID, file_id: UUID
) -> tuple[Material, bytes]:
    """A file of the party's own case with its content.

    Raises ApplicationNotFoundError, MatterNotCoveredError or NotFoundError.
    """
    application = await owned(party, application_id)
    material = await Material.get_or_none(id=file_id, application=application)
    return await _opened(blobs, material)


async def read_material(blobs: BlobStore, case_no: str, file_id: UUID) -> tuple[Material, bytes]:
    """A file of a submitted case with its content. Raises NotFoundError."""
    material = await Material.get_or_none(id=file_id).select_related("application")
    return await _opened(blobs, material if material and material.application.case_no == case_no else None)


async def _opened(blobs: BlobStore, material: Material | None) -> tuple[Material, bytes]:
    if material is None:
        raise NotFoundError
    return material, keyring().open(await blobs.get(material.blob_key), material.blob_key)
