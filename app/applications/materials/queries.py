"""Reads of materials."""

from dataclasses import dataclass
from uuid import UUID

from app.applications.drafts import owned
from app.applications.materials.errors import MaterialsUnscannedError, PreviewMissingError
from app.applications.materials.files import opened, require_safe
from app.applications.materials.rules import SET_ASIDE
from app.applications.models import Material, Scan
from app.kit.crypto import keyring
from app.kit.errors import NotFoundError
from app.mandates.party import Party
from media.storage import BlobStore


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Files that were handed in together: those that go on, and those set aside, infected or lost."""

    materials: list[Material]
    set_aside: list[Material]


async def list_materials(party: Party, application_id: UUID) -> list[Material]:
    """The files of the party's own application. Raises ApplicationNotFoundError or MatterNotCoveredError."""
    application = await owned(party, application_id)
    return await Material.filter(application=application).order_by("id")


async def handed_in(application_id: UUID, supplement_id: UUID | None) -> HandedIn:
    """The files that came with a case's submission, or with a supplement. Raises MaterialsUnscannedError."""
    came = Material.filter(application_id=application_id, supplement_id=supplement_id, handed_in_at__not_isnull=True)
    return sort_out(await came.order_by("id"))


def sort_out(found: list[Material]) -> HandedIn:
    """Files that came together, by what the scanner said. Raises MaterialsUnscannedError."""
    if any(material.scan is Scan.PENDING for material in found):
        raise MaterialsUnscannedError
    set_aside = [material for material in found if material.scan in SET_ASIDE]
    return HandedIn([material for material in found if material not in set_aside], set_aside)


async def read_own_material(
    blobs: BlobStore, party: Party, application_id: UUID, file_id: UUID
) -> tuple[Material, bytes]:
    """A file of the party's own case with its content.

    Raises ApplicationNotFoundError, MatterNotCoveredError, NotFoundError, MaterialPendingError, MaterialInfectedError
    or MaterialLostError.
    """
    material = await _own(party, application_id, file_id)
    return material, await content_of(blobs, material)


async def read_preview(blobs: BlobStore, party: Party, application_id: UUID, file_id: UUID) -> bytes:
    """The small JPEG of a file of the party's own case.

    Raises PreviewMissingError, and what ``read_own_material`` raises.
    """
    material = await _own(party, application_id, file_id)
    require_safe(material)
    if material.preview_blob_key is None:
        raise PreviewMissingError
    return keyring().open(await blobs.get(material.preview_blob_key), material.preview_blob_key)


async def find_handed_in(case_no: str, file_id: UUID) -> Material:
    """A file that was handed in with a case, whatever its scan found. Raises NotFoundError."""
    found = await Material.get_or_none(id=file_id, handed_in_at__not_isnull=True).select_related("application")
    if found is None or found.application.case_no != case_no:
        raise NotFoundError
    return found


async def content_of(blobs: BlobStore, material: Material) -> bytes:
    """The content of a file that may be shown and sent.

    Raises MaterialPendingError, MaterialInfectedError or MaterialLostError.
    """
    require_safe(material)
    return await opened(blobs, material)


async def read_content(blobs: BlobStore, case_no: str, file_id: str) -> bytes:
    """The content of a file that was handed in with a case.

    Raises NotFoundError, MaterialPendingError, MaterialInfectedError or MaterialLostError.
    """
    return await content_of(blobs, await find_handed_in(case_no, UUID(file_id)))


async def _own(party: Party, application_id: UUID, file_id: UUID) -> Material:
    found = await Material.get_or_none(id=file_id, application=await owned(party, application_id))
    if found is None:
        raise NotFoundError
    return found
