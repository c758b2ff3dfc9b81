"""What pushes hold about a person, and how it goes."""

from datetime import datetime
from uuid import UUID

from app.followers.held import of_accounts
from app.kit import db
from app.kit.held import Part
from app.official_account.models import WeChatPush

PARTS = (
    Part(
        model=WeChatPush,
        name="wechat_pushes",
        title="微信推送的消息和事件",
        fields={
            "id": "编号",
            "appid": "公众号或者小程序",
            "openid": "微信标识",
            "kind": "类别",
            "payload": "内容",
            "pushed_at": "微信发出时间",
            "received_at": "收到时间",
            "state": "处理情况",
            "late": "另行回复的情况",
            "reason": "未能回复的原因",
        },
        left_out={"dedup_key": "用于识别重复推送的摘要"},
        find=of_accounts,
    ),
)

# A push that is still to be taken over, or answered, is not over yet.
_FORGET = """
DELETE FROM wechat_pushes WHERE id = ANY(ARRAY(
    SELECT id FROM wechat_pushes WHERE received_at < $1 AND payload IS NULL ORDER BY id LIMIT $2
))
"""


async def forget_pushes(before: datetime, most: int) -> int:
    """Delete pushes that came before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET, before, most)


async def forget_all(citizen_id: UUID) -> None:
    """Delete what came from a citizen's accounts, within the caller's transaction and while these are still bound."""
    await WeChatPush.filter(await of_accounts(citizen_id)).delete()
