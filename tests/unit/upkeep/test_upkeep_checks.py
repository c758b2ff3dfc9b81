"""Every rule that a guide is held to, each broken once."""

import csv
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.guide import Guide, GuidedQuestion, Option
from app.kit import texts
from app.upkeep.checks import bars_publication, problems_in, problems_of
from app.upkeep.guidance_checks import holds, ways_to_answer
from app.upkeep.problems import Known, Severity
from config.reading import read_yaml
from config.settings import CITY_DATA
from tests.unit.upkeep.guides import KNOWN, changed, written
from tests.unit.upkeep.test_licence_checks import BROKEN_TYPES

FIELDS = "form_schema.properties"


def _within(title: str, **wanted: Any) -> dict[str, Any]:
    """Places of a list that are objects: a sort to choose, and a note that is asked for some."""
    sort = {"type": "string", "title": title, "enum": ["甲", "乙"]}
    note = {"type": "string", "title": "说明", "maxLength": 9, "x-when": {"sort": [wanted.get("sort", "甲")]}}
    return {"type": "object", "properties": {"sort": sort, "note": note}}


ERRORS: dict[str, list[tuple[str, Any, str]]] = {
    "missing": [("name", None, "name"), ("steps.0.days", None, "steps.0.days")],
    "unknown_key": [("colour", "red", "colour")],
    "shape": [("basic_code", "12", "basic_code"), ("links.0.url", "http://example.com", "links.0.url")],
    "size": [("short_name", "", "short_name"), ("online_depth", 5, "online_depth"), ("audience", [], "audience")],
    "choice": [
        ("level", "planet", "level"),
    ],
    "type": [("promised_days", "five", "promised_days")],
    "department_unknown": [("department", "moon", "department")],
    "item_code": [("item_code", "11230800JB0000017Q4000131001001", "item_code"), ("level", "county", "item_code")],
    "region_unknown": [("region", "999999", "region"), ("form_example.region_code", "9", "form_example.region_code")],
    "licence_type_unknown": [
        ("licence_type", "pilot", "licence_type"),
        ("materials.0.replaced_by.source", "pilot", "materials.0.replaced_by.source"),
    ],
    "theme_unknown": [("themes", ["permits", "moon"], "themes.1")],
    "hall_unknown": [("windows.0.hall", "moon", "windows.0.hall")],
    "days_do_not_add_up": [("steps.0.days", 1, "steps")],
    "promised_beyond_statutory": [("statutory_days", 4, "promised_days")],
    "handling_disagrees": [("handling", "immediate", "handling")],
    "id_twice": [
        ("materials.1.id", "photo", "materials.1.id"),
        ("guidance.variants.1.id", "stranger", "guidance.variants"),
        ("guidance.questions.0.options.1.value", "self", "guidance.questions.0.options"),
    ],
    "no_copies": [("materials.0.copies", 0, "materials.0.copies")],
    "required_and_replaced": [("materials.1.required", True, "materials.1.required")],
    "nothing_there": [(name, [], name) for name in ("conditions", "legal_basis", "windows")],
    "empty": [
        ("complaint_phone", " ", "complaint_phone"),
        ("consultation_phone", "", "consultation_phone"),
        ("steps.1.name", "", "steps.1.name"),
        ("guidance.questions.0.options.0.label", " ", "guidance.questions.0.options.0.label"),
    ],
    "few_questions": [("questions.1", None, "questions")],
    "no_full_stop": [
        ("conditions.0", "应当成年", "conditions.0"),
        ("materials.1.note", "不用上传", "materials.1.note"),
        ("steps.0.description", "看材料", "steps.0.description"),
        ("legal_basis.0.summary", "应当许可，", "legal_basis.0.summary"),
        ("questions.0.answer", "五天", "questions.0.answer"),
    ],
    "form_schema": [
        (f"{FIELDS}.remark.maxLength", "many", f"{FIELDS}.remark.maxLength"),
        (f"{FIELDS}.remark.pattern", "[", f"{FIELDS}.remark.pattern"),
        (f"{FIELDS}.remark.pattern", "a{99999999999}", "form_schema"),
        ("form_schema.properties", ["x", []], "form_schema.properties"),
    ],
    "form_dialect": [("form_schema.$schema", "http://json-schema.org/draft-07/schema#", "form_schema.$schema")],
    "form_open": [("form_schema.additionalProperties", True, "form_schema"), ("form_schema.type", None, "form_schema")],
    "form_reference": [(f"{FIELDS}.remark.$ref", "https://example.com/x", f"{FIELDS}.remark.$ref")],
    "form_too_deep": [(f"{FIELDS}.remark.not", {"not": {"not": {"not": {}}}}, "")],
    "form_pattern": [(f"{FIELDS}.remark.pattern", "^(a+)+$", f"{FIELDS}.remark")],
    "form_keyword": [
        (f"{FIELDS}.remark.x-colour", "red", f"{FIELDS}.remark"),
        (f"{FIELDS}.goods.items.anyOf", [{}, {"x-codes": "nations"}], f"{FIELDS}.goods.items.anyOf.1"),
    ],
    "form_circle": [(f"{FIELDS}.sex.x-when", {"care": ["x"]}, "form_schema")],
    "form_codes": [(f"{FIELDS}.nation.x-codes", "moons", f"{FIELDS}.nation")],
    "pattern_of_any_script": [(f"{FIELDS}.remark.pattern", r"^\d$", f"{FIELDS}.remark.pattern")],
    "field_untitled": [
        (f"{FIELDS}.remark.title", "Remark", f"{FIELDS}.remark"),
        (f"{FIELDS}.goods.items", _within("sort"), f"{FIELDS}.goods.items.properties.sort"),
    ],
    "field_unknown": [
        ("form_schema.required.5", "moon", "form_schema.required.5"),
        ("guidance.variants.1.omit_fields", ["moon"], "guidance.variants.1.omit_fields"),
        ("guidance.variants.1.required_fields", ["sex"], "guidance.variants.1.required_fields"),
    ],
    "source_unknown": [
        (f"{FIELDS}.nation.x-prefill", "licence.pilot.name", f"{FIELDS}.nation.x-prefill"),
        (f"{FIELDS}.nation.x-prefill", ["licence.food_business.moon"], f"{FIELDS}.nation.x-prefill"),
    ],
    "common_field_missing": [(f"{FIELDS}.address", None, f"{FIELDS}.address")],
    "common_field_source": [(f"{FIELDS}.applicant_phone.x-prefill", None, f"{FIELDS}.applicant_phone.x-prefill")],
    "common_field_required": [
        ("form_schema.required.4", None, "form_schema.required"),
        ("form_schema.required.5", "remark", "form_schema.required"),
    ],
    "example_refused": [
        ("form_example.applicant_phone", "1", "form_example.applicant_phone"),
        ("form_example.applicant_name", None, "form_example.applicant_name"),
    ],
    "question_unknown": [
        ("guidance.questions.0.when", {"kin": ["yes"]}, "guidance.questions.0.when.kin"),
        ("guidance.variants.0.when", {"moon": ["x"]}, "guidance.variants.0.when.moon"),
    ],
    "option_unknown": [
        ("guidance.questions.1.when", {"who": ["moon"]}, "guidance.questions.1.when.who"),
        ("guidance.variants.0.when", {"kin": []}, "guidance.variants.0.when.kin"),
        (f"{FIELDS}.care.x-when", {"goods": ["丙"]}, f"{FIELDS}.care.x-when.goods"),
        (
            f"{FIELDS}.goods.items",
            _within("种类", sort="丙"),
            f"{FIELDS}.goods.items.properties.note.x-when.sort",
        ),
    ],
    "material_unknown": [("guidance.variants.0.materials", ["moon"], "guidance.variants.0.materials")],
    "no_variant_holds": [("guidance.variants.1.when", {"kin": ["yes"]}, "guidance.variants")],
    "variant_unreachable": [
        ("guidance.variants.0.when", {"who": ["self"], "kin": ["no"]}, "guidance.variants.0"),
        ("guidance.variants.0.when", {}, "guidance.variants.1"),
    ],
    "example_of_no_variant": [
        (
            "guidance.variants",
            [
                {"id": v, "name": "某", "when": {"who": [w]}, "materials": [], "required_fields": ["goods"]}
                for v, w in (("a", "self"), ("b", "other"))
            ],
            "form_example",
        ),
    ],
}
WARNINGS: dict[str, list[tuple[str, Any, str]]] = {
    "few_keywords": [("keywords", ["示例"], "keywords")],
    "no_links": [("links", [], "links")],
    "no_themes": [("themes", [], "themes")],
    "no_position": [("windows.0.hall", None, "windows.0")],
    "level_above_region": [("region", "230822", "level")],
    "address_without_https": [("questions.0.answer", "见http://example.com。", "questions.0.answer")],
}
BROKEN = [
    (severity, code, *case)
    for severity, table in ((Severity.ERROR, ERRORS), (Severity.WARNING, WARNINGS))
    for code, cases in table.items()
    for case in cases
]


