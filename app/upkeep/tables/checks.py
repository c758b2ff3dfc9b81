"""Whether a guide fits the city. The one place that an import asks."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from app.catalogue.guide import Guide
from app.kit import texts
from app.upkeep.checks import problems_of
from app.upkeep.problems import Known, Severity
from app.upkeep.tables.rows import Loc

_SHAPES = (
    ("missing", "cell_empty"),
    ("string_pattern", "value_pattern"),
    ("string_too_short", "cell_empty"),
    ("string_too_long", "value_too_long"),
    ("too_", "value_too_few"),
    ("greater_than", "value_out_of_range"),
    ("less_than", "value_out_of_range"),
    ("literal_error", "value_no_choice"),
)


@dataclass(frozen=True, slots=True)
class GuideProblem:
    """Something wrong at a place of a guide, in Chinese."""

    loc: Loc
    code: str
    message: str


def guide_problems(guide: Guide, known: Known) -> Iterator[GuideProblem]:
    """What keeps a whole guide from being published."""
    for found in problems_of(guide, known):
        if found.severity is Severity.ERROR:
            loc = tuple(int(part) if part.isdigit() else part for part in found.path.split("."))
            yield GuideProblem(loc, found.code, found.message)


def shape_problems(failed: ValidationError) -> Iterator[GuideProblem]:
    """What keeps an assembled guide from being one."""
    for entry in failed.errors(include_input=False, include_url=False):
        code = next((code for start, code in _SHAPES if entry["type"].startswith(start)), "value_wrong")
        yield GuideProblem(entry["loc"], code, texts.text("table_problems", code))
