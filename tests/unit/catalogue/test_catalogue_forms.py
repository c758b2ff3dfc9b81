"""Forms: problems in Chinese by title, never by value, whatever comes."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import forms
from app.catalogue.choices import Known
from app.catalogue.form_validator import LARGEST, MOST_VALUES
from app.catalogue.vocabulary import ASSERTIONS, faults
from app.kit import texts

TODAY = date(2026, 11, 24)
KNOWN = Known(
    codes={"sex": frozenset({"1", "2"})},
    regions={"230800": "city", "230804": "county", "230804001": "township", "230804001001": "village"},
)
MEMBER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "title": "姓名", "maxLength": 50},
        "sex": {"type": "string", "title": "性别", "maxLength": 1, "x-codes": "sex"},
    },
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "kind", "agreed", "choices"],
    "dependentRequired": {"fax": ["phone"]},
    "maxProperties": 30,
    "properties": {
        "name": {"type": "string", "title": "姓名", "maxLength": 5, "readOnly": True, "x-prefill": "identity.name"},
        "kind": {"type": "string", "title": "业态", "maxLength": 2, "enum": ["甲", "乙"]},
        "area": {"type": "integer", "title": "面积", "minimum": 1, "maximum": 9},
        "phone": {
            "type": "string",
            "title": "电话",
            "maxLength": 20,
            "pattern": "^1[0-9]{10}$",
            "x-widget": "phone",
            "x-prefill": ["earlier", "identity.phone"],
        },
        "code": {"type": "string", "title": "代码", "maxLength": 9, "pattern": "^[a-z]+$"},
        "choices": {
            "type": "array",
            "title": "项目",
            "minItems": 1,
            "maxItems": 3,
            "uniqueItems": True,
            "items": {"type": "string", "maxLength": 9},
        },
        "site": {"type": "string", "title": "住所", "minLength": 2, "maxLength": 9},
        "promise": {"const": True, "title": "承诺"},
        "version": {"const": 3, "title": "版本"},
        "agreed": {"type": "boolean", "title": "同意"},
        "opened": {"type": "string", "title": "开业日期", "maxLength": 20, "format": "date"},
        "mail": {"type": "string", "title": "邮箱", "maxLength": 50, "format": "email"},
        "address": {"type": "string", "title": "网址", "maxLength": 50, "format": "ipv4"},
        "seats": {"type": "integer", "title": "座位数", "multipleOf": 2},
        "fee": {"type": "number", "title": "金额", "multipleOf": 0.01},
        "rate": {"type": "number", "title": "比例", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "owner": {"type": "object", "title": "负责人", "required": ["age"], "maxProperties": 2, "minProperties": 1},
        "members": {"type": "array", "title": "家庭成员", "maxItems": 9, "items": MEMBER},
        "papers": {
            "type": "array",
            "title": "证件",
            "maxItems": 9,
            "items": {"type": "string", "maxLength": 9},
            "contains": {"const": "甲"},
            "minContains": 1,
            "maxContains": 1,
        },
        "two": {
            "type": "array",
            "title": "成对",
            "maxItems": 9,
            "items": {"type": "integer"},
            "contains": {"const": 1},
            "minContains": 2,
        },
        "either": {"title": "其一", "type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 1}]},
        "just_one": {"title": "只一", "type": "integer", "oneOf": [{"minimum": 5}, {"minimum": 7}]},
        "never": {"title": "不可", "type": "integer", "not": {"minimum": 5}},
        "fax": {"type": "string", "title": "传真", "maxLength": 9},
        "sex": {"type": "string", "title": "性别", "maxLength": 1, "x-codes": "sex"},
        "region": {"type": "string", "title": "地区", "maxLength": 12, "x-widget": "region", "x-level": "county"},
        "town": {"type": "string", "title": "乡镇", "maxLength": 12, "x-widget": "region", "x-level": "township"},
        "village": {"type": "string", "title": "村", "maxLength": 12, "x-widget": "region", "x-level": "village"},
        "brand": {"type": "string", "title": "品牌", "maxLength": 9, "x-when": {"kind": ["乙"]}},
    },
}

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "type": ({"fax": 1}, "fax", "“传真”应填写文字。"),
    "type integer": ({"area": "x"}, "area", "“面积”应填写整数。"),
    "type boolean": ({"agreed": "x"}, "agreed", "“同意”应选择“是”或者“否”。"),
    "minimum": ({"area": 0}, "area", "“面积”不能小于1。"),
    "maximum": ({"area": 10}, "area", "“面积”不能大于9。"),
    "exclusiveMinimum": ({"rate": 0}, "rate", "“比例”应大于0。"),
    "exclusiveMaximum": ({"rate": 1}, "rate", "“比例”应小于1。"),
    "multipleOf": ({"seats": 3}, "seats", "“座位数”应为2的倍数。"),
    "multipleOf in decimals": ({"fee": 0.125}, "fee", "“金额”应为0.01的倍数。"),
    "enum": ({"kind": "丙"}, "kind", "“业态”不在可选范围内。"),
    "pattern": ({"code": "1"}, "code", "“代码”的格式不正确。"),
    "pattern of a phone": ({"phone": "1"}, "phone", "“电话”应为11位手机号码。"),
    "pattern at a line's end": ({"phone": "13800000000\n"}, "phone", "“电话”应为11位手机号码。"),
    "maxLength": ({"name": "六个字的姓名"}, "name", "“姓名”不能超过5个字。"),
    "minLength": ({"site": "路"}, "site", "“住所”至少填写2个字。"),
    "minItems": ({"choices": []}, "choices", "“项目”至少要有1项。"),
    "maxItems": ({"choices": ["a", "b", "c", "d"]}, "choices", "“项目”最多3项。"),
    "uniqueItems": ({"choices": ["a", "a"]}, "choices", "“项目”有重复的选项。"),
    "contains": ({"papers": ["乙"]}, "papers", "“证件”缺少必需的选项。"),
    "maxContains": ({"papers": ["甲", "甲"]}, "papers", "“证件”中限选的选项最多1项。"),
    "minContains": ({"two": [1]}, "two", "“成对”中必需的选项至少要有2项。"),
    "minProperties": ({"owner": {}}, "owner", "“负责人”至少填写1个栏目。"),
    "maxProperties": ({"owner": {"age": 1, "b": 1, "c": 1}}, "owner", "“负责人”最多填写2个栏目。"),
    "const": ({"version": 2}, "version", "“版本”不在可选范围内。"),
    "const of a box": ({"promise": False}, "promise", "请确认“承诺”。"),
    "format": ({"address": "x"}, "address", "“网址”的格式不正确。"),
    "format of a day": ({"opened": "2026-02-30"}, "opened", "“开业日期”应为真实存在的日期，例如2026-01-31。"),
    "format of an address": ({"mail": "x"}, "mail", "“邮箱”应为电子邮箱地址。"),
    "anyOf": ({"either": 3}, "either", "“其一”不符合填写要求。"),
    "oneOf": ({"just_one": 8}, "just_one", "“只一”应且只应符合一种填写要求。"),
    "not": ({"never": 8}, "never", "“不可”不能这样填写。"),
    "required within": ({"members": [{"name": "甲"}, {}]}, "members.1.name", "请填写“家庭成员第2项的姓名”。"),
    "type within": ({"choices": [1]}, "choices.0", "“项目第1项”应填写文字。"),
    "deep within": ({"members": [{"name": 1}]}, "members.0.name", "“家庭成员第1项的姓名”应填写文字。"),
    "additionalProperties": ({"其他": 1}, "?", "表单中没有这个字段。"),
    "beside within": ({"members": [{"name": "甲", "其他": 1}]}, "members.0.?", "表单中没有这个字段。"),
    "x-codes": ({"sex": "9"}, "sex", "请从列表中选择“性别”。"),
    "x-codes within": (
        {"members": [{"name": "甲", "sex": "x"}]},
        "members.0.sex",
        "请从列表中选择“家庭成员第1项的性别”。",
    ),
    "region": ({"region": "110000"}, "region", "请从地区列表中选择“地区”。"),
    "x-level": ({"region": "230800"}, "region", "“地区”请至少选择到县（市、区）。"),
    "x-level township": ({"town": "230804"}, "town", "“乡镇”请至少选择到乡镇（街道）。"),
    "x-level village": ({"village": "230804001"}, "village", "“村”请选择到村（社区）。"),
    "x-when": ({"kind": "甲", "brand": "x"}, "brand", "按目前的选择，不用填写“品牌”。"),
    "character": ({"site": "路\ud800路"}, "site", "“住所”中有不能使用的字符，请重新输入。"),
    "number": ({"area": float("inf")}, "area", "“面积”的数值超出范围。"),
    "size": ({"members": [{}] * MOST_VALUES}, "members", "“家庭成员”的内容过多。"),
}


def told(form: dict[str, Any], *, complete: bool = False) -> list[dict[str, str]]:
    return forms.problems(SCHEMA, form, complete=complete, known=KNOWN)


@pytest.mark.parametrize("name", WRONG)
def test_each_problem_is_told_by_its_fields_title(name: str) -> None:
    """In a draft; the bound is told, the value is not."""
    form, field, message = WRONG[name]
    assert (field, message) in [(problem["field"], problem["message"]) for problem in told(form)]
    assert len([problem for problem in told(form) if problem["field"] == field]) == 1


def test_a_draft_may_be_unfinished_and_a_submission_may_not() -> None:
    """What is missing is named, in the words of its kind."""
    assert told({}) == []
    missing = told({"name": "李", "fax": "1"}, complete=True)
    assert [problem["message"] for problem in missing] == [
        "请确认“同意”。",
        "请选择或者填写“项目”。",
        "请填写“业态”。",
        "请填写“电话”。",
    ]
    assert {problem["reason"] for problem in missing} == {"required"}
    assert told({"fax": "1"}) == []


def test_every_keyword_that_authors_may_use_is_told_by_a_sentence_of_its_own_and_tried_here() -> None:
    """Those that only lead to others have none."""
    leading = {"properties", "items", "allOf", "if", "then", "else", "dependentRequired"}
    known = texts.keys("form")
    assert ASSERTIONS - leading <= known
    plain = {key for key in known if "_" not in key} - {"item", "within", "other", "required"}
    assert plain <= set(WRONG)
    assert faults(SCHEMA, {"sex"}) == []


secrets = st.text(st.characters(min_codepoint=0x3400, max_codepoint=0x4DBF), min_size=4, max_size=12)


@given(
    st.dictionaries(
        st.sampled_from(sorted(SCHEMA["properties"])) | secrets,
        secrets | st.lists(secrets | st.dictionaries(st.just("name") | secrets, secrets)),
    )
)
def test_nothing_that_people_typed_is_ever_repeated(form: dict[str, Any]) -> None:
    """Neither values nor fields of their own; the characters typed here stand in no sentence of ours."""
    assert not [character for character in str(told(form, complete=True)) if "\u3400" <= character <= "\u4dbf"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=())), inner),
)


@given(st.dictionaries(st.sampled_from(sorted(SCHEMA["properties"])) | st.text(), anything))
def test_any_form_at_all_is_answered(form: dict[str, Any]) -> None:
    """Every problem has a sentence, what passes can be kept, and a change is put in whatever it is."""
    for problem in told(form, complete=True):
        assert problem["message"].endswith("。")
        assert set(problem) == {"field", "reason", "message"}
    merged = forms.merge(SCHEMA, {}, form, today=TODAY)
    if not told(merged):
        json.dumps(merged, ensure_ascii=False, allow_nan=False).encode()


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@given(
    st.dictionaries(st.sampled_from(["x-when", "x-codes", "x-level", "x-widget", "x-compute"]), anything),
    st.dictionaries(st.sampled_from(["a", "b"]), anything),
)
def test_a_form_is_tried_before_its_keywords_are_right(keywords: dict[str, Any], form: dict[str, Any]) -> None:
    """Its editor is told what is wrong with them elsewhere."""
    schema = {"type": "object", "properties": {"a": {"title": "甲", **keywords}, "b": {"title": "乙"}}}
    forms.problems(schema, form, complete=True, known=KNOWN)


HOSTILE: dict[str, Any] = {
    "nested deeper than the stack": nested(100_000),
    "an object in an object": {"a": nested(50)},
    "more than anybody fills in": list(range(MOST_VALUES + 1)),
    "infinity, as 1e400 is read": float("inf"),
    "no number": float("nan"),
    "a number of ten thousand digits": 10**10_000,
    "a number that phones do not know exactly": LARGEST + 1,
    "NUL": "a\x00",
    "half a surrogate": "\udfff",
    "NUL as a name": {"\x00": 1},
    "half a surrogate as a name": {"\ud800": 1},
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("field", ["area", "site", "choices", "members", "owner"])
def test_what_nothing_can_keep_is_refused_whatever_the_field(name: str, field: str) -> None:
    """Also where the field's own rule would let it pass."""
    form = {field: HOSTILE[name]}
    assert [problem["field"] for problem in told(form)] == [field]
    assert told(form)[0]["reason"] in {"character", "number", "size"}
    assert forms.merge(SCHEMA, {}, form, today=TODAY) is not form