def test_a_guide_that_keeps_all_rules_has_no_problem() -> None:
    """The guide that every other test breaks."""
    assert problems_in(written(), KNOWN) == []


@pytest.mark.parametrize(("severity", "code", "path", "value", "told_at"), BROKEN)
def test_each_rule_is_told_by_its_place_and_bars_publication_or_not(
    severity: Severity, code: str, path: str, value: Any, told_at: str
) -> None:
    """One change, one rule broken; the sentence is Chinese."""
    if code == "form_too_deep":
        for _ in range(6):
            value = {"not": {"not": {"not": value}}}
    problems = problems_in(changed(path, value), KNOWN)
    (found, *_) = [problem for problem in problems if problem.code == code and problem.path.startswith(told_at)]
    assert code == "form_too_deep" or found.path == told_at
    assert found.severity is severity
    assert bars_publication(problems) is (severity is Severity.ERROR)
    assert any("\u4e00" <= character <= "\u9fff" for character in found.message)


def test_no_sentence_is_left_over() -> None:
    """Each kind of problem is met by a test; what drafts add is met where drafts are tested, licence types likewise."""
    used = {code for _, code, *_ in BROKEN} | {
        "item_code_of_another",
        "too_many_ways",
        "type_code_twice",
        "age_without_number",
    }
    used |= {code for _, (_, code) in BROKEN_TYPES}
    faults = {f"form_{reason}" for reason in texts.keys("form_fault")}
    assert texts.keys("problem") == used - faults


