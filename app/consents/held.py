"""What consents are held about a person, and how they go."""

from datetime import datetime

from app.consents.models import Consent
from app.kit import db
from app.kit.held import Part, of_citizen

PARTS = (
    Part(
        model=Consent,
        name="consents",
        title="同意和撤回同意",
        fields={
            "purpose": "用途",
            "version": "版本",
            "act": "同意（given）或撤回（withdrawn）",
            "session_id": "登录记录编号",
            "mandate_id": "监护授权编号",
            "at": "时间",
        },
        left_out={"id": "本系统内部序号", "citizen_id": "即副本所属账号"},
        find=of_citizen(),
    ),
)

_FORGET = """
DELETE FROM consents WHERE id = ANY(ARRAY(
    SELECT consents.id FROM consents JOIN citizens ON citizens.id = citizen_id
    WHERE citizens.deleted_at < $1 ORDER BY consents.id LIMIT $2
))
"""


async def forget_consents(before: datetime, most: int) -> int:
    """Delete consents of accounts that were deleted before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET, before, most)
