"""What mandates hold about a person, and how it goes. The other side is another person, and stays masked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from app.kit import db
from app.kit.held import Part
from app.mandates.models import Mandate
from app.mandates.queries import view


async def _either_side(citizen_id: UUID) -> Q:
    return Q(principal_id=citizen_id) | Q(delegate_id=citizen_id)


async def _sides(mandate: Mandate, citizen_id: UUID) -> dict[str, Any]:
    await mandate.fetch_related("principal", "delegate", "company")
    seen = view(mandate, citizen_id)
    return {
        "role": "授权人" if seen.given else "代办人",
        "other": seen.delegate if seen.given else seen.principal,
        "ended_by": None if mandate.ended_by_id is None else "本人" if mandate.ended_by_id == citizen_id else "对方",
    }


PARTS = (
    Part(
        model=Mandate,
        name="mandates",
        title="代办和授权",
        fields={
            "id": "编号",
            "kind": "种类",
            "role": "本人的身份",
            "other": "另一方（隐去部分姓名）或者单位",
            "matters": "授权事项",
            "state": "状态",
            "invitation_ends_at": "邀请截止时间",
            "ends_at": "截止时间",
            "created_at": "创建时间",
            "confirmed_at": "生效时间",
            "ended_at": "结束时间",
            "ended_by": "由谁结束",
        },
        left_out={
            "principal_id": "属于他人或者即本人，以“另一方”表示",
            "delegate_id": "属于他人或者即本人，以“另一方”表示",
            "company_id": "以单位名称表示",
            "invitation": "邀请码的不可还原摘要",
            "ended_by_id": "以“由谁结束”表示",
        },
        find=_either_side,
        more=_sides,
        chain="mandate",
    ),
)

_FORGET = """
DELETE FROM mandates WHERE id = ANY(ARRAY(
    SELECT id FROM mandates WHERE LEAST(ended_at, ends_at) < $1 ORDER BY id LIMIT $2
))
"""


async def acting_names(citizen_id: UUID) -> list[str]:
    """How the audit names what a citizen did, for themself and by each mandate they held."""
    held = await Mandate.filter(delegate_id=citizen_id).values_list("id", flat=True)
    return [f"citizen:{citizen_id}", *(f"citizen:{citizen_id} by mandate:{mandate_id}" for mandate_id in held)]


async def forget_mandates(before: datetime, most: int) -> int:
    """Delete mandates that ended before a moment, by a side or by time, at most so many; returns how many."""
    return await db.execute(_FORGET, before, most)
