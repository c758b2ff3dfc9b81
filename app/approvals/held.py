"""What the delegation holds about a person's cases, and how it goes."""

from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from app.applications.models import Application
from app.applications.rules import ENDED
from app.approvals.models import Delivery, InboxEvent, Redrive
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
            "reference": "补正或者告知的编号",
            "connector": "接入方式",
            "state": "状态",
            "reason": "原因",
            "attempts": "次数",
            "due_at": "下次尝试时间",
            "asked_at": "最近一次向审批系统查询的时间",
            "created_at": "创建时间",
            "updated_at": "更新时间",
        },
        left_out={"id": "本系统内部编号", "claimed_until": "本系统内部的发送进度"},
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
        left_out={
            "id": "本系统内部编号",
            "event_id": "审批系统的编号",
            "moved": "是否改变了办件状态，见办件进度",
            "overtaken": "是否晚于后续步骤到达",
        },
        find=_of_own_cases,
    ),
    Part(
        model=Redrive,
        name="redrives",
        title="工作人员要求重新移交",
        fields={"case_no": "办件编号", "reason": "原因", "created_at": "时间"},
        left_out={
            "id": "本系统内部编号",
            "subject_id": "本系统内部编号",
            "attempt": "移交的次数或者通知的序号",
            "staff_id": "工作人员",
        },
        find=_of_own_cases,
    ),
)


# Only where the case ended as well, or is gone: an event that repeats is known by its row.
_FORGET = """
DELETE FROM {table} WHERE id = ANY(ARRAY(
    SELECT {table}.id FROM {table} LEFT JOIN applications USING (case_no)
    WHERE {since} AND (applications.id IS NULL OR (
        applications.state = ANY($3::text[]) AND applications.updated_at < $1
    ))
    ORDER BY {table}.id LIMIT $2
))
"""
_FORGET_DELIVERIES = _FORGET.format(
    table="deliveries", since="deliveries.created_at < $1 AND deliveries.updated_at < $1"
)
_FORGET_EVENTS = _FORGET.format(table="inbox_events", since="received_at < $1")
_FORGET_REDRIVES = _FORGET.format(table="redrives", since="redrives.created_at < $1")


async def forget_deliveries(before: datetime, most: int) -> int:
    """Delete deliveries of cases that ended before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_DELIVERIES, before, most, sorted(ENDED))


async def forget_events(before: datetime, most: int) -> int:
    """Delete events of cases that ended before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_EVENTS, before, most, sorted(ENDED))


async def forget_redrives(before: datetime, most: int) -> int:
    """Delete what staff had tried anew for cases that ended before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_REDRIVES, before, most, sorted(ENDED))
