"""Blobs that are to go: written down in the transaction that lets go of them, deleted afterwards by the worker.

A blob can be written down before it is put, and spared in the transaction that makes its row: whatever dies in between,
nothing lies in the store for good that no row knows.
"""

from collections.abc import Iterable
from datetime import datetime

from app.kit import clock, db, jobs
from app.kit.apart import Apart
from media.storage import BlobStore

DELETE_BLOBS = "kit.delete_blobs"
BACKUP_LOCK = 7_201_311_424
"""The advisory lock of whoever copies what rows name at one moment: until it lets go, no blob is deleted."""
_SLICE = 100

_DOOM = """
INSERT INTO doomed_blobs (blob_key, due_at) SELECT DISTINCT key, $2::timestamptz FROM unnest($1::text[]) AS key
ON CONFLICT (blob_key) DO UPDATE SET due_at = excluded.due_at
"""
_DUE = "SELECT id, blob_key FROM doomed_blobs WHERE due_at <= $1 AND id > $2 ORDER BY id LIMIT $3"
_NO_BACKUP = "SELECT pg_try_advisory_xact_lock_shared($1) AS free"


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
    """Delete every blob whose time has come. Once more, it deletes nothing that is there.

    One that fails holds up no other, unless a whole slice does: then the store is away. Raises RowsFailedError. While a
    backup is being made nothing is deleted; whoever asks next deletes it.
    """
    moment, last = clock.now(), 0
    with Apart(DELETE_BLOBS) as apart:
        # Asked after what is due was read: a backup that begins later no longer sees a row that names one of these.
        while (due := await db.rows(_DUE, moment, last, _SLICE)) and await _no_backup_runs():
            failed, last = apart.failed, due[-1]["id"]
            for entry in due:
                with apart.row(entry["id"]):
                    await _delete(blobs, entry["id"], entry["blob_key"])
            if apart.failed == failed + len(due):
                break


async def _no_backup_runs() -> bool:
    found = await db.row(_NO_BACKUP, BACKUP_LOCK)
    return bool(found and found["free"])


async def _delete(blobs: BlobStore, doomed_id: int, key: str) -> None:
    await blobs.delete(key)
    await db.execute("DELETE FROM doomed_blobs WHERE id = $1", doomed_id)
    # Once more: its seal may have been renewed while a row still named it.
    await blobs.delete(key)
