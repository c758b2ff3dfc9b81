"""What applications hold about a person. A company's cases are the company's."""

from typing import Any
from uuid import UUID

from app.applications.materials.files import opened
from app.applications.materials.models import Upload
from app.applications.materials.rules import SAFE
from app.applications.models import Application, Material, Notice, Supplement, TimelineEntry
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.queries import get_item
from app.kit import texts
from app.kit.held import HeldFile, Part, of_citizen
from media.storage import BlobStore

_SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}
_ITS_CASE = of_citizen("application__citizen_id", application__company_id__isnull=True)


async def _titled(application: Application, form: dict[str, Any]) -> dict[str, Any]:
    try:
        detail = await get_item(application.item_code, application.item_version)
        properties = detail.guide.form_schema.get("properties", {})
    except ItemNotFoundError:
        properties = {}
    return {name: {"title": properties.get(name, {}).get("title"), "value": value} for name, value in form.items()}


async def _case(application: Application, citizen_id: UUID) -> dict[str, Any]:
    del citizen_id
    form = await _titled(application, application.form)
    return {"state_name": texts.text("state", application.state), "form": form}


async def _supplement(supplement: Supplement, citizen_id: UUID) -> dict[str, Any]:
    del citizen_id
    await supplement.fetch_related("application")
    return {"form": await _titled(supplement.application, supplement.form)}


async def _file(material: Material, blobs: BlobStore) -> HeldFile:
    """A material's file, or a note where nobody may see it. Raises BlobMissingError."""
    if material.scan not in SAFE:
        note = texts.text("privacy", f"file_{material.scan.value}")
        return HeldFile(f"files/materials/{material.id}.txt", note.encode())
    content = await opened(blobs, material)
    suffix = _SUFFIX.get(material.content_type, "bin")
    return HeldFile(f"files/materials/{material.id}.{suffix}", content)


PARTS = (
    Part(
        model=Application,
        name="applications",
        title="草稿和办件",
        fields={
            "id": "编号",
            "mandate_id": "由代办人申请的授权编号",
            "item_code": "事项编码",
            "item_name": "事项名称",
            "item_version": "事项版本",
            "answers": "情形问答",
            "variant": "办理情形",
            "life_event": "所属“一件事”",
            "group_id": "“一件事”的申请编号",
            "state": "状态代码",
            "state_name": "状态",
            "form": "申请表",
            "prefilled": "自动带出的栏目和来源",
            "prefill_away": "当时没有回应的来源",
            "licences_used": "代替材料的电子证照编号",
            "saved_fields": "少填的栏目数",
            "saved_materials": "免交的材料数",
            "revision": "草稿修改次数",
            "warned_at": "提醒草稿即将失效的时间",
            "resubmission_of": "重新申请前的办件",
            "contact": "本件的联系方式",
            "delivery": "结果领取方式",
            "result": "纸质结果",
            "case_no": "办件编号",
            "supplement_note": "补正要求",
            "promised_on": "承诺办结日期",
            "statutory_on": "法定办结日期",
            "promised_provisional": "日期为暂定",
            "created_at": "创建时间",
            "updated_at": "更新时间",
            "submitted_at": "提交时间",
        },
        left_out={
            "citizen_id": "即副本所属账号",
            "company_id": "单位的办件不在个人副本之内",
            "idempotency_key": "手机的重复请求标记",
            "last_sequence": "与审批系统对账的序号",
        },
        find=of_citizen(company_id=None),
        more=_case,
        chain="application",
    ),
    Part(
        model=TimelineEntry,
        name="timeline",
        title="办件进度",
        fields={
            "id": "编号",
            "application_id": "办件",
            "kind": "种类",
            "state": "状态代码",
            "note": "说明",
            "mandate_id": "由代办人办理的授权编号",
            "at": "时间",
        },
        find=_ITS_CASE,
    ),
    Part(
        model=Material,
        name="materials",
        title="上传的材料",
        fields={
            "id": "编号，也是文件名",
            "application_id": "办件",
            "material_id": "材料",
            "content_type": "文件类型",
            "size": "字节数",
            "width": "宽",
            "height": "高",
            "pages": "页数",
            "sha256": "SHA-256摘要",
            "scan": "病毒检查",
            "trust": "可信等级",
            "reused_from": "复用的以前文件的编号",
            "handed_in_at": "提交审批的时间",
            "supplement_id": "所属补正",
            "created_at": "上传时间",
        },
        left_out={"blob_key": "文件在存储中的位置", "preview_blob_key": "缩小的预览图在存储中的位置"},
        find=_ITS_CASE,
        file=_file,
    ),
    Part(
        model=Upload,
        name="uploads",
        title="未传完的文件",
        fields={
            "id": "编号",
            "application_id": "办件",
            "material_id": "材料",
            "size": "字节数",
            "sha256": "SHA-256摘要",
            "file_id": "传完后的材料编号",
            "created_at": "开始时间",
            "expires_at": "失效时间",
        },
        left_out={"actor_id": "上传人的账号编号，仅用于限制数量", "chunk_size": "分段传输的大小"},
        find=_ITS_CASE,
    ),
    Part(
        model=Supplement,
        name="supplements",
        title="补正",
        fields={
            "id": "编号",
            "application_id": "办件",
            "note": "说明",
            "form": "补正的内容",
            "created_at": "时间",
        },
        left_out={"idempotency_key": "手机的重复请求标记"},
        find=_ITS_CASE,
        more=_supplement,
    ),
    Part(
        model=Notice,
        name="notices",
        title="催办和联系方式更正",
        fields={
            "id": "编号",
            "application_id": "办件",
            "kind": "种类",
            "content": "内容",
            "mandate_id": "由代办人办理的授权编号",
            "created_at": "时间",
        },
        left_out={"idempotency_key": "手机的重复请求标记"},
        find=_ITS_CASE,
    ),
)