def test_a_form_with_a_fault_is_not_tried_with_its_example() -> None:
    """Its pattern could be tried in too many ways on what stands there; all that needs no trial is told at once."""
    guide = changed(f"{FIELDS}.remark.pattern", "^(a+)+$")
    guide["form_example"]["remark"] = "b"
    del guide["form_schema"]["$schema"]
    assert {problem.code for problem in problems_in(guide, KNOWN)} == {"form_pattern", "form_dialect"}


def test_errors_are_told_before_warnings() -> None:
    """Whoever reads the first ones reads what bars."""
    guide = {**changed("links", []), "department": "moon", "keywords": []}
    severities = [problem.severity for problem in problems_in(guide, KNOWN)]
    assert severities == sorted(severities)
    assert len(set(severities)) == 2


def test_questions_beyond_counting_are_refused_at_once() -> None:
    """Forty questions of two answers: nobody tries them all."""
    options = [{"value": "yes", "label": "是"}, {"value": "no", "label": "否"}]
    guide = written()
    guide["guidance"]["questions"] += [{"id": f"q{n}", "question": "？", "options": options} for n in range(40)]
    assert [problem.code for problem in problems_in(guide, KNOWN)] == ["too_many_ways"]


def _known() -> Known:
    def read(name: str) -> Any:
        return read_yaml(CITY_DATA / name)

    with (CITY_DATA / "regions.csv").open(encoding="utf-8", newline="") as file:
        regions = {line["code"]: line["level"] for line in csv.DictReader(file)}
    return Known(
        departments={entry["code"]: entry["uscc"] for entry in read("departments.yaml")},
        regions=regions,
        themes={entry["code"] for entry in read("themes.yaml")},
        halls={entry["code"] for entry in read("halls.yaml")},
        licence_types={t["code"]: {f["name"] for f in t["fields"]} for t in read("licence_types.yaml")},
        code_lists={entry["code"] for entry in read("code_lists.yaml")},
    )


@pytest.mark.parametrize("path", sorted((CITY_DATA / "items").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_citys_own_items_could_be_published(path: Any) -> None:
    """By the rules that the staff's drafts are held to."""
    guide = Guide.model_validate(read_yaml(path))
    assert [problem for problem in problems_of(guide, _known()) if problem.severity is Severity.ERROR] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "title", "x-when", "x-prefill", "enum", "items", "a"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(
    JSON, st.sampled_from(["properties", "required", "type", "$schema"]), st.sampled_from(["remark", "sex", "goods"])
)
def test_no_form_breaks_the_check(value: Any, keyword: str, field: str) -> None:
    """Whatever stands in a form, the answer is a list of problems."""
    for path in (
        f"form_schema.{keyword}",
        f"{FIELDS}.{field}",
        *(f"{FIELDS}.{field}.x-{name}" for name in ("when", "compute", "prefill", "codes", "widget", "level")),
        "form_example.region_code",
    ):
        guide = written()
        *way, last = path.split(".")
        at = guide
        for name in way:
            at = at[name]
        at[last] = value
        assert all(problem.message for problem in problems_in(guide, KNOWN))


NAMES = ("a", "b", "c")


@st.composite
def _asked(draw: st.DrawFn) -> list[GuidedQuestion]:
    questions: list[GuidedQuestion] = []
    for place, name in enumerate(NAMES[: draw(st.integers(1, 3))]):
        options = [Option(value=value, label=value) for value in ("x", "y", "z")[: draw(st.integers(2, 3))]]
        earlier = draw(st.lists(st.sampled_from(NAMES[:place]), max_size=2, unique=True)) if place else []
        when = {other: draw(st.lists(st.sampled_from(["x", "y"]), min_size=1)) for other in earlier}
        questions.append(GuidedQuestion(id=name, question=name, options=options, when=when))
    return questions


@given(_asked())
def test_every_way_to_answer_is_tried_and_no_other(questions: list[GuidedQuestion]) -> None:
    """A question is answered exactly where it is asked, by one of its options; no way comes twice."""
    ways = list(ways_to_answer(questions))
    assert len({tuple(sorted(way.items())) for way in ways}) == len(ways)
    for way in ways:
        for question in questions:
            assert (question.id in way) is holds(question.when, way)
            assert way.get(question.id) in {None, *(option.value for option in question.options)}
    first = {way[questions[0].id] for way in ways}
    assert first == {option.value for option in questions[0].options}
    assert len(ways) >= max(len(question.options) for question in questions if not question.when)
