"""``x-when``: asked only where others hold a value, and any validator agrees."""

import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.catalogue import forms
from app.catalogue.choices import Known
from app.catalogue.conditions import authored, holds, published
from app.catalogue.guide import Guide
from app.catalogue.service import text_of
from config.reading import read_yaml
from config.settings import CITY_DATA

NOBODY = Known()
TODAY = date(2026, 11, 24)
NAMES = ("a", "b", "c")
scalars = st.sampled_from(["甲", 1, True])
TYPES: list[dict[str, Any]] = [{}, {}, {"type": ["string", "integer", "array"]}, {"type": "array", "maxItems": 1}]


@st.composite
def fields(draw: st.DrawFn, *, deep: bool) -> dict[str, Any]:
    """The fields of an object; conditions may go round, name themselves, or stand beside each other."""
    schema: dict[str, Any] = {"type": "object", "title": "全部", "properties": {}}
    if draw(st.booleans()):
        schema["additionalProperties"] = False
    for name in NAMES:
        definition: dict[str, Any] = {"title": name, **draw(st.sampled_from(TYPES))}
        if deep and draw(st.booleans()):
            definition = draw(fields(deep=False))
            if draw(st.booleans()):
                definition = {"type": "array", "title": name, "maxItems": 2, "items": definition}
        if draw(st.booleans()):
            wanted = st.lists(scalars, min_size=1, max_size=3)
            definition["x-when"] = draw(st.dictionaries(st.sampled_from(NAMES), wanted, min_size=1, max_size=2))
        schema["properties"][name] = definition
    required: list[str] = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2))
    if required:
        schema["required"] = required
    if draw(st.booleans()):
        schema["allOf"] = [{"maxProperties": 3}]
    return schema


@st.composite
def filled(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """A form of a schema's fields, by their types more often than not."""
    form: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from([*NAMES, *NAMES, "d"]), unique=True)):
        definition = schema["properties"].get(name, {})
        if "properties" in definition:
            value: Any = draw(filled(definition) | scalars)
        elif "items" in definition:
            value = draw(st.lists(filled(definition["items"]), max_size=2) | scalars)
        else:
            value = draw(scalars | st.lists(scalars, max_size=2))
        form[name] = value
    return form


pairs = fields(deep=False).flatmap(lambda schema: st.tuples(st.just(schema), filled(schema), filled(schema)))
deep_pairs = fields(deep=True).flatmap(lambda schema: st.tuples(st.just(schema), filled(schema), filled(schema)))
whole = st.one_of(pairs, deep_pairs)


@settings(max_examples=500)
@given(whole)
def test_any_validator_agrees_with_the_server(drawn: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]) -> None:
    """On what is published, and the server on what the author wrote."""
    schema, form, _ = drawn
    plain = Draft202012Validator(published(schema)).is_valid(form)
    assert plain is (forms.problems(schema, form, complete=True, known=NOBODY) == [])


LIST: dict[str, Any] = {
    "type": "object",
    "properties": {
        "people": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kind", "school"],
                "properties": {
                    "kind": {},
                    "school": {"x-when": {"kind": ["子女"]}},
                    "note": {"x-when": {"kind": ["子女"]}},
                },
            },
        }
    },
}


@pytest.mark.parametrize(
    ("person", "passes"),
    [
        ({"kind": "子女", "school": 1}, True),
        ({"kind": "子女", "school": 1, "note": 1}, True),
        ({"kind": "子女"}, False),
        ({"kind": "子女", "note": 1}, False),
        ({"kind": "配偶"}, True),
        ({"kind": "配偶", "school": 1}, False),
        ({"kind": "配偶", "note": 1}, False),
        ({}, False),
    ],
)
def test_each_entry_of_a_list_is_asked_by_its_own_values(person: dict[str, Any], passes: bool) -> None:
    """Of the server and of any validator."""
    form = {"people": [{"kind": "配偶"}, person]}
    assert Draft202012Validator(published(LIST)).is_valid(form) is passes
    assert (forms.problems(LIST, form, complete=True, known=NOBODY) == []) is passes


@given(fields(deep=True))
def test_what_the_author_wrote_comes_back(schema: dict[str, Any]) -> None:
    """Whole and in its order, also where it was published twice; nothing given is changed."""
    before = copy.deepcopy(schema)
    made = published(schema)
    Draft202012Validator.check_schema(made)
    assert str(authored(made)) == str(before) == str(schema)
    assert published(made) == made


@given(whole)
def test_what_is_merged_holds_nothing_that_is_not_asked(
    drawn: tuple[dict[str, Any], dict[str, Any], dict[str, Any]],
) -> None:
    """At any depth; and merged again, it stays."""
    schema, form, changes = drawn
    merged = forms.merge(schema, form, changes, today=TODAY)
    reasons = {problem["reason"] for problem in forms.problems(schema, merged, complete=False, known=NOBODY)}
    assert "x-when" not in reasons
    assert forms.merge(schema, merged, {}, today=TODAY) == merged


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("甲", True),
        ("丙", False),
        (["丙", "甲"], True),
        (["丙"], False),
        ([], False),
        (1, True),
        (1.0, True),
        (True, False),
    ],
)
def test_a_condition_holds_by_equality_and_of_a_list_by_one_in_common(value: Any, asked: bool) -> None:
    """``true`` is no number."""
    assert holds({"field": ["甲", "乙", 1]}, {"field": value}) is asked


def test_all_fields_of_a_condition_count() -> None:
    """One that is missing holds nothing."""
    when = {"a": [1], "b": [2]}
    assert holds(when, {"a": 1, "b": 2})
    assert not holds(when, {"a": 1, "b": 1})
    assert not holds(when, {"a": 1})
    assert holds({}, {})


@pytest.mark.parametrize("path", sorted((CITY_DATA / "items").glob("*.yaml")), ids=lambda path: path.stem)
def test_phones_get_what_the_example_passes_and_editors_what_was_written(path: Any) -> None:
    """A guide's text is the published form; read again, it is the author's."""
    guide = Guide.model_validate(read_yaml(path))
    text = text_of(guide)
    assert Guide.model_validate_json(text) == guide
    assert text_of(Guide.model_validate_json(text)) == text
    schema = published(guide.form_schema)
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(schema, format_checker=checker).validate(guide.form_example)


def test_the_text_of_a_guide_says_when_a_field_is_asked() -> None:
    """In words that any validator reads."""
    path = CITY_DATA / "items" / "food_business.yaml"
    guide = Guide.model_validate(read_yaml(path))
    schema = copy.deepcopy(guide.form_schema)
    schema["properties"]["seats"] = {
        "type": "integer",
        "title": "座位数",
        "x-when": {"business_kind": ["集中用餐单位食堂"]},
    }
    schema["required"].append("seats")
    text = text_of(guide.model_copy(update={"form_schema": schema}))
    assert '"$comment":"x-when"' in text
    assert Guide.model_validate_json(text).form_schema == schema
