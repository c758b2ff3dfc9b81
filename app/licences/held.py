"""What licences hold about a person, and how it goes. A company's licences are the company's."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from app.catalogue.queries import get_licence_type
from app.kit import clock, db, texts
from app.kit.held import HeldFile, Part, of_citizen
from app.licences.files.cards import licence_card
from app.licences.models import Licence, LicenceMove, LicenceState, PaperCode, Presentation
from app.licences.requests.models import FieldRequest
from app.licences.verifying.models import Concern, Verification
from media.storage import BlobStore


async def _titled(licence: Licence, citizen_id: UUID) -> dict[str, Any]:
    del citizen_id
    definition = await get_licence_type(licence.type_code)
    titles = {field.name: field.title for field in definition.fields}
    values = {name: {"title": titles.get(name), "value": value} for name, value in licence.values.items()}
    return {"name": definition.name, "values": values}


async def _card(licence: Licence, blobs: BlobStore) -> HeldFile:
    del blobs
    definition = await get_licence_type(licence.type_code)
    return HeldFile(f"files/licences/{licence.number}.png", await licence_card(licence, definition))


async def _reason(verification: Verification, citizen_id: UUID) -> dict[str, Any]:
    del citizen_id
    return {"message": texts.text("reason", verification.reason)}


PARTS = (
    Part(
        model=Licence,
        name="licences",
        title="电子证照",
        fields={
            "id": "编号",
            "name": "证照名称",
            "type_code": "证照类型",
            "identifier": "电子证照标识",
            "reference": "证照引用号",
            "number": "证照编号",
            "origin": "证照来源",
            "case_no": "办件编号",
            "state": "状态",
            "state_reason": "状态变更的理由",
            "state_changed_at": "状态变更时间",
            "holder": "持证主体",
            "holder_kind": "持证主体代码类型",
            "holder_code": "持证主体代码",
            "values": "证照内容",
            "issuer": "颁发机构",
            "issuer_code": "颁发机构代码",
            "region": "管辖属地编码",
            "issued_on": "颁发日期",
            "valid_from": "有效期起",
            "valid_until": "有效期止",
            "version": "版本",
            "previous_id": "上一版本",
            "end_reminded_on": "到期提醒日期",
            "yearly_reminded_on": "年度提醒日期",
        },
        left_out={
            "citizen_id": "即副本所属账号",
            "holder_hash": "由持证主体代码算出的不可还原摘要",
            "import_id": "批量导入的技术编号",
            "status_list": "状态清单的技术编号",
            "status_index": "状态清单内的技术位置",
            "company_id": "单位的证照不在个人副本之内",
        },
        find=of_citizen(company_id=None),
        more=_titled,
        file=_card,
        chain="licence",
    ),
    Part(
        model=LicenceMove,
        name="licence_moves",
        title="证照状态变更记录",
        fields={
            "id": "编号",
            "licence_id": "证照",
            "cause": "变更",
            "before": "变更前的状态",
            "after": "变更后的状态",
            "reason": "理由",
            "office": "作出变更的机关",
            "case_no": "办件编号",
            "at": "时间",
        },
        left_out={"actor": "工作人员的个人信息，以作出变更的机关表示"},
        find=of_citizen("licence__citizen_id", licence__company_id__isnull=True),
    ),
    Part(
        model=Presentation,
        name="presentations",
        title="亮证记录",
        fields={
            "licence_id": "证照",
            "kind": "亮证码种类",
            "preset": "展示方式",
            "mandate_id": "由代办人出示的授权编号",
            "session_id": "出示所用的登录编号",
            "issued_at": "出示时间",
            "expires_at": "失效时间",
            "spent_at": "使用时间",
            "ended_at": "提前失效时间",
        },
        left_out={
            "nonce": "亮证码的随机数",
            "digest": "亮证码的不可还原摘要",
            "digits_hash": "由数字码算出的不可还原摘要",
        },
        find=of_citizen("licence__citizen_id", licence__company_id__isnull=True),
    ),
    Part(
        model=PaperCode,
        name="paper_codes",
        title="纸质凭证",
        fields={
            "id": "编号",
            "licence_id": "证照",
            "office": "打印单位",
            "document": "核对的证件种类",
            "reason": "打印理由",
            "ended_at": "失效时间",
            "ended_because": "失效原因",
            "ended_by": "办理人",
        },
        left_out={
            "presentation_id": "凭证码的随机数",
            "staff_id": "工作人员的个人信息，以打印单位表示",
            "status_list": "状态清单的技术编号",
            "status_index": "状态清单内的技术位置",
        },
        find=of_citizen("licence__citizen_id", licence__company_id__isnull=True),
    ),
    Part(
        model=Verification,
        name="verifications",
        title="扫码核验记录",
        fields={
            "id": "编号",
            "licence_id": "证照",
            "way": "核验方式",
            "office": "核验单位",
            "duty": "核验人员的职责",
            "system": "用证系统",
            "purpose": "核验用途",
            "kind": "亮证码类型",
            "preset": "选择出示的内容",
            "verdict": "结果",
            "reason": "结果代码",
            "message": "结果说明",
            "shown": "被查看的栏目",
            "at": "时间",
            "handed_in_at": "离线核验的上报时间",
            "clock_wrong": "核验设备时间有误",
            "said": "离线核验时的结果代码",
            "keys_age": "离线核验所用公钥的时长（秒）",
            "status_age": "离线核验所用状态清单的时长（秒）",
        },
        left_out={
            "staff_id": "工作人员的个人信息，以核验单位表示",
            "idempotency_key": "核验设备的重复请求标记",
            "code_digest": "亮证码的不可还原摘要",
            "nonce": "亮证码的随机数",
            "untold": "是否还要发消息告知本人，告知后的消息另列",
        },
        find=of_citizen("licence__citizen_id", licence__company_id__isnull=True),
        more=_reason,
    ),
    Part(
        model=Concern,
        name="verification_concerns",
        title="对核验的异议和重复扫码的核实",
        fields={
            "verification_id": "扫码核验",
            "kind": "类型",
            "department": "核实部门",
            "raised_at": "提出时间",
            "answer": "答复",
            "answered_at": "答复时间",
        },
        left_out={
            "id": "内部编号",
            "region": "核实部门的管辖范围",
            "answered_by": "工作人员的个人信息，以核实部门表示",
        },
        find=of_citizen("verification__licence__citizen_id", verification__licence__company_id__isnull=True),
    ),
    Part(
        model=FieldRequest,
        name="field_requests",
        title="核验人员请求查看更多内容的记录",
        fields={
            "id": "编号",
            "verification_id": "扫码核验",
            "wanted": "请求查看的栏目",
            "purpose": "用途",
            "asked_at": "请求时间",
            "expires_at": "答复期限",
            "answer": "答复",
            "answered_at": "答复时间",
            "readable_until": "查看期限",
            "read_at": "查看时间",
        },
        left_out={"answered_by": "本人或者代办人的内部编号", "read_key": "核验设备的重复请求标记"},
        find=of_citizen("verification__licence__citizen_id", verification__licence__company_id__isnull=True),
    ),
)

# Ended by somebody's act, at a moment of its own.
_ENDED = {LicenceState.CANCELLED, LicenceState.REVOKED, LicenceState.SUPERSEDED}
_FORGET_LICENCES = """
DELETE FROM licences WHERE id = ANY(ARRAY(
    SELECT id FROM licences WHERE state IN ('cancelled', 'revoked', 'superseded') AND state_changed_at < $1
        OR state NOT IN ('cancelled', 'revoked', 'superseded') AND valid_until < ($1 AT TIME ZONE 'Asia/Shanghai')::date
    ORDER BY id LIMIT $2
))
"""
_FORGET_PRESENTATIONS = """
DELETE FROM presentations WHERE nonce = ANY(ARRAY(
    SELECT nonce FROM presentations WHERE expires_at < $1 LIMIT $2
))
"""
_FORGET_DIGIT_MISSES = """
DELETE FROM digit_misses WHERE id = ANY(ARRAY(
    SELECT id FROM digit_misses WHERE at < $1 ORDER BY id LIMIT $2
))
"""
_FORGET_VERIFICATIONS = """
DELETE FROM verifications WHERE id = ANY(ARRAY(
    SELECT id FROM verifications WHERE at < $1 ORDER BY id LIMIT $2
))
"""


@dataclass(frozen=True, slots=True)
class KeptLicence:
    """A licence that outlives its holder's account; its time of keeping begins at ``ends_at``, or never."""

    number: str
    ends_at: datetime | None


