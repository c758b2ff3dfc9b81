"""What complaints hold about a person, and how it goes: with the account, or some time after the answer."""

from datetime import datetime
from uuid import UUID

from app.complaints.models import Complaint, ComplaintStep
from app.complaints.watching import task_key
from app.kit import clock, db, texts
from app.kit.held import Part, of_citizen
from app.notifications.staff_tasks import close_by_itself

PARTS = (
    Part(
        model=Complaint,
        name="complaints",
        title="投诉建议",
        fields={
            "id": "本系统内部编号",
            "number": "编号",
            "kind": "投诉或者建议",
            "about": "涉及事项、办件或者大厅",
            "about_code": "所涉及的编码",
            "about_name": "所涉及的名称",
            "text": "内容",
            "named": "是否允许工作人员看到姓名和电话",
            "state": "状态",
            "answer_by": "答复期限",
            "received_at": "收到时间",
            "answered_at": "答复时间",
        },
        left_out={
            "citizen_id": "即副本所属账号",
            "department": "部门的代码，见经过",
            "region": "地区的代码，见所涉及的名称",
            "due_on": "工作人员下一步的期限，用于督办",
        },
        find=of_citizen(),
        chain="complaint",
    ),
    Part(
        model=ComplaintStep,
        name="complaint_steps",
        title="投诉建议的经过",
        fields={
            "complaint_id": "投诉建议的本系统内部编号",
            "cause": "事项",
            "department": "部门的代码",
            "note": "内容",
            "at": "时间",
        },
        left_out={"id": "本系统内部编号", "staff_id": "工作人员，以单位表示"},
        find=of_citizen("complaint__citizen_id"),
    ),
)

_FORGET = """
DELETE FROM complaints WHERE id = ANY(ARRAY(
    SELECT id FROM complaints WHERE answered_at < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
))
"""


async def forget_all(citizen_id: UUID) -> None:
    """Delete what a citizen wrote, within the caller's transaction: nobody is left to be answered."""
    for complaint in await Complaint.filter(citizen_id=citizen_id).order_by("id").select_for_update():
        if complaint.due_on:
            await close_by_itself(task_key(complaint), texts.text("complaint", "deleted"), clock.now())
        await complaint.delete()


async def forget_complaints(before: datetime, most: int) -> int:
    """Delete complaints that were answered before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET, before, most)
