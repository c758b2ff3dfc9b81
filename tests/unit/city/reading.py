"""The city's data as the tests of it read it."""

import csv
from pathlib import Path
from typing import Any

import pytest

from config.reading import read_yaml
from config.settings import CITY_DATA


def read(path: Path) -> Any:
    """A YAML file's content."""
    return read_yaml(path)


def regions() -> dict[str, dict[str, str]]:
    """The rows of ``regions.csv`` by their code."""
    with (CITY_DATA / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_code = {row["code"]: row for row in rows}
    assert len(by_code) == len(rows)
    return by_code


DEPARTMENTS: dict[str, dict[str, str]] = {d["code"]: d for d in read(CITY_DATA / "departments.yaml")}
ITEMS: dict[str, dict[str, Any]] = {p.stem: read(p) for p in sorted((CITY_DATA / "items").glob("*.yaml"))}
LICENCE_TYPES: dict[str, dict[str, Any]] = {t["code"]: t for t in read(CITY_DATA / "licence_types.yaml")}
HALLS: dict[str, dict[str, Any]] = {hall["code"]: hall for hall in read(CITY_DATA / "halls.yaml")}
THEMES: dict[str, dict[str, str]] = {theme["code"]: theme for theme in read(CITY_DATA / "themes.yaml")}
LIFE_EVENTS: dict[str, dict[str, Any]] = {p.stem: read(p) for p in sorted((CITY_DATA / "life_events").glob("*.yaml"))}
IDENTITY = {
    "applicant_name": "identity.name",
    "applicant_id_number": "identity.id_number",
    "applicant_phone": "identity.phone",
}
COMMON_FIELDS = {*IDENTITY, "address", "region_code", "remark"}
every_item = pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS.keys())


def fields_of(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of an item's form."""
    properties: dict[str, dict[str, Any]] = item["form_schema"]["properties"]
    return properties


def choices_of(field: dict[str, Any]) -> list[Any]:
    """What may be chosen in a field; empty where anything may be written."""
    if field["type"] == "boolean":
        return [True, False]
    chosen: list[Any] = field.get("items", field).get("enum", [])
    return chosen


def asked(item: dict[str, Any], form: dict[str, Any]) -> set[str]:
    """The fields that a form with these values asks for, by ``x-when`` (docs/forms.md)."""
    shown: set[str] = set()
    for name, field in fields_of(item).items():
        conditions = field.get("x-when", {}).items()
        if all(other in shown and _holds(form.get(other), values) for other, values in conditions):
            shown.add(name)
    return shown


def _holds(value: Any, values: list[Any]) -> bool:
    return bool(set(value) & set(values)) if isinstance(value, list) else value in values