async def kept_licences(citizen_id: UUID) -> list[KeptLicence]:
    """A citizen's own licences, with the moment at which each ended or will end."""
    own = await Licence.filter(citizen_id=citizen_id, company_id=None).order_by("id")
    return [
        KeptLicence(
            licence.number, licence.state_changed_at if licence.state in _ENDED else _end_of(licence.valid_until)
        )
        for licence in own
    ]


async def with_licences(citizen_ids: list[UUID]) -> set[UUID]:
    """Which of these citizens still have a licence of their own."""
    sql = "SELECT DISTINCT citizen_id FROM licences WHERE citizen_id = ANY($1::uuid[]) AND company_id IS NULL"
    return {row["citizen_id"] for row in await db.rows(sql, citizen_ids)}


def _end_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time.max, tzinfo=clock.CITY_TIME) if day else None


async def forget_licences(before: datetime, most: int) -> int:
    """Delete licences that ended before a moment, with their codes and scans, at most so many; returns how many."""
    return await db.execute(_FORGET_LICENCES, before, most)


async def forget_presentations(before: datetime, most: int) -> int:
    """Delete codes that expired before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_PRESENTATIONS, before, most)


async def forget_digit_misses(before: datetime, most: int) -> int:
    """Delete misses of staff who typed digits before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_DIGIT_MISSES, before, most)


async def forget_verifications(before: datetime, most: int) -> int:
    """Delete scans from before a moment, at most so many; returns how many."""
    return await db.execute(_FORGET_VERIFICATIONS, before, most)
