"""Guided conditions (情形引导): from answers to the variant of an item, its materials and its form. Pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.catalogue.errors import AnswerInvalidError, AnswersUnfinishedError
from app.catalogue.guide import Answers, Guidance, Guide, GuidedQuestion, GuideMaterial, Variant


@dataclass(frozen=True, slots=True)
class Asked:
    """What an item asks for in one situation: the form's JSON Schema, and the materials in the guide's order."""

    form_schema: dict[str, Any]
    materials: list[GuideMaterial]


def _holds(when: Mapping[str, list[str]], answers: Answers) -> bool:
    return all(answers.get(question) in values for question, values in when.items())


def _open_questions(guidance: Guidance, answers: Answers) -> list[GuidedQuestion]:
    """The questions that are put to somebody who answers so, each after those that it depends on."""
    asked: list[GuidedQuestion] = []
    for question in guidance.questions:
        given = {one.id: answers[one.id] for one in asked if one.id in answers}
        if _holds(question.when, given):
            asked.append(question)
    return asked


def check_answers(guide: Guide, answers: Answers) -> None:
    """Hold answers to the questions that the item puts to somebody who answers so.

    Raises AnswerInvalidError where one is to no such question or names no option of it, also where the item asks
    nothing.
    """
    options = {
        question.id: {option.value for option in question.options}
        for question in (_open_questions(guide.guidance, answers) if guide.guidance else [])
    }
    for question, value in answers.items():
        if value not in options.get(question, ()):
            raise AnswerInvalidError(question=question if question in options else "?")


def next_question(guide: Guide, answers: Answers) -> GuidedQuestion | None:
    """The first question that is still to be answered, None where there is none. Raises AnswerInvalidError."""
    check_answers(guide, answers)
    if guide.guidance is None:
        return None
    return next((one for one in _open_questions(guide.guidance, answers) if one.id not in answers), None)


def variant_of(guide: Guide, answers: Answers) -> Variant | None:
    """The variant that complete answers lead to; None without answers: the item as a whole.

    Raises AnswerInvalidError, and AnswersUnfinishedError where a question is still open.
    """
    following = next_question(guide, answers)
    if not answers or guide.guidance is None:
        return None
    if following is not None:
        raise AnswersUnfinishedError(question=following.id)
    return next((one for one in guide.guidance.variants if _holds(one.when, answers)), None)


def variant_named(guide: Guide, variant_id: str | None) -> Variant | None:
    """The variant with this id, None where there is none."""
    variants = guide.guidance.variants if guide.guidance else []
    return next((one for one in variants if one.id == variant_id), None)


def asked_for(guide: Guide, variant: Variant | None) -> Asked:
    """What the item asks for: as a whole, or in a variant.

    In a variant the materials it names are required, but for those that shared data or a statement replaces; others
    are not asked for.
    """
    if variant is None:
        return Asked(guide.form_schema, guide.materials)
    named = [material for material in guide.materials if material.id in variant.materials]
    return Asked(
        _narrowed(guide.form_schema, variant),
        [material.model_copy(update={"required": not _fetched(material)}) for material in named],
    )


def _fetched(material: GuideMaterial) -> bool:
    return material.replaced_by is not None and material.replaced_by.kind != "licence"


def _narrowed(schema: dict[str, Any], variant: Variant) -> dict[str, Any]:
    fields = schema.get("properties", {})
    # The verified identity stands in every form: what was once left out could be typed in by anybody.
    left_out = {name for name in variant.omit_fields if not fields.get(name, {}).get("readOnly")}
    properties = {name: part for name, part in fields.items() if name not in left_out}
    required = [name for name in schema.get("required", []) if name not in left_out]
    required += [name for name in variant.required_fields if name not in required]
    return {**schema, "properties": properties, "required": required}
