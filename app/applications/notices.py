"""What the applicant tells the office about a case without moving it: a hurry (催办), corrected contact data."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.applications.drafts import owned
from app.applications.errors import HurriedAlreadyError
from app.applications.models import Application, Notice, NoticeKind
from app.applications.moving import move, require_move
from app.applications.rules import Cause
from app.applications.terms import case_terms
from app.kit import clock, jobs
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.kit.workdays import add_working_days
from app.mandates.party import Party

DELIVER_NOTICE = "approvals.deliver_notice"


@dataclass(frozen=True, slots=True)
class Hurried:
    """A hurry that the office is told of, and the day from which the case may be hurried again."""

    application: Application
    notice: Notice
    again_on: date


async def hurry_case(party: Party, application_id: UUID, text: str, idempotency_key: str | None) -> Hurried:
    """Ask the office to hurry, where the case lies with it and its clock runs, once in some working days.

    The same key again answers the same. Raises HurriedAlreadyError, StateForbidsError or ApplicationNotFoundError.
    """
    async with transaction():
        application = await owned(party, application_id, lock=True)
        hurries = Notice.filter(application=application, kind=NoticeKind.HURRY)
        sent = await hurries.get_or_none(idempotency_key=idempotency_key) if idempotency_key else None
        if sent:
            return Hurried(application, sent, _again_on(sent))
        require_move(application, Cause.HURRY)
        last = await hurries.order_by("-id").first()
        if last and clock.today() < _again_on(last):
            raise HurriedAlreadyError(again_on=_again_on(last).isoformat())
        await move(application, Cause.HURRY, party, note=text or None)
        notice = await send_notice(application, NoticeKind.HURRY, {"text": text}, party.mandate_id, idempotency_key)
    return Hurried(application, notice, _again_on(notice))


def _again_on(notice: Notice) -> date:
    day = notice.created_at.astimezone(clock.CITY_TIME).date()
    return add_working_days(day, case_terms().hurried_again_after.days).day


async def send_notice(
    application: Application,
    kind: NoticeKind,
    content: dict[str, Any],
    mandate_id: UUID | None,
    idempotency_key: str | None = None,
) -> Notice:
    """Write a notice about a locked case and have it delivered, within the caller's transaction."""
    notice = await Notice.create(
        application=application,
        kind=kind,
        content=content,
        mandate_id=mandate_id,
        idempotency_key=idempotency_key,
        created_at=clock.now(),
    )
    await jobs.defer(DELIVER_NOTICE, lock=application.case_no, case_no=application.case_no, notice_id=str(notice.id))
    return notice


async def get_notice(notice_id: UUID) -> Notice:
    """A notice for delivery. Raises NotFoundError."""
    notice = await Notice.get_or_none(id=notice_id)
    if notice is None:
        raise NotFoundError
    return notice
