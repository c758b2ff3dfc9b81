"""Tasks of staff: what a person must do, because no channel could."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.audit import service as audit
from app.identity.models import Citizen, Staff
from app.identity.rules import Duty, region_prefix
from app.kit import clock
from app.kit.db import transaction
from app.kit.ids import new_id
from app.kit.paging import Page, newest_first
from app.notifications.errors import StaffTaskClosedError, StaffTaskNotFoundError
from app.notifications.models import StaffTask

UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a task is about, for the one who does it: their name and number, as far as they are known."""

    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class ShownTask:
    """A task with the person it is about."""

    task: StaffTask
    person: Person | None


async def open_task(
    kind: str,
    key: str,
    title: str,
    note: str,
    *,
    duty: Duty = Duty.WINDOW,
    citizen_id: UUID | None = None,
    region: str | None = None,
) -> None:
    """Ask staff to do something, within the caller's transaction; once per ``key``, whatever repeats.

    ``title`` is a line of Chinese that names nobody, ``note`` what to do (sealed). It is for members of staff with the
    duty, in the region or above it; None is the whole city.
    """
    task = StaffTask(
        id=new_id(),
        key=key,
        kind=kind,
        duty=duty,
        region=region,
        citizen_id=citizen_id,
        title=title,
        note=note,
        created_at=clock.now(),
    )
    await StaffTask.bulk_create([task], ignore_conflicts=True)


async def list_tasks(member: Staff, cursor: str | None) -> Page[StaffTask]:
    """The open tasks of a member's duties and region, the newest first. Raises InvalidCursorError."""
    query = StaffTask.filter(closed_at=None, duty__in=list(member.duties))
    prefix = region_prefix(member.region)
    return await newest_first(query.filter(region__startswith=prefix) if prefix else query, cursor)


async def show_task(member: Staff, task_id: UUID) -> ShownTask:
    """One task of a member's, with whom to call; that it was looked at is audited. Raises StaffTaskNotFoundError."""
    async with transaction():
        task = await _within(member, task_id)
        person = await Citizen.get_or_none(id=task.citizen_id) if task.citizen_id else None
        await audit.record(f"staff_task:{task.id}", f"staff:{member.id}", "task_shown", kind=task.kind)
    return ShownTask(task, Person(person.name, person.phone) if person else None)


async def close_task(member: Staff, task_id: UUID, reason: str) -> StaffTask:
    """Close a task with what was done about it, which is kept sealed.

    Raises StaffTaskNotFoundError, or StaffTaskClosedError where it is closed already.
    """
    async with transaction():
        task = await _within(member, task_id)
        if task.closed_at is not None:
            raise StaffTaskClosedError
        task.closed_at, task.closed_by, task.closing = clock.now(), f"staff:{member.id}", reason
        await task.save(update_fields=["closed_at", "closed_by", "closing"])
        await audit.record(f"staff_task:{task.id}", f"staff:{member.id}", "task_closed", kind=task.kind)
    return task


async def close_by_itself(key: str, reason: str, at: datetime) -> None:
    """Close a task that nothing is left to do about, within the caller's transaction."""
    task = await StaffTask.select_for_update().get_or_none(key=key, closed_at=None)
    if task is not None:
        task.closed_at, task.closed_by, task.closing = at, "system", reason
        await task.save(update_fields=["closed_at", "closed_by", "closing"])


async def _within(member: Staff, task_id: UUID) -> StaffTask:
    task = await StaffTask.select_for_update().get_or_none(id=task_id)
    prefix = region_prefix(member.region)
    if task is None or task.duty not in member.duties or not (task.region or "").startswith(prefix):
        raise StaffTaskNotFoundError
    return task
