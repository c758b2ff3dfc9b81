"""Copies of all that is held about a citizen (PIPL, article 45): asked for, followed, fetched."""

from collections.abc import AsyncIterator
from uuid import UUID

from app.audit import service as audit
from app.identity.queries import lock_present
from app.kit import clock, jobs
from app.kit.db import transaction
from app.privacy.archive import read_pieces
from app.privacy.errors import ExportNotFoundError, ExportNotReadyError
from app.privacy.models import Export, ExportState
from media.storage import BlobStore

COLLECT = "privacy.collect_export"


def prefix_of(export_id: UUID, attempt: int) -> str:
    """Under which the pieces of one try lie in the blob store."""
    return f"exports/{export_id.hex[-2:]}/{export_id.hex}/{attempt}"


async def request_export(citizen_id: UUID, *, actor: str, mandate_id: UUID | None) -> Export:
    """Have a copy made; where one is being made already it is that one. Raises SessionEndedError."""
    async with transaction():
        await lock_present(citizen_id)
        under_way = await Export.filter(citizen_id=citizen_id, state=ExportState.COLLECTING).first()
        if under_way:
            return under_way
        export = await Export.create(citizen_id=citizen_id, mandate_id=mandate_id, created_at=clock.now())
        await audit.record(f"citizen:{citizen_id}", actor, "export_requested", export=str(export.id))
        await jobs.defer(COLLECT, export_id=str(export.id))
    return export


async def get_export(citizen_id: UUID, export_id: UUID) -> Export:
    """A citizen's own copy. Raises ExportNotFoundError."""
    export = await Export.get_or_none(id=export_id, citizen_id=citizen_id)
    if export is None or (export.expires_at and export.expires_at <= clock.now()):
        raise ExportNotFoundError
    return export


async def latest_export(citizen_id: UUID) -> Export | None:
    """The copy that a citizen asked for last, None where none is made or there any more."""
    export = await Export.filter(citizen_id=citizen_id).order_by("-id").first()
    return None if export is None or (export.expires_at and export.expires_at <= clock.now()) else export


async def read_export(
    blobs: BlobStore, citizen_id: UUID, export_id: UUID, *, actor: str
) -> tuple[Export, AsyncIterator[bytes]]:
    """A copy that is ready, and its ZIP piece by piece. Raises ExportNotFoundError or ExportNotReadyError."""
    export = await get_export(citizen_id, export_id)
    if export.state is not ExportState.READY:
        raise ExportNotReadyError
    async with transaction():
        await lock_present(citizen_id)
        await audit.record(f"citizen:{citizen_id}", actor, "export_fetched", export=str(export.id))
    return export, read_pieces(blobs, prefix_of(export.id, export.attempt), export.pieces)
