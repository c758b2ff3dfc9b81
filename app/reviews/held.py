"""What reviews hold about a person, and how it goes: level and reasons stay, of nobody."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from app.kit import db
from app.kit.held import Finder, Part, of_citizen
from app.reviews.definitions import titles
from app.reviews.models import Rectification, RectificationStep, Review

# Each half by its own index.
_OF_OWN_CASES = """
SELECT reviews.id FROM reviews JOIN applications ON applications.id = application_id
WHERE citizen_id = $1 AND company_id IS NULL
"""
_GIVEN = f"{_OF_OWN_CASES} UNION SELECT id FROM reviews WHERE author_id = $1"  # noqa: S608  # fixed words


async def _given(citizen_id: UUID) -> Q:
    """Reviews of a citizen's own cases, and those that they wrote for others."""
    return Q(id__in=[row["id"] for row in await db.rows(_GIVEN, citizen_id)])


def _of_case(path: str) -> Finder:
    """What belongs to reviews of a citizen's own cases."""
    return of_citizen(f"{path}__application__citizen_id", **{f"{path}__application__company_id__isnull": True})


async def _titled(review: Review, citizen_id: UUID) -> dict[str, Any]:
    del citizen_id
    return {"reason_titles": titles(review.reasons)}


PARTS = (
    Part(
        model=Review,
        name="reviews",
        title="办事评价",
        fields={
            "id": "编号",
            "application_id": "办件",
            "mandate_id": "由代办人评价的授权编号",
            "stage": "评价的环节",
            "item_code": "事项编码",
            "item_name": "事项名称",
            "level": "满意程度（5为非常满意，1为非常不满意）",
            "reasons": "理由",
            "reason_titles": "理由名称",
            "comment": "评价内容",
            "comment_state": "评价内容是否公开",
            "created_at": "时间",
        },
        left_out={
            "author_id": "即副本所属账号，或者代办人",
            "department": "部门的代码，见事项",
            "region": "地区的代码，见事项",
        },
        find=_given,
        more=_titled,
    ),
    Part(
        model=Rectification,
        name="rectifications",
        title="差评整改",
        fields={
            "id": "编号",
            "review_id": "评价编号",
            "state": "状态",
            "round": "第几次整改",
            "rectify_by": "整改期限",
            "answer_by": "确认期限",
            "opened_at": "开始时间",
            "ended_at": "结束时间",
        },
        left_out={"due_on": "工作人员下一步的期限，用于督办"},
        find=_of_case("review"),
        chain="rectification",
    ),
    Part(
        model=RectificationStep,
        name="rectification_steps",
        title="差评整改的经过",
        fields={
            "rectification_id": "整改编号",
            "cause": "事项",
            "after": "此后的状态",
            "round": "第几次整改",
            "reached": "回访到谁",
            "note": "内容",
            "at": "时间",
        },
        left_out={
            "id": "本系统内部编号",
            "before": "见上一步",
            "staff_id": "工作人员，以单位表示",
        },
        find=_of_case("rectification__review"),
    ),
)

_STEPS_OF = """
UPDATE rectification_steps SET note = NULL FROM rectifications
WHERE rectification_id = rectifications.id AND review_id = ANY($1::uuid[]) AND note IS NOT NULL
"""
_DETACH = """
UPDATE reviews SET application_id = NULL, author_id = NULL, mandate_id = NULL, comment = NULL, comment_state = NULL
WHERE id = ANY($1::uuid[])
"""
_OWN = f"""
SELECT id FROM reviews WHERE id = ANY(ARRAY(
    {_OF_OWN_CASES} UNION SELECT id FROM reviews WHERE author_id = $1 AND application_id IS NULL
))
ORDER BY id FOR UPDATE
"""  # noqa: S608  # fixed words
_OLD = """
SELECT id FROM reviews WHERE created_at < $1 AND (application_id IS NOT NULL OR author_id IS NOT NULL)
ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_LEAVE = "UPDATE reviews SET author_id = NULL, mandate_id = NULL WHERE author_id = $1"


async def forget_all(citizen_id: UUID) -> None:
    """Take the person out of the reviews of a citizen's cases, within the caller's transaction.

    What they wrote for others stays theirs, without its writer. A rectification under way goes on: what was wrong is
    put right also where nobody is left to be asked.
    """
    await _detach(await db.rows(_OWN, citizen_id))
    await db.execute(_LEAVE, citizen_id)


async def forget_reviews(before: datetime, most: int) -> int:
    """Take the person out of reviews given before a moment, at most so many; returns how many."""
    return await _detach(await db.rows(_OLD, before, most))


async def _detach(found: list[dict[str, Any]]) -> int:
    ids = [row["id"] for row in found]
    if ids:
        await db.execute(_STEPS_OF, ids)
        await db.execute(_DETACH, ids)
    return len(ids)
