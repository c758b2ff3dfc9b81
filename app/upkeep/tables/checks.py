"""Whether a guide fits the city. The one place that an import asks."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.catalogue.guide import Guide
from app.catalogue.models import Department, Hall, LicenceType, Region, Theme
from app.kit import texts
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


@dataclass(frozen=True, slots=True)
class Known:
    """Codes that the city knows."""

    departments: Set[str]
    regions: Set[str]
    themes: Set[str]
    halls: Set[str]
    licence_types: Set[str]


async def load_known() -> Known:
    """What the city knows now."""

    async def codes(model: Any) -> Set[str]:
        return frozenset(await model.all().values_list("code", flat=True))

    return Known(
        departments=await codes(Department),
        regions=await codes(Region),
        themes=await codes(Theme),
        halls=await codes(Hall),
        licence_types=await codes(LicenceType),
    )


def guide_problems(guide: Guide, known: Known) -> Iterator[GuideProblem]:
    """What keeps a whole guide from being published."""
    for loc, code, there in _references(guide):
        if code not in getattr(known, there):
            yield GuideProblem(loc, f"{there}_unknown", texts.text("table_problems", f"{there}_unknown"))


def shape_problems(failed: ValidationError) -> Iterator[GuideProblem]:
    """What keeps an assembled guide from being one."""
    for entry in failed.errors(include_input=False, include_url=False):
        code = next((code for start, code in _SHAPES if entry["type"].startswith(start)), "value_wrong")
        yield GuideProblem(entry["loc"], code, texts.text("table_problems", code))


def _references(guide: Guide) -> Iterator[tuple[Loc, str, str]]:
    yield ("department",), guide.department, "departments"
    yield ("region",), guide.region, "regions"
    if guide.licence_type is not None:
        yield ("licence_type",), guide.licence_type, "licence_types"
    for theme in guide.themes:
        yield ("themes",), theme, "themes"
    for place, material in enumerate(guide.materials):
        if material.replaced_by and material.replaced_by.kind == "licence":
            yield ("materials", place, "replaced_by", "source"), material.replaced_by.source, "licence_types"
    for place, window in enumerate(guide.windows):
        if window.hall is not None:
            yield ("windows", place, "hall"), window.hall, "halls"
