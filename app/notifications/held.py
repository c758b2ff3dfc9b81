"""What notifications hold about a person, and how it goes."""

from datetime import datetime
from uuid import UUID

from app.kit import db
from app.kit.held import Part, of_citizen
from app.notifications.models import Message, Send, SubscriptionGrant

PARTS = (
    Part(
        model=Message,
        name="messages",
        title="站内消息",
        fields={
            "id": "编号",
            "kind": "种类",
            "title": "标题",
            "text": "内容",
            "link": "页面",
            "created_at": "时间",
        },
        left_out={"citizen_id": "即副本所属账号", "key": "由种类、事由和账号编号组成，用于不重复发送"},
        find=of_citizen(),
    ),
    Part(
        model=Send,
        name="sends",
        title="微信消息发送记录",
        fields={
            "id": "编号",
            "message_id": "站内消息编号",
            "template_id": "消息模板",
            "page": "页面",
            "data": "内容",
            "state": "状态",
            "reason": "未送达的原因",
            "attempts": "次数",
            "created_at": "创建时间",
            "updated_at": "更新时间",
        },
        left_out={"citizen_id": "即副本所属账号"},
        find=of_citizen(),
    ),
    Part(
        model=SubscriptionGrant,
        name="grants",
        title="允许接收的微信消息",
        fields={"template_id": "消息模板", "remaining": "剩余次数", "updated_at": "更新时间"},
        left_out={"id": "本系统内部编号", "citizen_id": "即副本所属账号"},
        find=of_citizen(),
    ),
)

# An array is made once; IN may run the locking choice once more for each row, which deletes beyond the limit.
_FORGET_MESSAGES = """
DELETE FROM messages WHERE id = ANY(ARRAY(
    SELECT id FROM messages WHERE created_at < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
))
"""
_FORGET_SENDS = """
DELETE FROM sends WHERE id = ANY(ARRAY(
    SELECT id FROM sends WHERE created_at < $1 AND updated_at < $1 AND state IN ('sent', 'failed', 'uncertain')
    ORDER BY id LIMIT $2
))
"""


async def forget_all(citizen_id: UUID) -> None:
    """Delete a citizen's messages, sends and grants, within the caller's transaction."""
    # Messages before their sends, as the night does; sends before grants, as the worker does.
    await Message.filter(citizen_id=citizen_id).delete()
    await Send.filter(citizen_id=citizen_id).delete()
    await SubscriptionGrant.filter(citizen_id=citizen_id).delete()


async def forget_messages(before: datetime, most: int) -> int:
    """Delete messages from before a moment, with their sends, at most so many; returns how many."""
    return await db.execute(_FORGET_MESSAGES, before, most)


async def forget_sends(before: datetime, most: int) -> int:
    """Delete sends that ended before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_SENDS, before, most)
