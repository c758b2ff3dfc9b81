"""Guided conditions lead somewhere: what they name is there, every situation can be reached, none is left over."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.unit.city.reading import COMMON_FIELDS, ITEMS, fields_of

GUIDED = {stem: item for stem, item in ITEMS.items() if "guidance" in item}
every_guided = pytest.mark.parametrize("item", GUIDED.values(), ids=GUIDED.keys())


def holds(when: dict[str, list[str]], answers: dict[str, str]) -> bool:
    return all(answers.get(question) in values for question, values in when.items())


def ways(questions: list[dict[str, Any]], answers: dict[str, str]) -> Iterator[dict[str, str]]:
    """All that can be answered: each question in its order, where it is asked."""
    if not questions:
        yield answers
        return
    first, rest = questions[0], questions[1:]
    if not holds(first.get("when", {}), answers):
        yield from ways(rest, answers)
        return
    for option in first["options"]:
        yield from ways(rest, {**answers, first["id"]: option["value"]})


def variant_of(item: dict[str, Any], answers: dict[str, str]) -> str:
    found: str = next(v["id"] for v in item["guidance"]["variants"] if holds(v["when"], answers))
    return found


@every_guided
def test_questions_are_few_and_each_is_about_those_before(item: dict[str, Any]) -> None:
    options: dict[str, set[str]] = {}
    assert len(item["guidance"]["questions"]) in range(1, 5)
    for question in item["guidance"]["questions"]:
        assert question["id"] not in options
        for other, values in question.get("when", {}).items():
            assert set() < set(values) < options[other]
        options[question["id"]] = {option["value"] for option in question["options"]}
        assert len(options[question["id"]]) == len(question["options"])
        assert len({option["label"] for option in question["options"]}) == len(question["options"])


@every_guided
def test_variants_name_what_is_there(item: dict[str, Any]) -> None:
    options = {q["id"]: {option["value"] for option in q["options"]} for q in item["guidance"]["questions"]}
    materials, fields = {material["id"] for material in item["materials"]}, set(fields_of(item))
    variants = item["guidance"]["variants"]
    assert len({v["id"] for v in variants}) == len({v["name"] for v in variants}) == len(variants)
    for variant in variants:
        assert all(set() < set(values) <= options[question] for question, values in variant["when"].items())
        omitted, wanted = set(variant.get("omit_fields", [])), set(variant.get("required_fields", []))
        assert set() < set(variant["materials"]) <= materials
        assert len(set(variant["materials"])) == len(variant["materials"])
        assert omitted <= fields - COMMON_FIELDS
        assert wanted <= fields - set(item["form_schema"]["required"])
        assert not omitted & wanted


@every_guided
def test_the_last_variant_holds_for_any_answers_and_each_is_reached(item: dict[str, Any]) -> None:
    variants = item["guidance"]["variants"]
    assert variants[-1]["when"] == {}
    reached = {variant_of(item, answers) for answers in ways(item["guidance"]["questions"], {})}
    assert reached == {variant["id"] for variant in variants}


@every_guided
def test_every_answer_matters_somewhere(item: dict[str, Any]) -> None:
    guidance = item["guidance"]
    used = {question for part in (*guidance["questions"], *guidance["variants"]) for question in part.get("when", {})}
    assert used == {question["id"] for question in guidance["questions"]}


@every_guided
def test_every_material_is_asked_for_in_some_situation(item: dict[str, Any]) -> None:
    named = {material for variant in item["guidance"]["variants"] for material in variant["materials"]}
    assert named == {material["id"] for material in item["materials"]}


@every_guided
def test_the_example_passes_the_form_of_a_situation(item: dict[str, Any]) -> None:
    schema, example = item["form_schema"], item["form_example"]
    passed = []
    for variant in item["guidance"]["variants"]:
        omitted = set(variant.get("omit_fields", []))
        required = [name for name in (*schema["required"], *variant.get("required_fields", [])) if name not in omitted]
        properties = {name: field for name, field in schema["properties"].items() if name not in omitted}
        form = {**schema, "required": required, "properties": properties}
        passed.append(Draft202012Validator(form, format_checker=FormatChecker()).is_valid(example))
    assert any(passed)
