"""What authors of forms may write."""

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.code_lists import CodeListDefinition
from app.catalogue.patterns import is_bounded
from app.catalogue.vocabulary import faults
from app.kit import texts
from config.reading import read_yaml
from config.settings import CITY_DATA

LISTS = {"sex"}
TEXT = {"type": "string", "title": "文字", "maxLength": 20}
NUMBER = {"type": "string", "title": "号码", "maxLength": 18}
GOOD: dict[str, dict[str, Any]] = {
    "text": {"a": TEXT},
    "x-prefill": {"a": {**TEXT, "x-prefill": ["licence.food_business.licence_no", "shared.population.address"]}},
    "one source": {"a": {**TEXT, "x-prefill": "company.legal_representative"}},
    "x-when": {"a": TEXT, "b": {**TEXT, "x-when": {"a": ["甲", 1, True]}}},
    "x-compute": {"a": NUMBER, "b": {"type": "integer", "title": "年龄", "x-compute": {"rule": "age_of", "of": ["a"]}}},
    "x-codes": {"a": {**TEXT, "x-codes": "sex"}},
    "region": {"a": {**TEXT, "x-widget": "region", "x-level": "village"}},
    "list": {"a": {"type": "array", "title": "列表", "maxItems": 3, "items": {"type": "string", "maxLength": 5}}},
    "choice": {"a": {"type": "string", "title": "选择", "enum": ["甲", "乙"]}},
    "pattern": {"a": {**TEXT, "pattern": "^[0-9]{6}(?:[0-9]{3}){0,2}$"}},
}
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "a name with a dot": ("name", {"a.b": TEXT}),
    "a name with a capital": ("name", {"aB": TEXT}),
    "no title": ("title", {"a": {"type": "string", "maxLength": 5}}),
    "text without end": ("unbounded", {"a": {"type": "string", "title": "文字"}}),
    "a list without end": ("unbounded", {"a": {"type": "array", "title": "列表", "items": {"type": "integer"}}}),
    "a list of anything": ("unbounded", {"a": {"type": "array", "title": "列表", "maxItems": 3}}),
    "text without end in a list": (
        "unbounded",
        {"a": {"type": "array", "title": "列表", "maxItems": 3, "items": {"type": "string"}}},
    ),
    "a list whose places may be anything": (
        "unbounded",
        {"a": {"type": "array", "title": "列表", "maxItems": 3, "items": True}},
    ),
    "text or nothing without end": ("unbounded", {"a": {"type": ["string", "null"], "title": "文字"}}),
    "a length with a point": ("count", {"a": {**TEXT, "maxLength": 5.0}}),
    "a condition on a place of a list": (
        "keyword",
        {"b": TEXT, "a": {"type": "array", "title": "列表", "maxItems": 3, "items": {**TEXT, "x-when": {"b": ["甲"]}}}},
    ),
    "a reference for further fields": (
        "keyword",
        {"a": {"type": "object", "title": "人", "additionalProperties": {"$ref": "#"}}},
    ),
    "a reference": ("keyword", {"a": {**TEXT, "$ref": "https://example.com/schema"}}),
    "a keyword of nobody's": ("keyword", {"a": {**TEXT, "x-other": 1}}),
    "ours within a condition": ("keyword", {"a": {**TEXT, "anyOf": [{"x-codes": "sex"}]}}),
    "what publication writes": ("keyword", {"a": {**TEXT, "x-required": []}}),
    "no schema": ("schema", {"a": {**TEXT, "minLength": "x"}}),
    "a pattern that takes for ever": ("pattern", {"a": {**TEXT, "pattern": "^(a+)+$"}}),
    "a pattern that no engine can hold": ("schema", {"a": {**TEXT, "pattern": "a{99999999999}"}}),
    "such a pattern in a condition": ("pattern", {"a": {**TEXT, "not": {"pattern": "(a|a)*b"}}}),
    "an unknown list": ("codes", {"a": {**TEXT, "x-codes": "other"}}),
    "an unknown widget": ("widget", {"a": {**TEXT, "x-widget": "slider"}}),
    "a place that is a number": ("widget", {"a": {"type": "integer", "title": "数", "x-widget": "region"}}),
    "a level without a place": ("level", {"a": {**TEXT, "x-level": "county"}}),
    "a level that is none": ("level", {"a": {**TEXT, "x-widget": "region", "x-level": "street"}}),
    "an unknown source": ("prefill", {"a": {**TEXT, "x-prefill": "identity.secret"}}),
    "one unknown source of two": ("prefill", {"a": {**TEXT, "x-prefill": ["earlier", "licence.x"]}}),
    "believed, though anybody typed it": ("prefill", {"a": {**TEXT, "x-prefill": "earlier", "readOnly": True}}),
    "asked by nobody": ("when", {"a": {**TEXT, "x-when": {"b": ["甲"]}}}),
    "asked by itself": ("when", {"a": {**TEXT, "x-when": {"a": ["甲"]}}}),
    "asked for nothing": ("when", {"a": TEXT, "b": {**TEXT, "x-when": {"a": []}}}),
    "asked for a list": ("when", {"a": TEXT, "b": {**TEXT, "x-when": {"a": [[1]]}}}),
    "verified, but not always": ("when", {"a": TEXT, "b": {**TEXT, "readOnly": True, "x-when": {"a": ["甲"]}}}),
    "an unknown rule": ("compute", {"a": TEXT, "b": {**TEXT, "x-compute": {"rule": "x", "of": ["a"]}}}),
    "computed from nothing": ("compute", {"a": {**TEXT, "x-compute": {"rule": "sum_of", "of": []}}}),
    "computed from itself": ("compute", {"a": {**TEXT, "x-compute": {"rule": "sum_of", "of": ["a"]}}}),
    "one age of two": (
        "compute",
        {"a": TEXT, "c": TEXT, "b": {**TEXT, "x-compute": {"rule": "age_of", "of": ["a", "c"]}}},
    ),
    "a circle": ("circle", {"a": {**TEXT, "x-when": {"b": ["甲"]}}, "b": {**TEXT, "x-when": {"a": ["甲"]}}}),
    "a circle of two kinds": (
        "circle",
        {"a": {**TEXT, "x-compute": {"rule": "sum_of", "of": ["b"]}}, "b": {**TEXT, "x-when": {"a": ["甲"]}}},
    ),
    "a source within": (
        "top_level",
        {"a": {"type": "object", "title": "人", "properties": {"b": {**TEXT, "x-prefill": "earlier"}}}},
    ),
}


