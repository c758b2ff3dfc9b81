"""What the delegation holds about a person's cases, and how it goes."""

from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from app.applications.models import Application
from app.applications.rules import ENDED
from app.approvals.models import Delivery, InboxEvent
from app.kit import db
from app.kit.held import Part


async def _of_own_cases(citizen_id: UUID) -> Q:
    own = Application.filter(citizen_id=citizen_id, company_id=None, case_no__not_isnull=True)
    return Q(case_no__in=await own.values_list("case_no", flat=True))


PARTS = (
    Part(
        model=Delivery,
        name="deliveries",
        title="向审批系统的移交",
        fields={
            "case_no": "办件编号",
            "kind": "种类",
            "reference": "补正编号",
            "connector": "接入方式",
            "state": "状态",
            "reason": "原因",
            "attempts": "次数",
            "created_at": "创建时间",
            "updated_at": "更新时间",
        },
        left_out={"id": "本系统内部编号"},
        find=_of_own_cases,
    ),
    Part(
        model=InboxEvent,
        name="events",
        title="审批系统的通知",
        fields={
            "case_no": "办件编号",
            "sequence": "序号",
            "kind": "种类",
            "occurred_at": "发生时间",
            "data": "内容",
            "received_at": "收到时间",
            "applied_at": "处理时间",
        },
        left_out={"id": "本系统内部编号", "event_id": "审批系统的编号", "moved": "是否改变了办件状态，见办件进度"},
        find=_of_own_cases,
    ),
)

# Only where the case ended as well, or is gone: an event that repeats is known by its row.
_FORGET_DELIVERIES = """
DELETE FROM deliveries WHERE id IN (
    SELECT deliveries.id FROM deliveries LEFT JOIN applications USING (case_no)
    WHERE deliveries.updated_at < $1 AND (applications.id IS NULL OR (
        applications.state = ANY($3::text[]) AND applications.updated_at < $1
    ))
    ORDER BY deliveries.id LIMIT $2
)
"""
_FORGET_EVENTS = """
DELETE FROM inbox_events WHERE id IN (
    SELECT inbox_events.id FROM inbox_events LEFT JOIN applications USING (case_no)
    WHERE inbox_events.received_at < $1 AND (applications.id IS NULL OR (
        applications.state = ANY($3::text[]) AND applications.updated_at < $1
    ))
    ORDER BY inbox_events.id LIMIT $2
)
"""


async def forget_deliveries(before: datetime, most: int) -> int:
    """Delete deliveries of cases that ended before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_DELIVERIES, before, most, sorted(ENDED))


async def forget_events(before: datetime, most: int) -> int:
    """Delete events of cases that ended before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_EVENTS, before, most, sorted(ENDED))
