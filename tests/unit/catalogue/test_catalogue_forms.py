"""Forms: problems in Chinese by title, never by value."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import forms

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
        "items": {"type": "array", "title": "项目", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
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


@given(st.dictionaries(st.sampled_from(["name", "kind", "area", "phone", "items", "别的"]), st.text(min_size=6)))
def test_no_value_is_ever_repeated(form: dict[str, str]) -> None:
    """Whatever people typed."""
    text = str(forms.problems(SCHEMA, form, complete=True))
    assert not [value for value in form.values() if value in text and value not in str(SCHEMA)]


def test_what_is_known_is_filled_in() -> None:
    """By the source that a field names; what is not known is left out."""
    assert forms.prefill(SCHEMA, {"identity.name": "李桂兰", "identity.phone": None}) == {"name": "李桂兰"}


def test_the_verified_identity_keeps_its_value() -> None:
    """A change of it is passed over, other fields change, null takes out."""
    form = {"name": "李桂兰", "area": 3, "kind": "甲"}
    changed = forms.merge(SCHEMA, form, {"name": "别人", "area": None, "kind": "乙"})
    assert changed == {"name": "李桂兰", "kind": "乙"}
    assert forms.merge(SCHEMA, {}, {"name": "李桂兰"}) == {"name": "李桂兰"}
