"""The city's data is complete, consistent and carries valid codes."""

import datetime
import re
from collections import Counter
from typing import Any

import pytest

from app.catalogue.guide import Guide
from app.catalogue.licence_type import LicenceTypeDefinition, Preset, Sensitivity
from config.settings import CITY_DATA
from tests.unit.city.reading import (
    DEPARTMENTS,
    HALLS,
    ITEMS,
    LICENCE_TYPES,
    THEMES,
    every_item,
    fields_of,
    read,
    regions,
)

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
GB32100 = "0123456789ABCDEFGHJKLMNPQRTUWXY"
GB11714_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
ISSUED_ELSEWHERE = {
    "birth_certificate",
    "marriage_certificate",
    "driving_licence",
    "road_transport_worker",
    "child_welfare",
}
# A sole trader may do business without a name (个体工商户), and registers as nothing else. Who asks to be recognized as
# a teacher of a stage names it by the item they choose.
SOMETIMES_EMPTY = {
    ("business_licence", "name"),
    ("business_licence", "company_kind"),
    ("teacher_qualification", "stage"),
}
KEYWORDS = range(4, 13)


def uscc_check(code: str) -> str:
    """The 18th character GB 32100 wants."""
    total = sum(GB32100.index(char) * pow(3, i, 31) for i, char in enumerate(code[:17]))
    return GB32100[(31 - total) % 31]


def organisation_check(body: str) -> str:
    """The check character GB 11714 wants after eight characters."""
    total = sum(int(char, 36) * weight for char, weight in zip(body, GB11714_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


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
    departments = read(CITY_DATA / "departments.yaml")
    for key in ("code", "name", "short_name", "uscc"):
        assert len({department[key] for department in departments}) == len(departments), key
    for department in departments:
        assert set(department) == {"code", "name", "short_name", "uscc", "region"}
        code = department["uscc"]
        # GB 32100: 11 an organ of government, 12 a public institution, 91 a company.
        assert re.fullmatch(r"(?:11|12|91)230800[0-9A-Z]{10}", code)
        assert (organisation_check(code[8:16]), uscc_check(code)) == (code[16], code[17])
        assert department["region"] in regions()
        assert re.fullmatch("[a-z]+", department["code"])


def test_no_item_is_there_twice() -> None:
    for key in ("item_code", "basic_code", "name", "short_name"):
        assert len({item[key] for item in ITEMS.values()}) == len(ITEMS), key


def test_the_catalogue_is_as_wide_as_the_city_promised() -> None:
    assert len(ITEMS) >= 140
    assert len({item["department"] for item in ITEMS.values()}) >= 38
    assert sum(item["level"] in {"township", "village"} for item in ITEMS.values()) >= 20
    assert sum("guidance" in item for item in ITEMS.values()) >= 90
    assert sum(any("x-when" in f for f in fields_of(item).values()) for item in ITEMS.values()) >= 10
    assert all(item["themes"] for item in ITEMS.values())


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
def test_everyday_words_and_themes_are_known_and_named_once(item: dict[str, Any]) -> None:
    assert len(item["keywords"]) in KEYWORDS
    for key in ("keywords", "themes", "audience"):
        assert len(set(item[key])) == len(item[key]), key
    assert all(word.strip() == word != "" and " " not in word for word in item["keywords"])
    assert set(item["themes"]) <= set(THEMES)


@every_item
def test_a_window_stands_in_a_hall_that_is_known(item: dict[str, Any]) -> None:
    halls = [window["hall"] for window in item["windows"] if "hall" in window]
    assert set(halls) <= set(HALLS)
    assert len({window["name"] for window in item["windows"]}) == len(item["windows"])


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
        if material["replaced_by"] and material["replaced_by"]["kind"] == "licence":
            assert material["replaced_by"]["source"] in LICENCE_TYPES


def test_only_the_food_licence_answers_to_its_name() -> None:
    found = [s for s, item in ITEMS.items() if any("食品经营" in t for t in (item["name"], *item["keywords"]))]
    assert found == ["food_business"]


def test_the_food_licence_can_be_applied_for_with_one_photograph() -> None:
    item = ITEMS["food_business"]
    assert [(m["id"], m["form"]) for m in item["materials"] if m["required"]] == [("site_photo", "electronic")]
    assert (item["task_type"], item["assurance_level"], item["licence_type"]) == ("01", 2, "food_business")
    assert item["audience"] == ["person", "company"]


@pytest.mark.parametrize("licence_type", LICENCE_TYPES.values(), ids=LICENCE_TYPES.keys())
def test_licence_type_is_whole(licence_type: dict[str, Any]) -> None:
    code = licence_type["type_code"]
    assert re.fullmatch(r"[0-9A-Z]{18}\d{3}", code)
    assert uscc_check(code) == code[17]
    assert licence_type["department"] in DEPARTMENTS
    definition = LicenceTypeDefinition.model_validate(licence_type)
    fields = {field.name: field for field in definition.fields}
    numbers = {name for name, field in fields.items() if field.number}
    assert all(fields[name].sensitivity is not Sensitivity.PUBLIC for name in numbers if fields[name].masked)
    assert set() < set(definition.fields_for("verify")) <= set(definition.fields_for("window"))
    assert not any(fields[name].masked for name in definition.fields_for("verify"))
    assert set(definition.card.front + definition.card.back) == set(fields)
    assert {Preset.VALID, Preset.CARD, Preset.ALL} <= set(definition.presets)
    assert set(definition.preset_fields(Preset.CARD)) == set(fields) - numbers
    assert Preset.AGE_60 not in definition.presets or "holder_id_number" in fields
    if any(field.sensitivity is Sensitivity.SENSITIVE for field in fields.values()):
        assert definition.assurance_level == 3


@pytest.mark.parametrize("licence_type", LICENCE_TYPES.values(), ids=LICENCE_TYPES.keys())
def test_licence_type_takes_its_fields_from_the_forms_that_lead_to_it(licence_type: dict[str, Any]) -> None:
    leading = [item for item in ITEMS.values() if item["licence_type"] == licence_type["code"]]
    sources = {field["name"]: field["from_form"] for field in licence_type["fields"] if "from_form" in field}
    if licence_type["code"] in ISSUED_ELSEWHERE:
        assert leading == []
        assert sources == {}
        return
    assert leading
    asked_for = {name for item in leading for name in item["form_schema"]["properties"]}
    assert set(sources.values()) <= asked_for
    always = {
        sources[name]
        for name in licence_type["duties"]["verify"]
        if name in sources and (licence_type["code"], name) not in SOMETIMES_EMPTY
    }
    for item in leading:
        assert always <= set(item["form_schema"]["required"])
        assert item["department"] == licence_type["department"]


def test_licence_types_have_codes_of_their_own() -> None:
    assert len({t["type_code"] for t in LICENCE_TYPES.values()}) == len(LICENCE_TYPES)
    assert len(read(CITY_DATA / "licence_types.yaml")) == len(LICENCE_TYPES)
    assert set(LICENCE_TYPES) >= ISSUED_ELSEWHERE


def test_calendar_overrides_are_dates_with_a_reason() -> None:
    calendar = read(CITY_DATA / "calendar.yaml")
    overrides = calendar["overrides"]
    assert set(calendar["complete_years"]) <= {row["date"].year for row in overrides}
    assert all(set(row) == {"date", "working", "note"} for row in overrides)
    assert all(isinstance(row["date"], datetime.date) and isinstance(row["working"], bool) for row in overrides)
