"""Blobs that are to go: written down in the transaction that lets go of them, deleted afterwards by the worker.

A blob can be written down before it is put, and spared in the transaction that makes its row: whatever dies in between,
nothing lies in the store for good that no row knows.
"""

from collections.abc import Iterable
from datetime import datetime

from app.kit import clock, db, jobs
from media.storage import BlobStore

DELETE_BLOBS = "kit.delete_blobs"
_SLICE = 100

_DOOM = """
INSERT INTO doomed_blobs (blob_key, due_at) SELECT DISTINCT key, $2::timestamptz FROM unnest($1::text[]) AS key
ON CONFLICT (blob_key) DO UPDATE SET due_at = excluded.due_at
"""
_DUE = "SELECT id, blob_key FROM doomed_blobs WHERE due_at <= $1 ORDER BY id LIMIT $2"


async def doom(keys: Iterable[str], *, at: datetime | None = None) -> None:
    """Let blobs go at a moment, or as soon as the caller's transaction has ended."""
    wanted = list(keys)
    if not wanted:
        return
    await db.execute(_DOOM, wanted, at or clock.now())
    if at is None:
        await jobs.defer(DELETE_BLOBS)


async def spare(key: str) -> None:
    """Keep a blob after all, within the transaction that makes its row."""
    await db.execute("DELETE FROM doomed_blobs WHERE blob_key = $1", key)


async def delete_due(blobs: BlobStore) -> None:
    """Delete every blob whose time has come. Once more, it deletes nothing that is there."""
    moment = clock.now()
    while due := await db.rows(_DUE, moment, _SLICE):
        for entry in due:
            await blobs.delete(entry["blob_key"])
            await db.execute("DELETE FROM doomed_blobs WHERE id = $1", entry["id"])
            # Once more: its seal may have been renewed while a row still named it.
            await blobs.delete(entry["blob_key"])
