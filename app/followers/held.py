"""What is held about a person as a follower, and how it goes."""

from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from app.followers.models import Follower
from app.identity.models import WeChatAccount
from app.kit import db
from app.kit.held import Part


async def of_accounts(citizen_id: UUID) -> Q:
    """Rows of WeChat accounts that are bound to the citizen; no key is empty: none is found where nothing is bound."""
    bound = await WeChatAccount.filter(citizen_id=citizen_id).values_list("appid", "openid")
    which = Q(id__isnull=True)
    for appid, openid in bound:
        which |= Q(appid=appid, openid=openid)
    return which


PARTS = (
    Part(
        model=Follower,
        name="followers",
        title="关注公众号",
        fields={
            "id": "编号",
            "appid": "公众号",
            "openid": "微信标识",
            "subscribed": "是否关注",
            "subscribed_at": "关注时间",
            "unsubscribed_at": "取消关注时间",
            "scene": "来源",
            "region": "接收通知的地区",
            "tag_ids": "分组",
            "seen_at": "最近互动时间",
            "scanned": "最近扫描的二维码",
            "scanned_at": "最近扫码时间",
        },
        left_out={
            "changed_at": "最近一次事件的时间，用于不重复处理",
            "synced_at": "最近一次与微信名单核对的时间",
        },
        find=of_accounts,
    ),
)

_FORGET = """
DELETE FROM followers WHERE id = ANY(ARRAY(
    SELECT id FROM followers WHERE NOT subscribed AND changed_at < $1 ORDER BY id LIMIT $2
))
"""


async def forget_followers(before: datetime, most: int) -> int:
    """Delete those who ceased to follow before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET, before, most)
