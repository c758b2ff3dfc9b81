"""How applications go: drafts with the account or untouched, cases and their files a time after their end."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.applications.materials.files import keys_in
from app.applications.materials.models import Upload
from app.applications.models import Application
from app.applications.rules import ENDED
from app.kit import db
from app.kit.blobs import doom

_OVER = sorted(ENDED)

# A photograph that was added counts as a touch, and so does a touch of what was begun for the same life event; what a
# request holds at this moment waits for the next night.
_OLD_DRAFTS = """
SELECT id FROM applications WHERE case_no IS NULL AND state = 'expired' AND updated_at < $1
    AND NOT EXISTS (SELECT 1 FROM materials WHERE application_id = applications.id AND created_at >= $1)
    AND NOT EXISTS (SELECT 1 FROM uploads WHERE application_id = applications.id AND created_at >= $1)
    AND NOT EXISTS (
        SELECT 1 FROM applications AS mate WHERE mate.group_id = applications.group_id AND mate.updated_at >= $1
    )
ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_OLD_CASES = """
SELECT id FROM applications WHERE state = ANY($3::text[]) AND case_no IS NOT NULL AND updated_at < $1
ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_OLD_FILES = """
DELETE FROM materials WHERE id = ANY(ARRAY(
    SELECT materials.id FROM materials JOIN applications ON applications.id = application_id
    WHERE materials.created_at < $1 AND applications.state = ANY($3::text[]) AND applications.updated_at < $1
    ORDER BY materials.id LIMIT $2
))
RETURNING blob_key, preview_blob_key
"""
_FILES_OF = "DELETE FROM materials WHERE application_id = ANY($1::uuid[]) RETURNING blob_key, preview_blob_key"
_CHUNKS_OF = """
SELECT blob_key FROM upload_chunks JOIN uploads ON uploads.id = upload_id WHERE application_id = ANY($1::uuid[])
"""
_OLD_UPLOADS = "SELECT id FROM uploads WHERE created_at < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED"
_CHUNKS_IN = "SELECT blob_key FROM upload_chunks WHERE upload_id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class KeptCase:
    """A case that outlives its citizen's account; its time of keeping began at ``ended_at``."""

    case_no: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How a citizen's applications stand when the account is to go.

    Cases of a company that they began count as well: they are its applicant. Its drafts stay with the company.
    """

    under_way: list[str]
    drafts: list[UUID]
    company_drafts: int
    kept: list[KeptCase]


async def standing_of(citizen_id: UUID, *, lock: bool) -> Standing:
    """How a citizen's applications stand; ``lock`` holds them all for the caller's transaction."""
    own = Application.filter(citizen_id=citizen_id).order_by("id")
    found = await (own.select_for_update() if lock else own)
    drafts = [application for application in found if application.case_no is None]
    personal = [draft.id for draft in drafts if draft.company_id is None]  # type: ignore[attr-defined]  # Tortoise adds it
    submitted = [application for application in found if application.case_no is not None]
    return Standing(
        under_way=[str(case.case_no) for case in submitted if case.state not in ENDED],
        drafts=personal,
        company_drafts=len(drafts) - len(personal),
        kept=[KeptCase(str(case.case_no), case.updated_at) for case in submitted if case.state in ENDED],
    )


async def delete_applications(application_ids: list[UUID]) -> None:
    """Delete applications that the caller's transaction holds, and let their files go."""
    await doom(keys_in(await db.rows(_FILES_OF, application_ids)))
    await doom([row["blob_key"] for row in await db.rows(_CHUNKS_OF, application_ids)])
    await Application.filter(id__in=application_ids).delete()


async def with_applications(citizen_ids: list[UUID]) -> set[UUID]:
    """Which of these citizens still have an application."""
    sql = "SELECT DISTINCT citizen_id FROM applications WHERE citizen_id = ANY($1::uuid[])"
    return {row["citizen_id"] for row in await db.rows(sql, citizen_ids)}


async def forget_drafts(before: datetime, most: int) -> int:
    """Delete drafts that lapsed and that nobody touched since a moment, at most so many; returns how many."""
    return await _forget(await db.rows(_OLD_DRAFTS, before, most))


async def forget_cases(before: datetime, most: int) -> int:
    """Delete cases that ended before a moment, with all that belongs to them, at most so many; returns how many."""
    return await _forget(await db.rows(_OLD_CASES, before, most, _OVER))


async def forget_materials(before: datetime, most: int) -> int:
    """Delete the files of cases that ended before a moment, at most so many; returns how many."""
    gone = await db.rows(_OLD_FILES, before, most, _OVER)
    await doom(keys_in(gone))
    return len(gone)


async def forget_uploads(before: datetime, most: int) -> int:
    """Delete uploads that were begun before a moment, at most so many; returns how many."""
    ids = [row["id"] for row in await db.rows(_OLD_UPLOADS, before, most)]
    await doom([row["blob_key"] for row in await db.rows(_CHUNKS_IN, ids)])
    await Upload.filter(id__in=ids).delete()
    return len(ids)


async def _forget(found: list[dict[str, UUID]]) -> int:
    ids = [row["id"] for row in found]
    if ids:
        await delete_applications(ids)
    return len(ids)
