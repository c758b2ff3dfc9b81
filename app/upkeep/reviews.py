"""Four eyes: a proposed version is published or rejected by another member of staff than those who wrote it."""

from uuid import UUID

import asyncpg

from app.catalogue.models import ItemVersion, VersionState
from app.catalogue.service import bring_into_effect, lock_publishing, publish_version
from app.finding.service import index_items
from app.kit import clock, db
from app.kit.db import transaction
from app.upkeep.desk import (
    Editor,
    find_draft,
    newest_version,
    opened,
    record,
    require_done,
    require_faultless,
    require_item,
)
from app.upkeep.errors import DraftStateError, OwnDraftError, PublishingBusyError, VersionOutdatedError

# One of those who come at once takes the proposal. A day that went by while it waited is today.
_TAKE = """
UPDATE item_versions SET revision = revision + 1, effective_on = GREATEST(effective_on, $4)
WHERE id = $1 AND revision = $2 AND state = 'proposed' AND NOT writers ? $3
"""
_PATIENCE = "SET LOCAL lock_timeout = '2s'"
_REJECT = """
UPDATE item_versions SET revision = revision + 1, state = 'rejected', reviewer_id = $3::uuid, reason = $4,
    updated_at = $5
WHERE id = $1 AND revision = $2 AND state = 'proposed' AND NOT writers ? $3::text
"""


async def publish_draft(reviewer: Editor, draft_id: UUID, revision: int) -> ItemVersion:
    """Publish a proposed draft as it was read at a revision; lists and search follow at once where its day has come.

    Raises DraftNotFoundError, DraftStaleError, DraftStateError, OwnDraftError, GuideFaultyError, VersionOutdatedError
    where what it was begun from is not the newest any more, or PublishingBusyError.
    """
    version = await _proposal(reviewer, draft_id, revision)
    require_faultless(await opened(version))
    async with transaction():
        await _hold_publishing()
        await _require_newest(reviewer, version)
        taken = await db.execute(_TAKE, draft_id, revision, str(reviewer.staff_id), clock.today())
        await require_done(taken, draft_id)
        await publish_version(draft_id, reviewer.staff_id)
        await index_items(await bring_into_effect([version.item_code]))
        published = await ItemVersion.get(id=draft_id)
        await record(reviewer, published, "version_published", number=published.number, offered=published.offered)
    return published


async def _hold_publishing() -> None:
    """An import holds the lock for minutes; who waits for it would keep a connection that others read by."""
    await db.execute(_PATIENCE)
    try:
        await lock_publishing()
    except asyncpg.LockNotAvailableError as error:
        raise PublishingBusyError from error


async def _require_newest(reviewer: Editor, version: ItemVersion) -> None:
    newest = await newest_version(version.item_code)
    if newest is None:
        return
    await require_item(reviewer.scope, version.item_code)
    if newest.number != version.based_on:
        raise VersionOutdatedError(number=newest.number)


async def reject_draft(reviewer: Editor, draft_id: UUID, revision: int, reason: str) -> ItemVersion:
    """Reject a proposed draft for a reason; who wrote it may change it and propose it again.

    Raises DraftNotFoundError, DraftStaleError, DraftStateError or OwnDraftError.
    """
    version = await _proposal(reviewer, draft_id, revision)
    async with transaction():
        rejected = await db.execute(_REJECT, draft_id, revision, str(reviewer.staff_id), reason, clock.now())
        await require_done(rejected, draft_id)
        await record(reviewer, version, "draft_rejected")
    return await ItemVersion.get(id=draft_id)


async def _proposal(reviewer: Editor, draft_id: UUID, revision: int) -> ItemVersion:
    version = await find_draft(reviewer.scope, draft_id, revision)
    if version.state is not VersionState.PROPOSED:
        raise DraftStateError(state=version.state)
    if str(reviewer.staff_id) in (version.writers or []):
        raise OwnDraftError
    return version
