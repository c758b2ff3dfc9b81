"""What the audit holds about a person: ids and field names only. It is never deleted, so that its chains stay whole."""

from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from app.audit.models import AuditRecord
from app.kit.held import Part


def part(chains: list[str], actors: list[str]) -> Part:
    """The records of chains that are about a citizen, and of whatever the citizen did under these names."""

    async def find(citizen_id: UUID) -> Q:
        del citizen_id
        return Q(chain__in=chains) | Q(actor__in=actors)

    async def by(record: AuditRecord, citizen_id: UUID) -> dict[str, Any]:
        del citizen_id
        return {"by": "本人" if record.actor in actors else _named(record.actor)}

    return Part(
        model=AuditRecord,
        name="audit",
        title="操作记录",
        fields={"chain": "对象", "position": "序号", "at": "时间", "by": "操作人", "action": "操作"},
        left_out={
            "id": "本系统内部编号",
            "actor": "可能是他人，以“操作人”表示",
            "details": "本系统内部编号和栏目名",
            "previous": "防篡改校验值",
            "digest": "防篡改校验值",
            "algorithm": "防篡改校验算法",
            "salt": "防篡改校验值",
        },
        find=find,
        more=by,
    )


def _named(actor: str) -> str:
    kind = actor.partition(":")[0]
    names = {
        "citizen": "代办人或者授权的另一方",
        "reviewer": "评价人",
        "complainant": "投诉建议人",
        "staff": "工作人员",
        "approval_system": "审批系统",
    }
    return names.get(kind, "系统")
