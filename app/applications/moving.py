"""Moving a case: its state, its timeline and its time limits change together; and telling whom it concerns."""

from datetime import datetime

from app.applications import rules
from app.applications.asked import asked_of
from app.applications.errors import ApplicationNotFoundError, StateForbidsError
from app.applications.models import Application, TimelineEntry
from app.applications.rules import Cause
from app.applications.time_limits import Days, Mark, TimeLimits, reckon
from app.audit import service as audit
from app.catalogue.errors import LifeEventNotFoundError
from app.catalogue.queries import get_life_event
from app.kit import clock, db, texts
from app.mandates.party import Party
from app.mandates.queries import people_to_tell
from app.notifications.service import notify

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"

LIMITS = ("promised_on", "statutory_on", "promised_provisional")


def require_move(application: Application, cause: Cause) -> None:
    """Raise StateForbidsError where this cause moves nothing from the case's state."""
    if rules.next_state(application.state, cause) is None:
        raise StateForbidsError(state=application.state)


async def move(
    application: Application,
    cause: Cause,
    party: Party | None,
    *,
    note: str | None = None,
    at: datetime | None = None,
) -> None:
    """Move a locked case, within the caller's transaction: state, timeline, time limits and audit together.

    ``party`` is the citizen's side where it caused it; ``at`` is when it happened, now unless given. Raises
    StateForbidsError.
    """
    state = rules.next_state(application.state, cause)
    if state is None:
        raise StateForbidsError(state=application.state)
    before, application.state, application.updated_at = application.state, state, clock.now()
    await TimelineEntry.create(
        application=application,
        kind=cause,
        state=state,
        note=note,
        mandate_id=party.mandate_id if party else None,
        at=at or clock.now(),
    )
    limits = await limits_of(application)
    set_limits(application, limits)
    await application.save(update_fields=["state", "last_sequence", "updated_at", *LIMITS])
    actor = party.name if party else rules.TABLE[cause].by
    await audit.record(f"application:{application.id}", actor, cause, before=before, after=state)
    if application.group_id and state in rules.ENDED and before is not state:
        await _tell_if_all_ended(application)


async def limits_of(application: Application) -> TimeLimits:
    """A case's time limits by its timeline and the item's version that it was begun under."""
    guide = (await asked_of(application)).guide
    days = Days(guide.promised_days, guide.statutory_days)
    return limits_by(days, await TimelineEntry.filter(application=application).order_by("id"))


def limits_by(days: Days, timeline: list[TimelineEntry]) -> TimeLimits:
    """The time limits of a case whose item has so many days, by its timeline in order."""
    return reckon(days, [Mark.of(entry.kind, entry.at) for entry in timeline])


def set_limits(application: Application, limits: TimeLimits) -> bool:
    """Write the limits into the row; whether they differ from what stood there."""
    due = limits.due
    after = (due.promised.day, due.statutory.day, due.provisional) if due else (None, None, False)
    before = tuple(getattr(application, name) for name in LIMITS)
    application.promised_on, application.statutory_on, application.promised_provisional = after
    return before != after


async def lock_case(case_no: str) -> Application:
    """The case with this number, locked for the caller's transaction. Raises ApplicationNotFoundError."""
    application = await Application.select_for_update().get_or_none(case_no=case_no)
    if application is None:
        raise ApplicationNotFoundError
    return application


async def tell(
    application: Application, kind: str, occasion: str, note: str = "", *, link: str | None = None, **values: str
) -> None:
    """Tell whom a case concerns, once per kind and occasion, within the caller's transaction.

    ``values`` fill further placeholders of the text, or those of the case otherwise.
    """
    citizen_id, company_id = application.citizen_id, application.company_id  # type: ignore[attr-defined]  # Tortoise adds them
    asked = await asked_of(application)
    filled = {
        "item": application.item_name,
        "case_no": application.case_no or "",
        "office": asked.office,
        "note": note,
        "phrase": texts.text("state", application.state),
        **values,
    }
    for person in await people_to_tell(citizen_id, company_id, application.mandate_id):
        page = link or f"/applications/{application.id}"
        await notify(person, kind, occasion, link=page, region=asked.guide.region, **filled)


async def _tell_if_all_ended(application: Application) -> None:
    """Tell whoever began cases for one life event together that the last of them has ended, once.

    Where two end at the same moment, the second waits here for the first, and finds it ended.
    """
    group_id = str(application.group_id)
    await db.rows(_ONE_AT_A_TIME, group_id)
    if await Application.filter(group_id=application.group_id).exclude(state__in=rules.ENDED).exists():
        return
    try:
        name = (await get_life_event(str(application.life_event))).name
    except LifeEventNotFoundError:
        name = application.item_name
    link = f"/life-event-applications/{group_id}"
    await tell(application, "life_event_done", group_id, link=link, item=name)
