"""The end of drafts that nobody touches: first a warning that names the day, on that day they lapse.

A save counts as a touch, and so does a photograph, in the draft itself or in one begun with it for the same life
event. What lapsed can still be read and begun anew, until ``forgetting.py`` deletes it by its last touch.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from uuid import UUID

from app.applications.models import Application, State
from app.applications.moving import move
from app.applications.rules import Cause
from app.applications.telling import tell
from app.applications.terms import case_terms
from app.kit import clock, db
from app.kit.apart import Apart
from app.kit.db import transaction

SLICE = 500
_FIRST = UUID(int=0)

_TOUCHED = """
SELECT draft.id, draft.warned_at, (
    SELECT max(GREATEST(mate.updated_at, (SELECT max(created_at) FROM materials WHERE application_id = mate.id)))
    FROM applications AS mate WHERE mate.id = draft.id OR mate.group_id = draft.group_id
) AS touched_at
FROM applications AS draft WHERE draft.state = 'draft' AND draft.updated_at < $1
"""
_UNTOUCHED = f"""
SELECT id FROM ({_TOUCHED} AND draft.id > $2) AS draft WHERE touched_at < $1 ORDER BY id LIMIT $3
"""  # noqa: S608  # our own text
_ONE = _TOUCHED + "AND draft.id = $2"


async def warn_of_lapse(apart: Apart) -> None:
    """Warn of every draft that lay untouched for the city's time, once until it is touched again."""
    untouched_since = clock.now() - timedelta(days=case_terms().draft_warned_after.days)
    await _each(apart, untouched_since, _warn)


async def lapse_drafts(apart: Apart) -> None:
    """Let every draft lapse whose announced day has come, and that nobody touched since the warning."""
    # The day of the warning does not count, as is the custom for time limits.
    last_day = clock.today() - timedelta(days=case_terms().draft_lapses_after.days)
    warned_before = datetime.combine(last_day + timedelta(days=1), time(), clock.CITY_TIME)
    await _each(apart, warned_before, _lapse)


async def _each(apart: Apart, before: datetime, act: Callable[[UUID, datetime], Awaitable[None]]) -> None:
    """Act on each draft that was last touched before a moment, in a transaction of its own."""
    last = _FIRST
    while found := await db.rows(_UNTOUCHED, before, last, SLICE):
        for row in found:
            with apart.row(row["id"]):
                await act(row["id"], before)
        last = found[-1]["id"]


async def _held(draft_id: UUID, before: datetime) -> tuple[Application, datetime] | None:
    """A draft with its last touch, locked for the caller's transaction, unless it was touched or ended meanwhile."""
    application = await Application.select_for_update().get_or_none(id=draft_id, state=State.DRAFT)
    # Asked once more: what was touched while this waited for the lock is seen only by a statement that begins after.
    row = await db.row(_ONE, before, draft_id) if application else None
    return (application, row["touched_at"]) if application and row and row["touched_at"] < before else None


async def _warn(draft_id: UUID, before: datetime) -> None:
    async with transaction():
        held = await _held(draft_id, before)
        if held is None or _is_warned(*held):
            return
        application, touched_at = held
        application.warned_at = clock.now()
        await application.save(update_fields=["warned_at"])
        until = clock.today() + timedelta(days=case_terms().draft_lapses_after.days)
        occasion = f"{application.id}:{int(touched_at.timestamp())}"
        await tell(application, "draft_expiring", occasion, until=f"{until.year}年{until.month}月{until.day}日")


async def _lapse(draft_id: UUID, before: datetime) -> None:
    async with transaction():
        held = await _held(draft_id, before)
        if held is None or not _is_warned(*held) or (held[0].warned_at or clock.now()) >= before:
            return
        application, _ = held
        touched_at = application.updated_at
        await move(application, Cause.LAPSE, None)
        # How long it is kept counts from the applicant's last touch.
        application.updated_at = touched_at
        await application.save(update_fields=["updated_at"])
        await tell(application, "draft_expired", str(application.id))


def _is_warned(application: Application, touched_at: datetime) -> bool:
    return application.warned_at is not None and application.warned_at >= touched_at
