"""What notifications hold about a person, and how it goes."""

from datetime import datetime
from uuid import UUID

from app.kit import db
from app.kit.held import Part, of_citizen
from app.notifications.models import Message, MessagePreference, Send, StaffTask, SubscriptionGrant

PARTS = (
    Part(
        model=Message,
        name="messages",
        title="站内消息",
        fields={
            "id": "编号",
            "kind": "种类",
            "urgency": "是否法定通知",
            "title": "标题",
            "text": "内容",
            "link": "页面",
            "state": "状态",
            "channel": "送达渠道",
            "reason": "未送达的原因",
            "created_at": "时间",
            "read_at": "阅读时间",
        },
        left_out={
            "citizen_id": "即副本所属账号",
            "key": "由种类、事由和账号编号组成，用于不重复发送",
            "plan": "尚未尝试的渠道，内容与站内消息相同",
            "region": "未送达时由哪里的工作人员联系",
        },
        find=of_citizen(),
    ),
    Part(
        model=Send,
        name="sends",
        title="微信和短信发送记录",
        fields={
            "id": "编号",
            "message_id": "站内消息编号",
            "channel": "渠道",
            "template_id": "消息模板",
            "page": "页面",
            "data": "内容",
            "state": "状态",
            "reason": "未送达的原因",
            "attempts": "次数",
            "due_at": "计划发送时间",
            "created_at": "创建时间",
            "updated_at": "更新时间",
        },
        left_out={
            "citizen_id": "即副本所属账号",
            "msg_id": "渠道内部编号",
            "give_up_at": "发送进度",
            "claimed_until": "发送进度",
        },
        find=of_citizen(),
    ),
    Part(
        model=SubscriptionGrant,
        name="grants",
        title="允许接收的微信消息",
        fields={"template_id": "消息模板", "remaining": "剩余次数", "updated_at": "更新时间"},
        left_out={
            "id": "本系统内部编号",
            "citizen_id": "即副本所属账号",
            "lead": "用于不重复计数",
            "lead_at": "用于不重复计数",
        },
        find=of_citizen(),
    ),
    Part(
        model=MessagePreference,
        name="message_preferences",
        title="消息接收设置",
        fields={
            "muted_groups": "不接收的种类",
            "muted_channels": "不使用的渠道",
            "quiet_from": "免打扰开始",
            "quiet_until": "免打扰结束",
            "updated_at": "更新时间",
        },
        left_out={"citizen_id": "即副本所属账号"},
        find=of_citizen(),
    ),
    Part(
        model=StaffTask,
        name="staff_tasks",
        title="由工作人员联系您的事项",
        fields={
            "id": "编号",
            "kind": "种类",
            "title": "标题",
            "note": "内容",
            "region": "地区",
            "created_at": "时间",
            "closed_at": "办结时间",
            "closing": "办理情况",
        },
        left_out={
            "citizen_id": "即副本所属账号",
            "key": "由种类和事由组成，用于不重复",
            "duty": "由哪个岗位办理",
            "closed_by": "工作人员的内部编号",
        },
        find=of_citizen(),
        chain="staff_task",
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
    SELECT id FROM sends WHERE created_at < $1 AND updated_at < $1 AND state NOT IN ('waiting', 'sending')
    ORDER BY id LIMIT $2
))
"""


_FORGET_TASKS = """
DELETE FROM staff_tasks WHERE id = ANY(ARRAY(SELECT id FROM staff_tasks WHERE closed_at < $1 ORDER BY id LIMIT $2))
"""
_FORGET_REPORTS = """
DELETE FROM send_reports WHERE id = ANY(ARRAY(
    SELECT id FROM send_reports WHERE created_at < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
))
"""


async def forget_all(citizen_id: UUID) -> None:
    """Delete a citizen's messages, sends, grants, preferences and tasks, within the caller's transaction."""
    # Messages before their sends, as the night does; sends before grants, as the worker does.
    await Message.filter(citizen_id=citizen_id).delete()
    await Send.filter(citizen_id=citizen_id).delete()
    await SubscriptionGrant.filter(citizen_id=citizen_id).delete()
    await MessagePreference.filter(citizen_id=citizen_id).delete()
    await StaffTask.filter(citizen_id=citizen_id).delete()


async def forget_messages(before: datetime, most: int) -> int:
    """Delete messages from before a moment, with their sends, at most so many; returns how many."""
    return await db.execute(_FORGET_MESSAGES, before, most)


async def forget_sends(before: datetime, most: int) -> int:
    """Delete sends that ended before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_SENDS, before, most)


async def forget_tasks(before: datetime, most: int) -> int:
    """Delete tasks of staff that were closed before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_TASKS, before, most)


async def forget_reports(before: datetime, most: int) -> int:
    """Delete what WeChat said of messages that are not ours, at most so many; returns how many."""
    return await db.execute(_FORGET_REPORTS, before, most)
