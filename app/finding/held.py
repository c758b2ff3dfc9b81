"""What finding holds about a person, and how it goes."""

from datetime import datetime
from uuid import UUID

from app.finding.models import Favourite, RecentItem, RecentItemsOff
from app.kit import db
from app.kit.held import Part, of_citizen

_OWN = {"id": "本系统内部编号", "citizen_id": "即副本所属账号"}

PARTS = (
    Part(
        model=Favourite,
        name="favourites",
        title="收藏的事项",
        fields={"item_code": "事项编码", "created_at": "收藏时间"},
        left_out=_OWN,
        find=of_citizen(),
    ),
    Part(
        model=RecentItem,
        name="recent_items",
        title="最近查看的事项",
        fields={"item_code": "事项编码", "opened_at": "最后查看时间"},
        left_out=_OWN,
        find=of_citizen(),
    ),
    Part(
        model=RecentItemsOff,
        name="recent_items_off",
        title="不记录最近查看的事项",
        fields={"since": "设置时间"},
        left_out={"citizen_id": "即副本所属账号"},
        find=of_citizen(),
    ),
)

_FORGET = """
DELETE FROM recent_items WHERE id = ANY(ARRAY(
    SELECT id FROM recent_items WHERE opened_at < $1 ORDER BY id LIMIT $2
))
"""


async def forget_all(citizen_id: UUID) -> None:
    """Delete a citizen's favourites and what they opened, within the caller's transaction."""
    for model in (Favourite, RecentItem, RecentItemsOff):
        await model.filter(citizen_id=citizen_id).delete()


async def forget_recent_items(before: datetime, most: int) -> int:
    """Delete what was opened last before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET, before, most)
