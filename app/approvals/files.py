"""The files that approval systems come to fetch."""

from uuid import UUID

from app.applications.materials.queries import content_of, find_handed_in
from app.applications.models import Material
from app.approvals.connectors import Connectors
from app.kit.errors import NotFoundError
from media.storage import BlobStore


async def read_for(
    connectors: Connectors, connector: str, blobs: BlobStore, case_no: str, file_id: UUID
) -> tuple[Material, bytes]:
    """A file of a case that went to this connector, with its content.

    Raises NotFoundError for any other case's, whatever its scan found, MaterialPendingError, MaterialInfectedError or
    MaterialLostError.
    """
    material = await find_handed_in(case_no, file_id)
    # Behind the first look: by then the number is a case's, whatever stood in the path.
    if await connectors.name_of(case_no) != connector:
        raise NotFoundError
    return material, await content_of(blobs, material)
