"""The time limits of complaints are watched: what is overdue becomes a task of the supervision, once a limit."""

from app.complaints.models import Complaint
from app.identity.rules import Duty
from app.kit import clock, texts
from app.kit.apart import Apart
from app.kit.db import transaction
from app.notifications.staff_tasks import open_task

OVERDUE = "complaint_overdue"


def task_key(complaint: Complaint) -> str:
    """The key of the task about a complaint whose present limit has passed."""
    return f"{OVERDUE}:{complaint.id}:{complaint.due_on}"


async def watch_complaints() -> int:
    """Open a task for each complaint whose next step should have been taken before today; returns how many are late.

    Raises RowsFailedError.
    """
    late = Complaint.filter(due_on__lt=clock.today())
    seen = 0
    with Apart("complaints.watch") as apart:
        for row in await late.values("id"):
            with apart.row(row["id"]):
                seen += await _watch(row["id"])
    return seen


async def _watch(complaint_id: object) -> bool:
    async with transaction():
        found = await Complaint.select_for_update().get_or_none(id=complaint_id, due_on__lt=clock.today())
        if found is None or found.due_on is None:
            return False
        note = texts.text("complaint", "overdue_note", number=found.number, day=clock.day_written(found.due_on))
        title = texts.text("complaint", "overdue")
        await open_task(OVERDUE, task_key(found), title, note, duty=Duty.SUPERVISE, region=found.region or None)
        return True
