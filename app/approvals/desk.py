"""The desk: staff have what hangs tried anew."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.applications.moving import lock_case
from app.approvals.errors import DeliveryNotFoundError, NothingToRedriveError
from app.approvals.inbox import ASK
from app.approvals.models import Delivery, DeliveryState, InboxEvent, Redrive
from app.approvals.standstills import Hanging, Standstill, find_standstill
from app.audit import service as audit
from app.identity.rules import region_prefix
from app.identity.staff_accounts import Scope
from app.kit import clock, db, jobs
from app.kit.db import transaction

_ASK_AGAIN_AFTER = timedelta(minutes=10)

# $1 department or *, $2 what regions begin with. Whether it hangs or not.
_CASE_WITHIN = """
SELECT case_no FROM applications LEFT JOIN items USING (item_code)
WHERE case_no = $3 AND $1 IN ('*', items.department) AND COALESCE(items.region, '') LIKE $2 || '%'
"""


@dataclass(frozen=True, slots=True)
class Redriven:
    """What is tried anew, and since when."""

    id: UUID
    case_no: str
    at: datetime


async def redrive(scope: Scope, standstill_id: UUID, reason: str) -> Redriven:
    """Have something that hangs tried anew, once for each standstill; again, it answers the same.

    What may have arrived, or was delivered without a word, is asked about first and sent only where it is not there;
    what was refused or waits is sent; behind a gap the missing events are asked for. Raises DeliveryNotFoundError, or
    NothingToRedriveError where it does not hang or is on its way at this moment.
    """
    if scope.staff_id is None:
        raise ValueError("a redrive is somebody's")
    async with transaction():
        application_id, row = await _locked(scope, standstill_id)
        now, last = clock.now(), await Redrive.filter(subject_id=row.id).order_by("-created_at").first()
        if last and _is_same(row, last, now):
            return Redriven(row.id, row.case_no, last.created_at)
        hanging = await find_standstill(scope, row.id)
        if hanging is None or (isinstance(row, Delivery) and row.claimed_until and row.claimed_until > now):
            raise NothingToRedriveError
        await _try_anew(row, hanging)
        made = await Redrive.create(
            case_no=row.case_no,
            subject_id=row.id,
            attempt=_attempt(row, last),
            staff_id=scope.staff_id,
            reason=reason,
            created_at=now,
        )
        await audit.record(
            f"application:{application_id}",
            scope.name,
            "redriven",
            subject=str(row.id),
            standstill=hanging.standstill,
            redrive=str(made.id),
        )
        return Redriven(row.id, row.case_no, now)


def _is_same(row: Delivery | InboxEvent, last: Redrive, now: datetime) -> bool:
    """Whether the last redrive is about this very standstill: nothing was tried since, or it was just asked for."""
    return last.attempt == row.attempts if isinstance(row, Delivery) else last.created_at > now - _ASK_AGAIN_AFTER


def _attempt(row: Delivery | InboxEvent, last: Redrive | None) -> int:
    return row.attempts if isinstance(row, Delivery) else (last.attempt if last else 0) + 1


async def _locked(scope: Scope, standstill_id: UUID) -> tuple[UUID, Delivery | InboxEvent]:
    """The id of the case and its delivery or event within a scope, both locked."""
    known = await Delivery.get_or_none(id=standstill_id) or await InboxEvent.get_or_none(id=standstill_id)
    if known is None or not await db.row(_CASE_WITHIN, scope.department, region_prefix(scope.region), known.case_no):
        raise DeliveryNotFoundError
    application = await lock_case(known.case_no)
    row = await type(known).select_for_update().get_or_none(id=standstill_id)
    if row is None:
        raise DeliveryNotFoundError
    return application.id, row


async def _try_anew(row: Delivery | InboxEvent, hanging: Hanging) -> None:
    if isinstance(row, InboxEvent):
        await jobs.defer(ASK, case_no=row.case_no)
        return
    asked = hanging.standstill in {Standstill.AMBIGUOUS, Standstill.NO_ANSWER}
    row.state = DeliveryState.SENDING if asked else DeliveryState.WAITING
    row.due_at = clock.now()
    await row.save(update_fields=["state", "due_at"])
