"""The city's data is complete, consistent and carries valid codes."""

import csv
import datetime
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from app.catalogue.guide import Guide
from config.settings import CITY_DATA

LEVELS = ("province", "city", "county", "township", "village")
CODE_DIGITS = {"province": 6, "city": 6, "county": 6, "township": 9, "village": 12}
ITEM_LEVEL_DIGIT = {"city": "3", "county": "4", "township": "5", "village": "6"}
TASK_TYPES = {"01", "05", "07", "08", "09", "10", "20"}
ITEM_KEYS = set(
    re.findall(
        r"\w+",
        "item_code basic_code name short_name task_type department region level audience handling statutory_days "
        "promised_days online_depth visits assurance_level licence_type keywords conditions materials steps fees "
        "legal_basis questions windows consultation_phone complaint_phone themes form_schema form_example",
    )
)
OPTIONAL_KEYS = {"guidance", "links"}
PREFILL = {
    "applicant_name": "identity.name",
    "applicant_id_number": "identity.id_number",
    "applicant_phone": "identity.phone",
}
COMMON_FIELDS = {*PREFILL, "address", "region_code", "remark"}
GB32100 = "0123456789ABCDEFGHJKLMNPQRTUWXY"
GB11714_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
ITEM_FILES = sorted((CITY_DATA / "items").glob("*.yaml"))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


DEPARTMENTS: dict[str, dict[str, str]] = {d["code"]: d for d in read(CITY_DATA / "departments.yaml")}
ITEMS: dict[str, dict[str, Any]] = {path.stem: read(path) for path in ITEM_FILES}
LICENCE_TYPES: dict[str, dict[str, Any]] = {t["code"]: t for t in read(CITY_DATA / "licence_types.yaml")}
every_item = pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS.keys())


def uscc_check(code: str) -> str:
    """The 18th character GB 32100 wants."""
    total = sum(GB32100.index(char) * pow(3, i, 31) for i, char in enumerate(code[:17]))
    return GB32100[(31 - total) % 31]


def organisation_check(body: str) -> str:
    """The check character GB 11714 wants after eight characters."""
    total = sum(int(char, 36) * weight for char, weight in zip(body, GB11714_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def subschemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for child in (*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])):
        yield from subschemas(child)