def form(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": copy.deepcopy(fields)}


@pytest.mark.parametrize("name", GOOD)
def test_what_the_vocabulary_has_may_be_written(name: str) -> None:
    """Within others too."""
    assert faults(form(GOOD[name]), LISTS) == []
    if "prefill" not in name and name != "one source":
        inner = {"type": "array", "title": "列表", "maxItems": 3, "items": form(GOOD[name])}
        assert faults(form({"list": inner}), LISTS) == []


@pytest.mark.parametrize("name", BAD)
def test_a_fault_is_found_and_told(name: str) -> None:
    """By its field, in Chinese."""
    reason, fields = BAD[name]
    found = faults(form(fields), LISTS)
    assert reason in {fault["reason"] for fault in found}
    assert all(fault["message"].endswith("。") for fault in found)


def test_a_fault_is_told_where_it_stands() -> None:
    """By names and positions from the form itself, through lists and conditions."""
    inner = form({"b": {**TEXT, "anyOf": [{}, {"x-codes": "sex"}]}, "c": {"type": "string", "title": "文字"}})
    outer = form({"a": {"type": "array", "title": "列表", "maxItems": 3, "items": inner}})
    assert [(fault["place"], fault["reason"]) for fault in faults(outer, LISTS)] == [
        ("properties.a.items.properties.b.anyOf.1", "keyword"),
        ("properties.a.items.properties.c", "unbounded"),
    ]
    no_schema = form({"a": {**TEXT, "minLength": "x"}})
    assert [fault["place"] for fault in faults(no_schema, LISTS)] == ["properties.a.minLength"]
    assert [fault["place"] for fault in faults({**form({"a": TEXT}), "x-codes": "sex"}, LISTS)] == [""]


def test_every_sentence_of_a_fault_is_tried_here() -> None:
    """One that is added needs its example."""
    assert texts.keys("form_fault") == {reason for reason, _ in BAD.values()}


def test_the_citys_forms_have_no_fault() -> None:
    """By the lists that the city has."""
    lists = read_yaml(CITY_DATA / "code_lists.yaml")
    known = {CodeListDefinition.model_validate(entry).code for entry in lists}
    for path in (CITY_DATA / "items").glob("*.yaml"):
        schema = read_yaml(path)["form_schema"]
        assert faults(schema, known) == [], path.stem


def test_the_lists_are_those_of_the_standards() -> None:
    """GB/T 3304 numbers the 56 peoples from 01; sexes and marital states are few."""
    lists = read_yaml(CITY_DATA / "code_lists.yaml")
    by_code = {entry["code"]: {one["code"]: one["name"] for one in entry["entries"]} for entry in lists}
    assert set(by_code) == {"sex", "marital_status", "ethnic_group", "education", "relation"}
    peoples = by_code["ethnic_group"]
    assert list(peoples) == [f"{number:02d}" for number in range(1, 57)] + ["97", "98"]
    assert (peoples["01"], peoples["11"], peoples["53"], peoples["56"]) == ("汉族", "满族", "赫哲族", "基诺族")
    assert list(by_code["sex"]) == ["0", "1", "2", "9"]
    assert all(len(set(entries.values())) == len(entries) for entries in by_code.values())


@pytest.mark.parametrize(
    ("pattern", "bounded"),
    [
        ("^1[0-9]{10}$", True),
        ("^[0-9]{4}-(0[1-9]|1[0-2])$", True),
        ("^[0-9]+(-[0-9]+)?$", True),
        ("[0-9]{8,30}", True),
        ("^[a-z]*[a-z]*x", True),
        ("[a-z]*[a-z]*x", False),
        ("^(a+)+$", False),
        ("^(a|a)*$", False),
        ("^(a?){40}$", False),
        (".*.*.*x", False),
        ("(?=a)", False),
        (r"(a)\1", False),
        ("(", False),
        ("a" * 200, True),
        ("a" * 201, False),
    ],
)
def test_ways_are_counted_before_a_pattern_is_tried(pattern: str, bounded: bool) -> None:
    """On texts of fifty characters."""
    assert is_bounded(pattern, 50) is bounded


@given(st.text("ab()|*+?{}2,^$[]", max_size=12))
def test_any_text_is_judged(text: str) -> None:
    """What is no pattern is let in nowhere."""
    if is_bounded(text, 50):
        re.compile(text)


def test_a_repetition_without_end_is_refused_without_being_counted_out() -> None:
    """Also behind a comment, in which a bracket opens nothing."""
    for pattern in ("(?:ab|c|de(?#()){4000000000}", "^(?:ab|c){4000000000}$", "a*a*a*a*a*b"):
        assert not is_bounded(pattern, 150)
    assert is_bounded("^(?:a|b){2}$", 150)
