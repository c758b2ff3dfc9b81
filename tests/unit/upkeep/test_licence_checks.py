"""Every rule that a licence type is held to, each broken once."""

from dataclasses import replace
from typing import Any

import pytest

from app.catalogue.licence_type import LicenceTypeDefinition
from app.upkeep.licence_checks import licence_problems
from tests.unit.city.reading import ITEMS, LICENCE_TYPES
from tests.unit.upkeep.guides import KNOWN

FOOD = LICENCE_TYPES["food_business"]
ASKED = {"food_business": set(ITEMS["food_business"]["form_schema"]["properties"])}
BROKEN_TYPES: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"department": "moon"}, ("department", "department_unknown")),
    ({"duties": {"verify": ["holder_id_number"]}}, ("duties.verify", "number_to_verifiers")),
    ({"card": {**FOOD["card"], "back": []}}, ("card", "field_not_on_card")),
    ({"validity": {"from_form": "ends_on"}}, ("validity.from_form", "source_not_asked_for")),
    (
        {"fields": [{**field, "sensitivity": "sensitive"} for field in FOOD["fields"]]},
        ("assurance_level", "sensitive_without_face"),
    ),
    (
        {"fields": [{**FOOD["fields"][0], "from_form": "nothing"}, *FOOD["fields"][1:]]},
        ("fields.0.from_form", "source_not_asked_for"),
    ),
]


def codes(**changes: Any) -> list[tuple[str, str]]:
    """Places and codes of what is wrong with a food licence that was changed."""
    definition = LicenceTypeDefinition.model_validate(FOOD | changes)
    (found,) = licence_problems([definition], KNOWN, ASKED).values()
    return [(problem.path, problem.code) for problem in found]


def test_the_citys_own_type_is_right() -> None:
    """Else every case below would be right for another reason."""
    assert codes() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    BROKEN_TYPES,
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_what_is_wrong_is_told_by_its_place(changes: dict[str, Any], problem: tuple[str, str]) -> None:
    """And nothing else is."""
    assert codes(**changes) == [problem]


def test_an_age_needs_a_number_and_a_code_is_one_types() -> None:
    """A certificate of a newborn cannot say that somebody is over 60."""
    birth = LICENCE_TYPES["birth_certificate"]
    definitions = [
        LicenceTypeDefinition.model_validate(birth | {"presets": ["age_60"]}),
        LicenceTypeDefinition.model_validate(birth | {"code": "other"}),
    ]
    known = replace(KNOWN, departments={"wj": "1"})
    found = licence_problems(definitions, known, {})
    assert [problem.code for problem in found["birth_certificate"]] == ["age_without_number"]
    assert [problem.code for problem in found["other"]] == ["type_code_twice"]