def regions() -> dict[str, dict[str, str]]:
    with (CITY_DATA / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_code = {row["code"]: row for row in rows}
    assert len(by_code) == len(rows)
    return by_code


def test_regions_are_all_there() -> None:
    levels = Counter(row["level"] for row in regions().values())
    assert levels == {"province": 1, "city": 1, "county": 10, "township": 138, "village": 1529}


def test_every_region_lies_in_one_a_level_above() -> None:
    by_code = regions()
    assert by_code["230000"] == {"code": "230000", "name": "黑龙江省", "parent": "", "level": "province"}
    for code, row in by_code.items():
        assert code == "230000" or re.fullmatch(rf"2308\d{{{CODE_DIGITS[row['level']] - 4}}}", code)
        assert row["name"].strip() == row["name"] != ""
        if row["level"] != "province":
            parent = by_code[row["parent"]]
            assert LEVELS.index(parent["level"]) == LEVELS.index(row["level"]) - 1
            assert row["level"] in {"city", "county"} or code.startswith(parent["code"])


def test_check_characters_follow_the_published_codes() -> None:
    for code in ("91350100M000100Y43", "11430000006122244L"):
        assert uscc_check(code) == code[17]
        assert organisation_check(code[8:16]) == code[16]


def test_departments_carry_valid_and_unique_codes() -> None:
    assert len(DEPARTMENTS) >= 18
    assert (
        len({d["uscc"] for d in DEPARTMENTS.values()})
        == len(DEPARTMENTS)
        == len({d["name"] for d in DEPARTMENTS.values()})
    )
    for department in DEPARTMENTS.values():
        assert set(department) == {"code", "name", "short_name", "uscc", "region"}
        code = department["uscc"]
        assert re.fullmatch(r"11230800[0-9A-Z]{10}", code)
        assert (organisation_check(code[8:16]), uscc_check(code)) == (code[16], code[17])
        assert department["region"] in regions()
        assert re.fullmatch("[a-z]+", department["code"])


def test_there_are_enough_items_and_none_twice() -> None:
    assert len(ITEMS) >= 22
    for key in ("item_code", "basic_code", "name", "short_name"):
        assert len({item[key] for item in ITEMS.values()}) == len(ITEMS), key


@every_item
def test_item_code_is_built_from_its_parts(item: dict[str, Any]) -> None:
    basic, department = item["basic_code"], DEPARTMENTS[item["department"]]
    assert re.fullmatch(rf"00{item['task_type']}\d{{8}}", basic)
    assert item["item_code"] == department["uscc"] + ITEM_LEVEL_DIGIT[item["level"]] + basic
    assert len(item["item_code"]) == 31


@every_item
def test_item_is_complete(item: dict[str, Any]) -> None:
    assert ITEM_KEYS <= set(item) <= ITEM_KEYS | OPTIONAL_KEYS
    Guide.model_validate(item)
    assert item["task_type"] in TASK_TYPES
    assert item["region"] in regions()
    assert item["licence_type"] is None or item["licence_type"] in LICENCE_TYPES
    assert len(item["short_name"]) <= 20
    assert set(item["audience"]) <= {"person", "company"}
    assert 0 <= item["online_depth"] <= 4
    assert 0 <= item["assurance_level"] <= 3
    assert item["visits"] >= 0
    for key in ("audience", "keywords", "conditions", "materials", "steps", "legal_basis", "windows"):
        assert item[key], key
    assert len(item["questions"]) >= 2
    assert all(sentence.endswith("。") for sentence in item["conditions"])
    assert set(item["fees"]) == {"charged", "description", "basis"}
    for part, keys in {
        "steps": {"name", "days", "description"},
        "legal_basis": {"title", "article", "summary"},
        "questions": {"question", "answer"},
        "windows": {"name", "address", "hours", "phone"},
    }.items():
        optional = {"hall", "position"} if part == "windows" else set()
        assert all(keys <= set(row) <= keys | optional for row in item[part]), part
        assert all(v != "" for row in item[part] for v in row.values()), part


@every_item
def test_time_limits_agree(item: dict[str, Any]) -> None:
    statutory, promised = item["statutory_days"], item["promised_days"]
    assert sum(step["days"] for step in item["steps"]) == promised <= statutory
    assert item["handling"] == ("promised" if promised else "immediate")
    assert bool(statutory) == bool(promised)


@every_item
def test_materials_are_asked_for_once_and_never_when_shared(item: dict[str, Any]) -> None:
    keys = {"id", "name", "required", "copies", "obtained_from", "form", "replaced_by", "note"}
    ids = [material["id"] for material in item["materials"]]
    assert len(set(ids)) == len(ids)
    for material in item["materials"]:
        assert set(material) == keys
        assert re.fullmatch("[a-z_]+", material["id"])
        assert material["form"] in {"electronic", "paper"}
        assert material["copies"] >= 1
        replaced = material["replaced_by"] or {"kind": "licence"}
        assert not material["required"] or replaced["kind"] == "licence"


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
def test_form_fields_are_titled_bounded_and_prefilled_by_known_names(item: dict[str, Any]) -> None:
    schema = item["form_schema"]
    properties = schema["properties"]
    assert set(properties) >= COMMON_FIELDS
    assert "remark" not in schema["required"]
    assert (properties["remark"]["title"], properties["remark"]["maxLength"]) == ("备注", 500)
    assert PREFILL.items() <= {name: p.get("x-prefill") for name, p in properties.items()}.items()
    named = [p["x-prefill"] for p in properties.values() if "x-prefill" in p]
    sources = {source for names in named for source in ([names] if isinstance(names, str) else names)}
    assert {source for source in sources if not source.startswith("licence.")} <= set(PREFILL.values()) | {
        "company.name",
        "company.uscc",
        "earlier",
    }
    assert all(re.search("[\u4e00-\u9fff]", p["title"]) for p in properties.values())
    for part in subschemas(schema):
        assert part["type"] != "string" or "maxLength" in part
        assert part["type"] != "array" or "maxItems" in part


@every_item
def test_example_lives_in_a_known_region(item: dict[str, Any]) -> None:
    assert item["form_example"]["region_code"] in regions()


def test_only_the_food_licence_answers_to_its_name() -> None:
    found = [s for s, item in ITEMS.items() if any("食品经营" in t for t in (item["name"], *item["keywords"]))]
    assert found == ["food_business"]


def test_the_food_licence_can_be_applied_for_with_one_photograph() -> None:
    item = ITEMS["food_business"]
    assert [(m["id"], m["form"]) for m in item["materials"] if m["required"]] == [("site_photo", "electronic")]
    assert (item["task_type"], item["assurance_level"], item["licence_type"]) == ("01", 2, "food_business")
    assert item["audience"] == ["person", "company"]


@pytest.mark.parametrize("licence_type", LICENCE_TYPES.values(), ids=LICENCE_TYPES.keys())
def test_licence_type_takes_its_fields_from_the_forms_that_lead_to_it(licence_type: dict[str, Any]) -> None:
    code = licence_type["type_code"]
    assert re.fullmatch(r"[0-9A-Z]{18}\d{3}", code)
    assert uscc_check(code) == code[17]
    assert licence_type["department"] in DEPARTMENTS
    sources = [item for item in ITEMS.values() if item["licence_type"] == licence_type["code"]]
    assert sources
    names = [field["name"] for field in licence_type["fields"]]
    assert set() < set(licence_type["verify_fields"]) <= set(names) - {"holder_id_number"}
    for item in sources:
        schema, sources_of = item["form_schema"], {f["name"]: f["from_form"] for f in licence_type["fields"]}
        assert set(sources_of.values()) <= set(schema["properties"])
        assert {sources_of[name] for name in licence_type["verify_fields"]} <= set(schema["required"])
        assert item["department"] == licence_type["department"]


def test_calendar_overrides_are_dates_with_a_reason() -> None:
    overrides = read(CITY_DATA / "calendar.yaml")["overrides"]
    assert all(set(row) == {"date", "working", "note"} for row in overrides)
    assert all(isinstance(row["date"], datetime.date) and isinstance(row["working"], bool) for row in overrides)
