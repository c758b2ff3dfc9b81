"""Whether guided conditions lead everybody to a variant, and refer to what is there."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from app.catalogue import forms
from app.catalogue.choices import UNLOOKED
from app.catalogue.guide import Answers, Guidance, Guide, GuidedQuestion, Variant
from app.upkeep.form_checks import fields_of
from app.upkeep.problems import Problem, error

MOST_ANSWERS = 20_000
"""So many ways to answer all questions are tried; nobody is asked for more."""


def guidance_problems(guide: Guide, *, form_is_right: bool) -> Iterator[Problem]:
    """What is wrong with a guide's questions and variants. Only a form that is right is tried with them."""
    guidance = guide.guidance
    if guidance is None:
        return
    names = list(_names(guidance))
    yield from names
    references = [*_questions(guidance), *_variants(guide, guidance)]
    yield from references
    if not names and not references:
        yield from _ways(guidance)
        if form_is_right and not any(_passes(guide, variant) for variant in guidance.variants):
            yield error("form_example", "example_of_no_variant")


def holds(when: Mapping[str, list[str]], answers: Answers) -> bool:
    """Whether each question named got a value listed."""
    return all(answers.get(name) in wanted for name, wanted in when.items())


def ways_to_answer(questions: list[GuidedQuestion]) -> Iterator[Answers]:
    """Every way in which all questions that are asked can be answered."""
    waiting: list[tuple[int, Answers]] = [(0, {})]
    while waiting:
        place, answers = waiting.pop()
        if place == len(questions):
            yield answers
        elif holds(questions[place].when, answers):
            question = questions[place]
            waiting += [(place + 1, {**answers, question.id: option.value}) for option in question.options]
        else:
            waiting.append((place + 1, answers))


def _names(guidance: Guidance) -> Iterator[Problem]:
    groups: list[tuple[str, Iterable[str]]] = [
        ("guidance.questions", (question.id for question in guidance.questions)),
        ("guidance.variants", (variant.id for variant in guidance.variants)),
    ]
    for place, question in enumerate(guidance.questions):
        groups.append((f"guidance.questions.{place}.options", (option.value for option in question.options)))
    for path, ids in groups:
        listed = list(ids)
        if len(set(listed)) < len(listed):
            yield error(path, "id_twice")


def _references(path: str, when: Mapping[str, list[str]], asked: Mapping[str, set[str]]) -> Iterator[Problem]:
    for name, wanted in when.items():
        if name not in asked:
            yield error(f"{path}.when.{name}", "question_unknown")
        elif not wanted or not set(wanted) <= asked[name]:
            yield error(f"{path}.when.{name}", "option_unknown")


def _questions(guidance: Guidance) -> Iterator[Problem]:
    asked: dict[str, set[str]] = {}
    for place, question in enumerate(guidance.questions):
        yield from _references(f"guidance.questions.{place}", question.when, asked)
        asked[question.id] = {option.value for option in question.options}


def _variants(guide: Guide, guidance: Guidance) -> Iterator[Problem]:
    asked = {question.id: {option.value for option in question.options} for question in guidance.questions}
    materials = {material.id for material in guide.materials}
    fields = set(fields_of(guide.form_schema))
    for place, variant in enumerate(guidance.variants):
        path = f"guidance.variants.{place}"
        yield from _references(path, variant.when, asked)
        for key, names, there, code in (
            ("materials", variant.materials, materials, "material_unknown"),
            ("omit_fields", variant.omit_fields, fields, "field_unknown"),
            ("required_fields", variant.required_fields, fields - set(variant.omit_fields), "field_unknown"),
        ):
            if not set(names) <= there:
                yield error(f"{path}.{key}", code)


def _ways(guidance: Guidance) -> Iterator[Problem]:
    ways = list(islice(ways_to_answer(guidance.questions), MOST_ANSWERS + 1))
    if len(ways) > MOST_ANSWERS:
        yield error("guidance.questions", "too_many_ways")
        return
    taken = {_taken(guidance.variants, answers) for answers in ways}
    if None in taken:
        yield error("guidance.variants", "no_variant_holds")
    for place in range(len(guidance.variants)):
        if place not in taken:
            yield error(f"guidance.variants.{place}", "variant_unreachable")


def _taken(variants: list[Variant], answers: Answers) -> int | None:
    return next((place for place, variant in enumerate(variants) if holds(variant.when, answers)), None)


def _passes(guide: Guide, variant: Variant) -> bool:
    schema: dict[str, Any] = guide.form_schema
    omitted = set(variant.omit_fields)
    fields = {name: definition for name, definition in fields_of(schema).items() if name not in omitted}
    required = [*(name for name in schema.get("required", []) if name not in omitted), *variant.required_fields]
    narrowed = {**schema, "properties": fields, "required": list(dict.fromkeys(required))}
    return not forms.problems(narrowed, guide.form_example, complete=True, known=UNLOOKED)
