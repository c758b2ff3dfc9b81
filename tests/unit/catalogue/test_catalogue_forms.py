"""Forms: problems in Chinese by title, never by value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import forms
from app.kit import texts

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "kind"],
    "properties": {
        "name": {"type": "string", "title": "姓名", "maxLength": 5, "readOnly": True, "x-prefill": "identity.name"},
        "kind": {"type": "string", "title": "业态", "enum": ["甲", "乙"]},
        "area": {"type": "integer", "title": "面积", "minimum": 1, "maximum": 9},
        "phone": {"type": "string", "title": "电话", "pattern": "^1[0-9]{10}$", "x-prefill": "identity.phone"},
        "items": {
            "type": "array",
            "title": "项目",
            "minItems": 1,
            "maxItems": 3,
            "uniqueItems": True,
            "items": {"type": "string"},
        },
        "site": {"type": "string", "title": "住所", "minLength": 2},
        "promise": {"const": True, "title": "承诺"},
        "opened": {"type": "string", "title": "开业日期", "format": "date"},
        "seats": {"type": "integer", "title": "座位数", "multipleOf": 2},
        "owner": {"type": "object", "title": "负责人", "required": ["age"]},
    },
}

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "type": ({"area": "x"}, "area", "“面积”的类型不正确。"),
    "minimum": ({"area": 0}, "area", "“面积”的数值太小。"),
    "maximum": ({"area": 10}, "area", "“面积”的数值太大。"),
    "enum": ({"kind": "丙"}, "kind", "“业态”不在可选范围内。"),
    "pattern": ({"phone": "1"}, "phone", "“电话”的格式不正确。"),
    "maxLength": ({"name": "六个字的姓名"}, "name", "“姓名”填写得太长。"),
    "minItems": ({"items": []}, "items", "“项目”至少要选一项。"),
    "uniqueItems": ({"items": ["a", "a"]}, "items", "“项目”有重复的选项。"),
    "maxItems": ({"items": ["a", "b", "c", "d"]}, "items", "“项目”选得太多。"),
    "minLength": ({"site": "路"}, "site", "“住所”填写得太短。"),
    "const": ({"promise": False}, "promise", "“承诺”不在可选范围内。"),
    "format": ({"opened": "2026-02-30"}, "opened", "“开业日期”的格式不正确。"),
    "another keyword": ({"seats": 3}, "seats", "“座位数”填写有误。"),
    "required within": ({"owner": {}}, "owner.age", "请填写“负责人”。"),
    "within": ({"items": [1]}, "items.0", "“项目”的类型不正确。"),
    "additionalProperties": ({"其他": 1}, "?", "表单中没有这个字段。"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_problem_is_told_by_its_fields_title(name: str) -> None:
    """In a draft."""
    form, field, message = WRONG[name]
    (problem,) = forms.problems(SCHEMA, form, complete=False)
    assert (problem["field"], problem["message"]) == (field, message)


def test_a_draft_may_be_unfinished_and_a_submission_may_not() -> None:
    """What is missing is named."""
    assert forms.problems(SCHEMA, {}, complete=False) == []
    missing = forms.problems(SCHEMA, {"name": "李"}, complete=True)
    assert [(problem["field"], problem["message"]) for problem in missing] == [("kind", "请填写“业态”。")]


def test_every_keyword_that_has_a_sentence_is_tried_here() -> None:
    """A sentence that is added needs its example."""
    named = texts.keys("form") - {"unknown_field", "other", "required"}
    assert named <= set(WRONG)


secrets = st.text(st.characters(min_codepoint=0x3400, max_codepoint=0x4DBF), min_size=4, max_size=12)


@given(
    st.dictionaries(
        st.sampled_from(sorted(SCHEMA["properties"])) | secrets,
        secrets | st.lists(secrets) | st.dictionaries(st.sampled_from(["age", "{title}"]), secrets),
    )
)
def test_nothing_that_people_typed_is_ever_repeated(form: dict[str, Any]) -> None:
    """Neither values nor fields of their own; the characters typed here stand in no sentence of ours."""
    told = str(forms.problems(SCHEMA, form, complete=True))
    assert not [character for character in told if "\u3400" <= character <= "\u4dbf"]


@given(st.dictionaries(st.sampled_from(sorted(SCHEMA["properties"])), st.text() | st.integers() | st.none()))
def test_every_problem_has_a_sentence_for_any_form(form: dict[str, Any]) -> None:
    """It ends as Chinese sentences do and names a field of the schema by its title."""
    titles = {definition["title"] for definition in SCHEMA["properties"].values()}
    for problem in forms.problems(SCHEMA, form, complete=True):
        assert problem["message"].endswith("。")
        assert any(title in problem["message"] for title in titles), problem


def test_what_is_known_is_filled_in() -> None:
    """By the source that a field names; what is not known is left out."""
    assert forms.prefill(SCHEMA, {"identity.name": "李桂兰", "identity.phone": None}) == {"name": "李桂兰"}


def test_the_verified_identity_keeps_its_value() -> None:
    """A change of it is passed over, other fields change, null takes out."""
    form = {"name": "李桂兰", "area": 3, "kind": "甲"}
    changed = forms.merge(SCHEMA, form, {"name": "别人", "area": None, "kind": "乙"})
    assert changed == {"name": "李桂兰", "kind": "乙"}
    assert forms.merge(SCHEMA, {}, {"name": "李桂兰"}) == {"name": "李桂兰"}
