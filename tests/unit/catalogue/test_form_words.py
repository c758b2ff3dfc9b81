"""What is wrong with a form, in English."""

from typing import Any

import pytest

from app.catalogue.choices import UNLOOKED
from app.catalogue.form_words import told
from app.catalogue.forms import problems

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "title": "名称", "maxLength": 5},
        "phone": {"type": "string", "title": "电话", "maxLength": 11, "pattern": "^1[0-9]{10}$", "x-widget": "phone"},
        "day": {"type": "string", "title": "日期", "maxLength": 10, "format": "date"},
        "area": {"type": "number", "title": "面积", "minimum": 1},
        "agreed": {"type": "boolean", "title": "承诺", "const": True},
        "members": {
            "type": "array",
            "title": "成员",
            "maxItems": 2,
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string", "title": "姓名"}},
            },
        },
    },
    "allOf": [
        {"if": {"properties": {"name": {"const": "店"}}}, "then": {"properties": {"name": {"minLength": 2}}}},
    ],
}


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "Please fill in “名称”."),
        ({"name": "123456"}, "“名称” takes 5 characters at most."),
        ({"name": "店"}, "“名称” is not filled in as it should be."),
        ({"name": 1}, "“名称” takes a text."),
        ({"name": "x", "phone": "1"}, "“电话” takes a mobile number of 11 digits."),
        ({"name": "x", "day": "x"}, "“日期” takes a day that there is, such as 2026-01-31."),
        ({"name": "x", "area": 0}, "“面积” must not be less than 1."),
        ({"name": "x", "agreed": False}, "Please confirm “承诺”."),
        ({"name": "x", "members": [{}]}, "Please fill in “成员 no. 1, 姓名”."),
        ({"name": "a\0"}, "“名称” has characters that cannot be used. Please type it again."),
        ({"name": "x", "other": 1}, "The form has no such field."),
    ],
)
def test_what_is_wrong_is_said_in_english_too(form: dict[str, Any], sentence: str) -> None:
    """With the bound where the field's own definition has it; in Chinese it is as it was."""
    (problem,) = problems(SCHEMA, form, complete=True, known=UNLOOKED)
    assert told(SCHEMA, problem, "en") == sentence
    assert told(SCHEMA, problem, "zh-CN") == problem["message"]
