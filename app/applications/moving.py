"""Moving a case: its state, its timeline and its time limits change together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.applications import rules
from app.applications.asked import bases_of
from app.applications.errors import ApplicationNotFoundError, StateForbidsError
from app.applications.models import Application, State, TimelineEntry
from app.applications.rules import Cause
from app.applications.telling import tell
from app.applications.time_limits import Days, Mark, TimeLimits, reckon
from app.audit import service as audit
from app.catalogue.errors import LifeEventNotFoundError
from app.catalogue.queries import get_life_event
from app.kit import clock, db
from app.kit.many import insert_all, update_all
from app.mandates.party import Party

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_TIMELINES = """
SELECT application_id, kind, at FROM timeline_entries WHERE application_id = ANY($1::uuid[]) ORDER BY id
"""

LIMITS = ("promised_on", "statutory_on", "promised_provisional")


@dataclass(frozen=True, slots=True)
class Move:
    """A locked case that a cause moves: the fields are those of ``move``."""

    application: Application
    cause: Cause
    party: Party | None = None
    note: str | None = None
    at: datetime | None = None


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
    await move_all([Move(application, cause, party, note, at)])


async def move_all(moves: Sequence[Move]) -> None:
    """Move locked cases, each once, as ``move`` does one, by a few statements in all. Raises StateForbidsError."""
    moment, before = clock.now(), [one.application.state for one in moves]
    for one in moves:
        require_move(one.application, one.cause)
    for one in moves:
        state = rules.next_state(one.application.state, one.cause)
        one.application.state, one.application.updated_at = state or one.application.state, moment
    await insert_all([_entry(one, moment) for one in moves])
    cases = [one.application for one in moves]
    for case, limits in zip(cases, await limits_of_all(cases), strict=True):
        set_limits(case, limits)
    await update_all(cases, ("state", "last_sequence", "updated_at", *LIMITS))
    await audit.record_all([_deed(one, state) for one, state in zip(moves, before, strict=True)])
    for case, state in zip(cases, before, strict=True):
        if case.group_id and case.state in rules.ENDED and state is not case.state:
            await _tell_if_all_ended(case)


def _entry(one: Move, moment: datetime) -> TimelineEntry:
    return TimelineEntry(
        application=one.application,
        kind=one.cause,
        state=one.application.state,
        note=one.note,
        mandate_id=one.party.mandate_id if one.party else None,
        at=one.at or moment,
    )


def _deed(one: Move, before: State) -> audit.Deed:
    actor = one.party.name if one.party else rules.TABLE[one.cause].by
    details = {"before": before, "after": one.application.state}
    return audit.Deed(f"application:{one.application.id}", actor, one.cause, details)


async def limits_of(application: Application) -> TimeLimits:
    """A case's time limits by its timeline and the item's version that it was begun under."""
    return (await limits_of_all([application]))[0]


async def limits_of_all(applications: Sequence[Application]) -> list[TimeLimits]:
    """The same of several cases, in their order. Raises ItemNotFoundError."""
    timelines: dict[UUID, list[Mark]] = {one.id: [] for one in applications}
    for row in await db.rows(_TIMELINES, list(timelines)):
        timelines[row["application_id"]].append(Mark.of(row["kind"], row["at"]))
    bases = await bases_of(applications)
    return [reckon(basis.days, timelines[one.id]) for one, basis in zip(applications, bases, strict=True)]


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
    return (await lock_cases([case_no]))[0]


async def lock_cases(case_nos: Collection[str]) -> list[Application]:
    """The cases with these numbers, by their numbers, locked in that order. Raises ApplicationNotFoundError."""
    found = await Application.select_for_update().filter(case_no__in=case_nos).order_by("case_no")
    if len(found) < len(case_nos):
        raise ApplicationNotFoundError
    return found


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
