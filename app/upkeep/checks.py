"""Whether a guide is whole and right: pure rules, each problem told by its place and in Chinese."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from app.catalogue.guide import Guide
from app.upkeep.form_checks import form_problems
from app.upkeep.guidance_checks import guidance_problems
from app.upkeep.problems import Known, Problem, Severity, error, warning

LEVEL_DIGITS = {"city": "3", "county": "4", "township": "5", "village": "6"}
"""The 19th character of an item code: the level of the office (seen in published codes for city and county)."""

_LEVELS = ("province", "city", "county", "township", "village")
_FEW_KEYWORDS = 3
_FEWEST_QUESTIONS = 2
_FULL_STOPS = ("。", "！", "？")
_PLAIN_ADDRESS = re.compile(r"http://", re.IGNORECASE)

# What pydantic calls a fault, by its beginning, and what it is called here.
_SHAPES = (
    ("missing", "missing"),
    ("extra_forbidden", "unknown_key"),
    ("string_pattern", "shape"),
    ("literal_error", "choice"),
    ("string_too", "size"),
    ("too_", "size"),
    ("greater_than", "size"),
    ("less_than", "size"),
)


def problems_in(written: Any, known: Known) -> list[Problem]:
    """What is wrong with a guide as it was written, which need not be whole: its shape, else all that it says."""
    try:
        guide = Guide.model_validate(written)
    except ValidationError as failed:
        return [_misshapen(entry) for entry in failed.errors(include_input=False, include_url=False)]
    return problems_of(guide, known)


def problems_of(guide: Guide, known: Known) -> list[Problem]:
    """What is wrong with a whole guide, errors first."""
    form = list(form_problems(guide.form_schema, guide.form_example, known))
    found = [
        *_identity(guide, known),
        *_time_limits(guide),
        *_materials(guide, known),
        *_contents(guide),
        *_texts(guide),
        *_windows(guide, known),
        *_sentences(guide),
        *form,
        *guidance_problems(guide, form_is_right=not bars_publication(form)),
    ]
    return sorted(found, key=lambda problem: problem.severity is not Severity.ERROR)


def bars_publication(problems: Iterable[Problem]) -> bool:
    """Whether one of the problems is an error."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def repeated(names: Iterable[str]) -> Iterator[int]:
    """The positions of names that stood before."""
    seen: Counter[str] = Counter()
    for position, name in enumerate(names):
        if seen[name]:
            yield position
        seen[name] += 1


def _misshapen(entry: Any) -> Problem:
    code = next((code for start, code in _SHAPES if entry["type"].startswith(start)), "type")
    return error(".".join(str(part) for part in entry["loc"]) or "?", code)


def _identity(guide: Guide, known: Known) -> Iterator[Problem]:
    uscc = known.departments.get(guide.department)
    if uscc is None:
        yield error("department", "department_unknown")
    elif guide.item_code != uscc + LEVEL_DIGITS[guide.level] + guide.basic_code:
        yield error("item_code", "item_code")
    level = known.regions.get(guide.region)
    if level is None:
        yield error("region", "region_unknown")
    elif _LEVELS.index(level) > _LEVELS.index(guide.level):
        yield warning("level", "level_above_region")
    if guide.licence_type is not None and guide.licence_type not in known.licence_types:
        yield error("licence_type", "licence_type_unknown")
    for place, theme in enumerate(guide.themes):
        if theme not in known.themes:
            yield error(f"themes.{place}", "theme_unknown")
    if not guide.themes:
        yield warning("themes", "no_themes")


def _time_limits(guide: Guide) -> Iterator[Problem]:
    if sum(step.days for step in guide.steps) != guide.promised_days:
        yield error("steps", "days_do_not_add_up")
    if guide.promised_days > guide.statutory_days:
        yield error("promised_days", "promised_beyond_statutory")
    at_once = guide.handling == "immediate"
    if at_once != (guide.promised_days == 0) or at_once != (guide.statutory_days == 0):
        yield error("handling", "handling_disagrees")


def _materials(guide: Guide, known: Known) -> Iterator[Problem]:
    for place in repeated(material.id for material in guide.materials):
        yield error(f"materials.{place}.id", "id_twice")
    for place, material in enumerate(guide.materials):
        path, replacement = f"materials.{place}", material.replaced_by
        if material.copies == 0:
            yield error(f"{path}.copies", "no_copies")
        if replacement is None:
            continue
        if replacement.kind == "licence" and replacement.source not in known.licence_types:
            yield error(f"{path}.replaced_by.source", "licence_type_unknown")
        if replacement.kind != "licence" and material.required:
            yield error(f"{path}.required", "required_and_replaced")


def _contents(guide: Guide) -> Iterator[Problem]:
    for name in ("conditions", "steps", "legal_basis", "windows"):
        if not getattr(guide, name):
            yield error(name, "nothing_there")
    for name in ("consultation_phone", "complaint_phone"):
        if not getattr(guide, name).strip():
            yield error(name, "empty")
    if len(guide.questions) < _FEWEST_QUESTIONS:
        yield error("questions", "few_questions")
    if len(guide.keywords) < _FEW_KEYWORDS:
        yield warning("keywords", "few_keywords")
    if not guide.links:
        yield warning("links", "no_links")


def _texts(guide: Guide) -> Iterator[Problem]:
    for path, text in texts_of(guide):
        if not text.strip():
            yield error(path, "empty")
        elif _PLAIN_ADDRESS.search(text):
            yield warning(path, "address_without_https")


def _windows(guide: Guide, known: Known) -> Iterator[Problem]:
    for place, window in enumerate(guide.windows):
        if window.hall is not None and window.hall not in known.halls:
            yield error(f"windows.{place}.hall", "hall_unknown")
        if window.hall is None and window.position is None:
            yield warning(f"windows.{place}", "no_position")


def _sentences(guide: Guide) -> Iterator[Problem]:
    written = [
        *((f"conditions.{place}", text) for place, text in enumerate(guide.conditions)),
        *((f"materials.{place}.note", material.note) for place, material in enumerate(guide.materials)),
        *((f"steps.{place}.description", step.description) for place, step in enumerate(guide.steps)),
        *((f"legal_basis.{place}.summary", basis.summary) for place, basis in enumerate(guide.legal_basis)),
        *((f"questions.{place}.answer", question.answer) for place, question in enumerate(guide.questions)),
    ]
    for path, text in written:
        if text.strip() and not text.rstrip().endswith(_FULL_STOPS):
            yield error(path, "no_full_stop")


_MAY_BE_EMPTY = {"note", "source", "help", "basis"}
_PARTS = ("conditions", "keywords", "materials", "steps", "fees", "legal_basis", "questions", "windows", "guidance")


def texts_of(guide: Guide) -> Iterator[tuple[str, str]]:
    """Every text that the guide's author wrote for people, with its place; an optional one only where it is there."""
    written = guide.model_dump(include=set(_PARTS))
    waiting = [(name, written[name]) for name in reversed(_PARTS)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{path}.{name}", entry) for name, entry in reversed(value.items())]
        elif isinstance(value, list):
            waiting += reversed([(f"{path}.{place}", entry) for place, entry in enumerate(value)])
        elif isinstance(value, str) and (value or path.rpartition(".")[2] not in _MAY_BE_EMPTY):
            yield path, value
