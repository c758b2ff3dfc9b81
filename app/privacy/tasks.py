"""What the worker does for data rights: it collects copies.

A try that was cut off leaves nothing that counts: the next one begins anew under a number of its own, and each step of
the old one, should it still be alive, finds that it was superseded.
"""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.audit import held as audit_held
from app.audit import service as audit
from app.identity.errors import SessionEndedError
from app.identity.queries import lock_present
from app.identity.rules import mask_name
from app.identity.service import get_citizen
from app.kit import clock, db, retention, texts
from app.kit.blobs import doom
from app.kit.crypto import SealBrokenError
from app.kit.db import transaction
from app.kit.held import Part
from app.mandates.held import acting_names
from app.mandates.queries import people_to_tell
from app.notifications.service import notify
from app.privacy.archive import SealedArchive
from app.privacy.exports import prefix_of
from app.privacy.models import Export, ExportState
from app.privacy.parts import PARTS
from media.storage import BlobMissingError, BlobStore

_log = logging.getLogger(__name__)

_BEGIN = """
UPDATE exports SET attempt = attempt + 1, done = 0 WHERE id = $1 AND state = 'collecting' RETURNING citizen_id, attempt
"""
_PROGRESS = "UPDATE exports SET done = $3, total = $4 WHERE id = $1 AND attempt = $2 AND state = 'collecting'"
_READY = """
UPDATE exports SET state = 'ready', pieces = $3, size = $4, ready_at = $5, expires_at = $6
WHERE id = $1 AND attempt = $2 AND state = 'collecting'
"""


class _SupersededError(Exception):
    """Another try has begun, or the account was deleted."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    export_id: UUID
    citizen_id: UUID
    number: int

    async def progress(self, done: int, total: int) -> None:
        if not await db.execute(_PROGRESS, self.export_id, self.number, done, total):
            raise _SupersededError


async def collect_export(blobs: BlobStore, export_id: str) -> None:
    """Collect a copy, from the beginning however often it was begun, and tell whoever may fetch it."""
    begun = await db.row(_BEGIN, UUID(export_id))
    if begun is None:
        return
    attempt = _Attempt(UUID(export_id), begun["citizen_id"], begun["attempt"])
    archive = SealedArchive(blobs, prefix_of(attempt.export_id, attempt.number))
    with suppress(_SupersededError, SessionEndedError):
        await _fill(archive, attempt, blobs)
        await archive.finish()
        await _finish(archive, attempt)
        return
    if await Export.exists(id=attempt.export_id, attempt=attempt.number, state=ExportState.COLLECTING):
        # The account was joined with another one, whose copy it is now.
        await collect_export(blobs, export_id)


async def _fill(archive: SealedArchive, attempt: _Attempt, blobs: BlobStore) -> None:
    citizen_id = attempt.citizen_id
    files = sum([await part.count(citizen_id) for part in PARTS if part.file])
    done, total = 0, len(PARTS) + files + 2
    chains: list[str] = []
    await archive.add("README.txt", await _readme(citizen_id))
    for part in PARTS:
        done += 1
        await attempt.progress(done, total)
        chains += await _write_part(archive, part, citizen_id)
        async for name, content in _files_of(part, citizen_id, blobs):
            await archive.add(name, content)
            done += 1
            # Files may come and go meanwhile; what was said of the whole stays a whole.
            await attempt.progress(min(done, total - 1), total)
    own = audit_held.part(chains, await acting_names(citizen_id))
    await _write_part(archive, own, citizen_id)
    await attempt.progress(total, total)


async def _readme(citizen_id: UUID) -> bytes:
    citizen = await get_citizen(citizen_id)
    named = [(part.name, part.title) for part in (*PARTS, audit_held.part([], []))]
    contents = "\n".join(f"data/{name}.json  {title}" for name, title in named)
    text = texts.text(
        "privacy",
        "readme",
        name=mask_name(citizen.name) if citizen.name else "",
        time=clock.in_city(clock.now()),
        contents=contents,
        days=retention.terms()["exports"].words,
    )
    return text.encode()


async def _write_part(archive: SealedArchive, part: Part, citizen_id: UUID) -> list[str]:
    """Write a part as one JSON object, row by row; returns the audit chains that are about its rows."""
    chains = []
    async with archive.writing(f"data/{part.name}.json") as file:
        head = {"title": part.title, "fields": dict(part.fields)}
        file.write(f'{_json(head)[:-2]},\n  "records": ['.encode())
        before = "\n"
        async for row in part.rows(citizen_id):
            file.write(f"{before}{_json(await part.shown(row, citizen_id))}".encode())
            before = ",\n"
            if part.chain:
                chains.append(f"{part.chain}:{row.pk}")
            await archive.seal()
        file.write(b"\n]}\n")
    return chains


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


async def _files_of(part: Part, citizen_id: UUID, blobs: BlobStore) -> AsyncIterator[tuple[str, bytes]]:
    if part.file is None:
        return
    async for row in part.rows(citizen_id):
        try:
            held = await part.file(row, blobs)
        except (BlobMissingError, SealBrokenError):
            _log.error("export_file_missing", extra={"part": part.name, "row": str(row.pk)})
            yield f"files/{part.name}/{row.pk}.missing.txt", texts.text("privacy", "file_missing").encode()
        else:
            yield held.name, held.content


async def _finish(archive: SealedArchive, attempt: _Attempt) -> None:
    moment = clock.now()
    expires_at = retention.terms()["exports"].after(moment)
    async with transaction():
        await lock_present(attempt.citizen_id)
        ready = await db.execute(
            _READY, attempt.export_id, attempt.number, len(archive.keys), archive.size, moment, expires_at
        )
        if not ready:
            raise _SupersededError
        await doom(archive.keys, at=expires_at)
        await audit.record(f"citizen:{attempt.citizen_id}", "system", "export_ready", export=str(attempt.export_id))
        for person in await people_to_tell(attempt.citizen_id, None, None):
            await notify(
                person,
                "export_ready",
                str(attempt.export_id),
                link=f"/privacy/exports/{attempt.export_id}",
                until=expires_at.astimezone(clock.CITY_TIME).strftime("%Y-%m-%d %H:%M"),
            )
