"""The end of data: every night what is over by ``config/retention.yaml`` is deleted, slice by slice."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from app.applications import forgetting as applications
from app.approvals import held as approvals
from app.audit import service as audit
from app.broadcasts import held as broadcasts
from app.complaints import held as complaints
from app.consents import held as consents
from app.finding import held as finding
from app.followers import held as followers
from app.identity import held as identity
from app.kit import clock, db, limits, retention
from app.kit.apart import Apart
from app.kit.db import transaction
from app.licences import held as licences
from app.mandates import held as mandates
from app.notifications import held as notifications
from app.official_account import held as official_account
from app.privacy.models import RetentionRun
from app.reviews import held as reviews

SLICE = 500
_FIRST = UUID(int=0)

_FORGET_EXPORTS = """
DELETE FROM exports WHERE id = ANY(ARRAY(
    SELECT id FROM exports WHERE COALESCE(ready_at, created_at) < $1 ORDER BY id LIMIT $2
))
"""


async def _forget_exports(before: datetime, most: int) -> int:
    """Delete copies that were ready before a moment; their pieces go by themselves when their time comes."""
    return await db.execute(_FORGET_EXPORTS, before, most)


async def _forget_who_they_were(before: datetime, most: int) -> int:
    """Anonymise deleted citizens for whom nothing is kept any more, at most so many; returns how many."""
    gone, last = 0, _FIRST
    while gone < most and (named := await identity.still_named(before, last, most)):
        last = named[-1]
        needed = await applications.with_applications(named) | await licences.with_licences(named)
        free = [citizen_id for citizen_id in named if citizen_id not in needed][: most - gone]
        gone += await identity.anonymise(free)
    return gone


# In this order: what belongs to a case goes before it or with it, and names go when nothing is left that needs them.
FORGET: dict[str, Callable[[datetime, int], Awaitable[int]]] = {
    "drafts": applications.forget_drafts,
    "uploads": applications.forget_uploads,
    "materials": applications.forget_materials,
    "reviews": reviews.forget_reviews,
    "complaints": complaints.forget_complaints,
    "cases": applications.forget_cases,
    "deliveries": approvals.forget_deliveries,
    "inbox_events": approvals.forget_events,
    "redrives": approvals.forget_redrives,
    "presentations": licences.forget_presentations,
    "verifications": licences.forget_verifications,
    "licences": licences.forget_licences,
    "digit_misses": licences.forget_digit_misses,
    "broadcasts": broadcasts.forget_broadcasts,
    "sends": notifications.forget_sends,
    "send_reports": notifications.forget_reports,
    "staff_tasks": notifications.forget_tasks,
    "messages": notifications.forget_messages,
    "wechat_pushes": official_account.forget_pushes,
    "followers": followers.forget_followers,
    "recent_items": finding.forget_recent_items,
    "refresh_tokens": identity.forget_refresh_tokens,
    "sessions": identity.forget_sessions,
    "face_verifications": identity.forget_face_verifications,
    "mandates": mandates.forget_mandates,
    "consents": consents.forget_consents,
    "exports": _forget_exports,
    "counted_tries": limits.forget_before,
    "deleted_accounts": _forget_who_they_were,
}


async def retain() -> None:
    """Delete what is over, kind by kind. Once more on the same day it goes on where it was cut off, or does nothing.

    A kind that fails keeps no other. Raises RowsFailedError.
    """
    with Apart("privacy.retain") as apart:
        for kind in FORGET:
            with apart.row(kind):
                await RetentionRun.bulk_create([RetentionRun(day=clock.today(), kind=kind)], ignore_conflicts=True)
                while await _slice(kind):
                    pass


async def _slice(kind: str) -> bool:
    """Delete one slice and note it, in one transaction; returns whether there may be more."""
    async with transaction():
        run = await RetentionRun.select_for_update().get(day=clock.today(), kind=kind)
        if run.finished_at:
            return False
        gone = await FORGET[kind](retention.terms()[kind].before(clock.now()), SLICE)
        run.removed += gone
        if gone < SLICE:
            run.finished_at = clock.now()
            day = run.day.isoformat()
            await audit.record(f"retention:{kind}", "system", "retention_ran", day=day, removed=run.removed)
        await run.save(update_fields=["removed", "finished_at"])
        return run.finished_at is None
