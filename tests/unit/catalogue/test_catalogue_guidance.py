"""Guided conditions: which question comes next, and where answers lead."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.errors import AnswerInvalidError, AnswersUnfinishedError
from app.catalogue.guidance import asked_for, next_question, variant_named, variant_of
from app.catalogue.guide import Guidance, Guide, Replacement, Variant
from config.reading import read_yaml
from config.settings import CITY_DATA

GUIDANCE: dict[str, Any] = {
    "questions": [
        {
            "id": "why",
            "question": "为什么补领？",
            "options": [{"value": "lost", "label": "丢失"}, {"value": "damaged", "label": "损坏"}],
        },
        {
            "id": "found",
            "question": "报过警吗？",
            "when": {"why": ["lost"]},
            "options": [{"value": "yes", "label": "是"}, {"value": "no", "label": "否"}],
        },
    ],
    "variants": [
        {
            "id": "reported",
            "name": "丢失并已报警",
            "when": {"why": ["lost"], "found": ["yes"]},
            "materials": ["report"],
            "required_fields": ["report_no"],
        },
        {"id": "other", "name": "其他", "when": {}, "materials": ["photo", "statement"], "omit_fields": ["report_no"]},
    ],
}


def guide_of(guidance: dict[str, Any] | None) -> Guide:
    """A guide with these guided conditions, a form of three fields and three materials."""
    content = read_yaml(CITY_DATA / "items" / "food_business.yaml")
    material = {"required": False, "copies": 1, "obtained_from": "自备", "form": "electronic", "replaced_by": None}
    return Guide.model_validate(
        {
            **content,
            "guidance": guidance,
            "materials": [
                {**material, "id": "photo", "name": "照片"},
                {**material, "id": "report", "name": "报警回执"},
                {**material, "id": "statement", "name": "声明", "replaced_by": {"kind": "statement", "title": "声明"}},
            ],
            "form_schema": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("name", "report_no", "remark")},
                "required": ["name"],
            },
        }
    )


GUIDE = guide_of(GUIDANCE)


def test_questions_come_in_their_order_and_only_where_they_matter() -> None:
    """Whoever did not lose it is not asked about the police."""

    def following(**answers: str) -> str | None:
        question = next_question(GUIDE, answers)
        return question.id if question else None

    assert following() == "why"
    assert following(why="lost") == "found"
    assert following(why="damaged") is None
    assert following(why="lost", found="no") is None


@pytest.mark.parametrize(
    ("answers", "named"),
    [
        ({"why": "stolen"}, "why"),
        ({"nonsense": "x"}, "?"),
        ({"why": "damaged", "found": "yes"}, "?"),
        ({"found": "yes"}, "?"),
    ],
)
def test_an_answer_to_nothing_that_was_asked_is_refused(answers: dict[str, str], named: str) -> None:
    """It is named where it is a question of ours; what somebody made up is not repeated."""
    for decide in (next_question, variant_of):
        with pytest.raises(AnswerInvalidError) as caught:
            decide(GUIDE, answers)
        assert caught.value.context == {"question": named}


def test_an_item_that_asks_nothing_takes_no_answers() -> None:
    """And without answers it is asked as a whole."""
    plain = guide_of(None)
    assert next_question(plain, {}) is None
    assert variant_of(plain, {}) is None
    with pytest.raises(AnswerInvalidError):
        variant_of(plain, {"why": "lost"})


def test_half_the_answers_lead_nowhere_yet() -> None:
    """The error says which question is open."""
    with pytest.raises(AnswersUnfinishedError) as caught:
        variant_of(GUIDE, {"why": "lost"})
    assert caught.value.context == {"question": "found"}


def test_a_variant_narrows_the_form_and_names_its_materials() -> None:
    """What it names is required, but what a statement replaces; fields keep their order."""
    reported = asked_for(GUIDE, variant_of(GUIDE, {"why": "lost", "found": "yes"}))
    assert [(material.id, material.required) for material in reported.materials] == [("report", True)]
    assert list(reported.form_schema["properties"]) == ["name", "report_no", "remark"]
    assert reported.form_schema["required"] == ["name", "report_no"]
    other = asked_for(GUIDE, variant_of(GUIDE, {"why": "damaged"}))
    assert [(material.id, material.required) for material in other.materials] == [("photo", True), ("statement", False)]
    assert list(other.form_schema["properties"]) == ["name", "remark"]
    assert other.form_schema["required"] == ["name"]


def test_the_verified_identity_stands_in_every_variant() -> None:
    """What was once left out could be typed in by anybody."""
    schema = {**GUIDE.form_schema, "properties": {**GUIDE.form_schema["properties"]}}
    schema["properties"]["report_no"] = {"type": "string", "readOnly": True}
    guide = GUIDE.model_copy(update={"form_schema": schema})
    assert "report_no" in asked_for(guide, variant_named(guide, "other")).form_schema["properties"]


def test_a_licence_may_stand_for_a_material_that_a_variant_requires() -> None:
    """It is asked of whoever does not hold the licence."""
    replaced = Replacement(kind="licence", source="food_business", title="许可证")
    photo = GUIDE.materials[0].model_copy(update={"replaced_by": replaced})
    guide = GUIDE.model_copy(update={"materials": [photo, *GUIDE.materials[1:]]})
    assert asked_for(guide, variant_named(guide, "other")).materials[0].required


def test_without_answers_the_item_is_asked_as_a_whole() -> None:
    """Its schema and materials are its own."""
    assert variant_of(GUIDE, {}) is None
    assert variant_named(GUIDE, None) is None
    whole = asked_for(GUIDE, None)
    assert (whole.form_schema, whole.materials) == (GUIDE.form_schema, GUIDE.materials)


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=5), st.data())
def test_answering_what_is_asked_always_ends_at_a_variant(conditions: list[list[bool]], data: st.DataObject) -> None:
    """Whatever the questions depend on: each is asked once, and the last variant catches everybody."""
    questions = [
        {
            "id": f"q{number}",
            "question": "？",
            "options": [{"value": "yes", "label": "是"}, {"value": "no", "label": "否"}],
            "when": {f"q{before}": ["yes"] for before in range(min(number, 3)) if conditions[number][before]},
        }
        for number in range(len(conditions))
    ]
    variants = [
        Variant(id="first", name="一", when={"q0": ["yes"]}, materials=[]),
        Variant(id="last", name="二", when={}, materials=[]),
    ]
    guide = GUIDE.model_copy(update={"guidance": Guidance(questions=questions, variants=variants)})
    answers: dict[str, str] = {}
    while question := next_question(guide, answers):
        assert question.id not in answers
        answers[question.id] = data.draw(st.sampled_from(["yes", "no"]))
    variant = variant_of(guide, answers)
    assert variant is not None
    assert variant.id == ("first" if answers["q0"] == "yes" else "last")