def test_a_pattern_is_never_tried_on_a_text_without_end() -> None:
    """A field that forgot its length takes a thousand characters, and a pattern that takes for ever is not tried."""
    schema = {"properties": {"a": {"title": "甲", "pattern": "^a*$"}, "b": {"title": "乙", "pattern": "^(b+)+$"}}}

    def passes(form: dict[str, str]) -> bool:
        return forms.problems(schema, form, complete=False, known=KNOWN) == []

    assert passes({"a": "a" * 1000})
    assert not passes({"a": "a" * 1001})
    assert passes({"b": "b" * 100 + "c"})


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """As JSON Schema has it: 3.0 is an integer, true is none."""
    assert told({"area": 3.0}) == []
    assert told({"area": 3.5}) != []
    assert told({"area": True}) != []


def test_amounts_are_exact() -> None:
    """600.10 yuan are whole fen, which binary fractions do not know."""
    assert told({"fee": 600.1}) == []
    assert told({"fee": 0.07}) == []


def test_equal_entries_are_found_however_they_are_written() -> None:
    """1 and 1.0 are equal, 1 and true are not; the order of names does not count."""
    schema = {"properties": {"list": {"type": "array", "title": "列表", "uniqueItems": True}}}

    def twice(*entries: Any) -> bool:
        return bool(forms.problems(schema, {"list": list(entries)}, complete=False, known=KNOWN))

    assert twice(1, 1.0)
    assert twice({"a": [1], "b": 2}, {"b": 2, "a": [1.0]})
    assert not twice(1, True, "1", [1])


