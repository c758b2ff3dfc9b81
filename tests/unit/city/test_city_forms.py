"""The forms of the city's items: valid, bounded, and what they say beyond JSON Schema is known (docs/forms.md)."""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.unit.city.reading import (
    COMMON_FIELDS,
    IDENTITY,
    ITEMS,
    LICENCE_TYPES,
    asked,
    choices_of,
    every_item,
    fields_of,
    regions,
)

KEYWORDS = {"x-prefill", "x-widget", "x-level", "x-codes", "x-when", "x-compute"}
WIDGETS = {"textarea", "region", "phone", "id_number", "uscc"}
REGION_LEVELS = {"county", "township", "village"}
CODE_LISTS = {"ethnic_group", "sex", "marital_status", "education", "relation"}
COMPUTED = {"birth_date_of", "sex_of", "age_of", "sum_of"}
SOURCES = {
    *(f"identity.{name}" for name in ("name", "id_number", "phone")),
    *(f"company.{name}" for name in ("name", "uscc", "legal_representative")),
    *(f"licence.{code}.{field['name']}" for code, kind in LICENCE_TYPES.items() for field in kind["fields"]),
    "earlier",
}


def subschemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for child in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])):
        yield from subschemas(child)


def sources_of(field: dict[str, Any]) -> list[str]:
    source = field.get("x-prefill", [])
    return [source] if isinstance(source, str) else source


@every_item
def test_form_is_a_valid_schema_that_its_example_passes(item: dict[str, Any]) -> None:
    schema, example = item["form_schema"], item["form_example"]
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    validator.validate(example)
    assert not validator.is_valid({**example, "unknown": "x"})
    assert not validator.is_valid({**example, "applicant_id_number": "11010519491231002x"})
    for name in schema["required"]:
        assert not validator.is_valid({k: v for k, v in example.items() if k != name}), name


@every_item
def test_form_fields_are_titled_and_bounded(item: dict[str, Any]) -> None:
    schema, properties = item["form_schema"], fields_of(item)
    assert set(properties) >= COMMON_FIELDS
    assert "remark" not in schema["required"]
    assert (properties["remark"]["title"], properties["remark"]["maxLength"]) == ("备注", 500)
    assert all(re.search("[\u4e00-\u9fff]", p["title"]) for p in properties.values())
    assert len({p["title"] for p in properties.values()}) == len(properties)
    for part in subschemas(schema):
        assert part["type"] != "string" or "maxLength" in part
        assert part["type"] != "array" or "maxItems" in part
        assert all(len(value) <= part["maxLength"] for value in part.get("enum", []))


@every_item
def test_form_says_what_a_phone_needs_in_known_words(item: dict[str, Any]) -> None:
    for name, field in fields_of(item).items():
        assert {key for key in field if key.startswith("x-")} <= KEYWORDS, name
        assert field.get("x-widget") in {None, *WIDGETS}, name
        assert (field.get("x-widget") == "region") == ("x-level" in field), name
        assert field.get("x-level") in {None, *REGION_LEVELS}, name
        assert field.get("x-codes") in {None, *CODE_LISTS}, name


@every_item
def test_form_is_prefilled_from_known_sources(item: dict[str, Any]) -> None:
    properties = fields_of(item)
    assert IDENTITY.items() <= {name: p.get("x-prefill") for name, p in properties.items()}.items()
    for name, field in properties.items():
        sources = sources_of(field)
        assert len(set(sources)) == len(sources), name
        assert all(s in SOURCES or re.fullmatch(r"shared\.[a-z_]+\.[a-z_]+", s) for s in sources), (name, sources)
        assert "earlier" not in sources[:-1], name


@every_item
def test_a_condition_names_choices_asked_before(item: dict[str, Any]) -> None:
    before: dict[str, dict[str, Any]] = {}
    for name, field in fields_of(item).items():
        for other, values in field.get("x-when", {}).items():
            assert other in before, (name, other)
            assert values, (name, other)
            assert set(values) < set(choices_of(before[other])), (name, other)
        before[name] = field


@every_item
def test_example_gives_only_what_it_is_asked_for(item: dict[str, Any]) -> None:
    assert set(item["form_example"]) <= asked(item, item["form_example"])


@every_item
def test_what_is_computed_is_right_in_the_example(item: dict[str, Any]) -> None:
    properties, example = fields_of(item), item["form_example"]
    for name, field in properties.items():
        if rule := field.get("x-compute"):
            assert rule["rule"] in COMPUTED
            assert set(rule["of"]) <= set(properties) - {name}
            values = [example.get(other) for other in rule["of"]]
            if rule["rule"] == "sum_of":
                assert example[name] == sum(value or 0 for value in values)
            if rule["rule"] == "birth_date_of" and name in example:
                born = str(values[0])[6:14]
                assert example[name] == f"{born[:4]}-{born[4:6]}-{born[6:]}"


@every_item
def test_example_lives_in_a_known_region(item: dict[str, Any]) -> None:
    region = regions()[item["form_example"]["region_code"]]
    depths = ["county", "township", "village"]
    least = fields_of(item)["region_code"].get("x-level", "county")
    assert region["level"] in depths[depths.index(least) :]


def test_no_item_of_a_person_asks_for_a_company() -> None:
    for stem, item in ITEMS.items():
        if item["audience"] == ["person"]:
            required = {name: fields_of(item)[name] for name in item["form_schema"]["required"]}
            assert not [n for n, f in required.items() if sources_of(f)[:1] == ["company.uscc"]], stem
