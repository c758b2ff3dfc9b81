"""What staff are asked to do by hand: whom no channel reached, who wants to talk to a person."""

from uuid import UUID

from pydantic import Field

from app.identity.rules import Duty
from app.kit import clock
from app.kit.errors import InvalidCursorError
from app.notifications import staff_tasks
from app.notifications.errors import StaffTaskClosedError, StaffTaskNotFoundError
from app.notifications.models import StaffTask
from miniapp_api.paging import PageQuery
from miniapp_api.routing import Actor, Call, Routes, Schema

routes = Routes()


class TaskView(Schema):
    """A task of mine: what it is, and what to do."""

    id: UUID
    kind: str
    duty: Duty
    region: str | None
    title: str
    note: str
    created_at: str
    closed_at: str | None

    @classmethod
    def of(cls, task: StaffTask) -> "TaskView":
        """The view of a task."""
        return cls(
            id=task.id,
            kind=task.kind,
            duty=Duty(task.duty),
            region=task.region,
            title=task.title,
            note=task.note,
            created_at=clock.in_city(task.created_at),
            closed_at=clock.in_city(task.closed_at) if task.closed_at else None,
        )


class TaskPage(Schema):
    """A page of open tasks."""

    items: list[TaskView]
    next_cursor: str | None


class TaskWithPerson(Schema):
    """A task, and whom to call at which number; null where that is not known."""

    task: TaskView
    name: str | None
    phone: str | None


class ClosingRequest(Schema):
    """What was done about a task; kept sealed."""

    reason: str = Field(min_length=1, max_length=500, pattern=r"\S")


@routes.add("GET", "/staff/v1/tasks", actor=Actor.STAFF, duty=Duty.ANY, limit="read", errors=(InvalidCursorError,))
async def list_tasks(call: Call, query: PageQuery) -> TaskPage:
    """The open tasks of my duties and region, the newest first; whom to call is shown with each."""
    page = await staff_tasks.list_tasks(call.staff, query.cursor)
    return TaskPage(items=[TaskView.of(task) for task in page.items], next_cursor=page.next_cursor)


@routes.add(
    "GET",
    "/staff/v1/tasks/<task_id:uuid>",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="read",
    errors=(StaffTaskNotFoundError,),
)
async def read_task(call: Call, task_id: UUID) -> TaskWithPerson:
    """A task of mine with whom to call; that I looked is audited."""
    shown = await staff_tasks.show_task(call.staff, task_id)
    person = shown.person
    return TaskWithPerson(
        task=TaskView.of(shown.task), name=person.name if person else None, phone=person.phone if person else None
    )


@routes.add(
    "POST",
    "/staff/v1/tasks/<task_id:uuid>/close",
    actor=Actor.STAFF,
    duty=Duty.ANY,
    limit="write",
    errors=(StaffTaskNotFoundError, StaffTaskClosedError),
)
async def close_task(call: Call, task_id: UUID, body: ClosingRequest) -> TaskView:
    """Close a task of mine with what was done about it."""
    return TaskView.of(await staff_tasks.close_task(call.staff, task_id, body.reason))
