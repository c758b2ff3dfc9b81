"""Copies of one's own files that say what they are for, so that whoever gets one can use it for nothing else."""

from uuid import UUID

from app.applications.materials.errors import CopyImpossibleError
from app.applications.materials.queries import read_own_material
from app.kit import clock, texts
from app.kit.benches import Bench
from app.mandates.party import Party
from media.storage import BlobStore
from media.watermarks import NoWatermarkError, watermarked

# Each holds a whole picture in memory several times.
_BENCH = Bench("copies", places=4)


async def copy_material(
    blobs: BlobStore, party: Party, application_id: UUID, file_id: UUID, purpose: str
) -> tuple[bytes, str]:
    """A copy of a file with its purpose and the day across all of it, and the copy's content type.

    Raises TemporarilyUnavailableError where too many are wanted at once, CopyImpossibleError, and what
    ``read_own_material`` raises.
    """
    with _BENCH.place() as place:
        material, content = await read_own_material(blobs, party, application_id, file_id)
        text = texts.text("materials", "copy_for", purpose=purpose, day=clock.today().isoformat())
        try:
            return await place.do(watermarked, content, material.content_type, text)
        except NoWatermarkError as error:
            raise CopyImpossibleError from error