def merged(form: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return forms.merge(SCHEMA, form, changes, today=TODAY)


def test_the_verified_identity_keeps_its_value() -> None:
    """A change of it is passed over, other fields change, null takes out."""
    form = {"name": "李桂兰", "area": 3, "kind": "甲"}
    assert merged(form, {"name": "别人", "area": None, "kind": "乙"}) == {"name": "李桂兰", "kind": "乙"}
    assert merged(form, {"name": None}) == form
    assert merged({}, {"name": "李桂兰"}) == {"name": "李桂兰"}


def test_what_is_not_asked_any_more_goes() -> None:
    """With the value that asked for it; what is not asked cannot be put in."""
    assert merged({"kind": "乙", "brand": "甲"}, {"kind": "甲"}) == {"kind": "甲"}
    assert merged({}, {"kind": "甲", "brand": "甲"}) == {"kind": "甲"}
    assert merged({"kind": "乙"}, {"brand": "甲"}) == {"kind": "乙", "brand": "甲"}


def test_the_verified_identity_is_not_lost_to_a_condition() -> None:
    """Who could make it go could write another into its place."""
    schema = {"properties": {"kind": {}, "name": {"readOnly": True, "x-when": {"kind": ["甲"]}}}}
    form = forms.merge(schema, {"kind": "甲", "name": "李桂兰"}, {"kind": "乙"}, today=TODAY)
    assert form["name"] == "李桂兰"
