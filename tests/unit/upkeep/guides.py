"""A guide that has everything a check looks at, and the city that it stands in."""

import copy
from typing import Any

from app.catalogue.guide import Guide
from app.upkeep.problems import Known

KNOWN = Known(
    departments={"scjg": "11230800JB0000017Q"},
    regions={"230000": "province", "230800": "city", "230822": "county", "230822100": "township"},
    themes={"permits"},
    halls={"city"},
    licence_types={"food_business": {"business_name"}},
    code_lists={"nations"},
)


def _text(title: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "title": title, "maxLength": 50, **more}


_GUIDE: dict[str, Any] = {
    "item_code": "11230800JB0000017Q3000131001001",
    "basic_code": "000131001001",
    "name": "示例许可",
    "short_name": "示例",
    "task_type": "01",
    "department": "scjg",
    "region": "230800",
    "level": "city",
    "audience": ["person"],
    "themes": ["permits"],
    "handling": "promised",
    "statutory_days": 10,
    "promised_days": 5,
    "online_depth": 4,
    "visits": 0,
    "assurance_level": 2,
    "licence_type": "food_business",
    "keywords": ["示例", "例子", "样子"],
    "conditions": ["应当成年。"],
    "materials": [
        {
            "id": "photo",
            "name": "照片",
            "required": True,
            "copies": 1,
            "obtained_from": "申请人自备",
            "form": "electronic",
            "replaced_by": {"kind": "licence", "source": "food_business", "title": "证照"},
        },
        {
            "id": "id_card",
            "name": "身份证",
            "required": False,
            "copies": 1,
            "obtained_from": "公安机关",
            "form": "electronic",
            "replaced_by": {"kind": "shared_data", "title": "实名信息"},
            "note": "不用上传。",
        },
    ],
    "steps": [
        {"name": "受理", "days": 2, "description": "看材料。"},
        {"name": "决定", "days": 3, "description": "作决定。"},
    ],
    "fees": {"charged": False, "description": "不收费", "basis": ""},
    "legal_basis": [{"title": "示例法", "article": "第一条", "summary": "应当许可。"}],
    "questions": [{"question": "要多久？", "answer": "五天。"}, {"question": "收费吗？", "answer": "不收。"}],
    "windows": [{"name": "一号", "address": "示例路1号", "hours": "工作日", "phone": "12345", "hall": "city"}],
    "consultation_phone": "12345",
    "complaint_phone": "12345",
    "links": [{"title": "样表", "url": "https://example.com/form"}],
    "guidance": {
        "questions": [
            {
                "id": "who",
                "question": "谁来办？",
                "options": [{"value": "self", "label": "本人"}, {"value": "other", "label": "他人"}],
            },
            {
                "id": "kin",
                "question": "是亲属吗？",
                "options": [{"value": "yes", "label": "是"}, {"value": "no", "label": "否"}],
                "when": {"who": ["other"]},
            },
        ],
        "variants": [
            {"id": "stranger", "name": "受托", "when": {"kin": ["no"]}, "materials": ["photo"]},
            {
                "id": "plain",
                "name": "一般",
                "when": {},
                "materials": [],
                "omit_fields": ["sex"],
                "required_fields": ["remark"],
            },
        ],
    },
    "form_schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": ["applicant_name", "applicant_id_number", "applicant_phone", "address", "region_code"],
        "properties": {
            "applicant_name": _text("姓名", **{"x-prefill": "identity.name"}),
            "applicant_id_number": _text(
                "号码", **{"x-prefill": ["licence.food_business.business_name", "identity.id_number"]}
            ),
            "applicant_phone": _text("电话", pattern="^1[0-9]{10}$", **{"x-prefill": "identity.phone"}),
            "sex": _text("性别", enum=["男", "女"], **{"x-compute": {"rule": "sex_of", "of": ["applicant_id_number"]}}),
            "nation": _text("民族", **{"x-codes": "nations", "x-prefill": "shared.household.nation"}),
            "goods": {
                "type": "array",
                "title": "货物",
                "maxItems": 3,
                "items": {"type": "string", "enum": ["甲", "乙"]},
            },
            "care": _text("说明", **{"x-widget": "textarea", "x-when": {"sex": ["男"], "goods": ["甲"]}}),
            "address": _text("地址", **{"x-prefill": "earlier"}),
            "region_code": _text("地区", **{"x-widget": "region", "x-level": "county"}),
            "remark": _text("备注"),
        },
    },
    "form_example": {
        "applicant_name": "李桂兰",
        "applicant_id_number": "11010519491231002X",
        "applicant_phone": "13800000000",
        "sex": "男",
        "address": "示例路1号",
        "region_code": "230822",
        "remark": "无",
    },
}


def written() -> dict[str, Any]:
    """The guide as its author wrote it, to be changed freely."""
    return copy.deepcopy(_GUIDE)


def changed(path: str, value: Any = None) -> dict[str, Any]:
    """The guide with the value at a place replaced; with None the place is taken out."""
    guide = written()
    *way, last = path.split(".")
    at: Any = guide
    for name in way:
        at = at[int(name)] if isinstance(at, list) else at[name]
    key: Any = int(last) if isinstance(at, list) else last
    if value is None:
        del at[key]
    elif isinstance(at, list) and key == len(at):
        at.append(value)
    else:
        at[key] = value
    return guide


def whole(**changes: Any) -> Guide:
    """The guide, read, with some of its fields changed."""
    return Guide.model_validate({**written(), **changes})
