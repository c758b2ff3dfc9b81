"""Halls, themes and life events: what they name is there, and what a life event asks once means one thing."""

import re
from collections.abc import Iterator
from math import asin, cos, radians, sin, sqrt
from typing import Any

import pytest

from config.settings import CITY_DATA
from tests.unit.city.reading import COMMON_FIELDS, HALLS, ITEMS, LIFE_EVENTS, THEMES, fields_of, read, regions

BY_CODE = {item["item_code"]: item for item in ITEMS.values()}
LONGITUDES, LATITUDES = (129.4, 135.1), (45.9, 48.6)
COUNTY_REACH_KM = 120
EARTH_KM = 6371
LEVELS = ["county", "township", "village"]
every_event = pytest.mark.parametrize("event", LIFE_EVENTS.values(), ids=LIFE_EVENTS.keys())


def kilometres(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The way between two halls on the sphere (haversine)."""
    east, north = (radians(one[key] - other[key]) for key in ("longitude", "latitude"))
    across = cos(radians(one["latitude"])) * cos(radians(other["latitude"]))
    return 2 * EARTH_KM * asin(sqrt(sin(north / 2) ** 2 + across * sin(east / 2) ** 2))


def test_halls_are_whole_and_stand_in_the_city() -> None:
    assert len(read(CITY_DATA / "halls.yaml")) == len(HALLS)
    keys = {"code", "name", "region", "address", "hours", "phone", "longitude", "latitude", "kind"}
    for hall in HALLS.values():
        assert set(hall) == keys
        assert all(hall[key] != "" for key in keys)
        assert LONGITUDES[0] < hall["longitude"] < LONGITUDES[1]
        assert LATITUDES[0] < hall["latitude"] < LATITUDES[1]
        assert hall["longitude"] == round(hall["longitude"], 4)
        assert hall["latitude"] == round(hall["latitude"], 4)
    for key in ("name", "address"):
        assert len({hall[key] for hall in HALLS.values()}) == len(HALLS), key
    assert len({(hall["longitude"], hall["latitude"]) for hall in HALLS.values()}) == len(HALLS)


def test_halls_have_the_code_of_their_place() -> None:
    by_code = regions()
    kinds = {"city": "city", "self_service": "city", "county": "county", "township": "township"}
    for code, hall in HALLS.items():
        assert by_code[hall["region"]]["level"] == kinds[hall["kind"]]
        assert code == (hall["kind"] if hall["region"] == "230800" else hall["region"])
        place = by_code[hall["region"]]["name"]
        assert place in hall["name"]


def test_every_county_has_its_hall_and_the_halls_of_its_townships_are_near() -> None:
    counties = {code for code, row in regions().items() if row["level"] == "county"}
    assert {hall["region"] for hall in HALLS.values() if hall["kind"] == "county"} == counties
    townships = [hall for hall in HALLS.values() if hall["kind"] == "township"]
    assert len(townships) >= 15
    for hall in townships:
        assert kilometres(hall, HALLS[hall["region"][:6]]) < COUNTY_REACH_KM, hall["name"]


def test_themes_are_named_once_and_are_for_somebody() -> None:
    themes = read(CITY_DATA / "themes.yaml")
    assert len({theme["name"] for theme in themes}) == len(THEMES) == len(themes)
    for theme in themes:
        assert set(theme) == {"code", "name", "audience"}
        assert re.fullmatch("[a-z_]+", theme["code"])
        assert theme["audience"] in {"person", "company"}


def test_there_are_enough_life_events() -> None:
    assert len(LIFE_EVENTS) >= 6
    assert all(event["code"] == stem for stem, event in LIFE_EVENTS.items())
    assert len({event["name"] for event in LIFE_EVENTS.values()}) == len(LIFE_EVENTS)


@every_event
def test_life_event_covers_items_that_are_there(event: dict[str, Any]) -> None:
    assert set(event) == {"code", "name", "summary", "audience", "themes", "keywords", "items", "same"}
    assert set() < set(event["themes"]) <= set(THEMES)
    assert len(set(event["keywords"])) == len(event["keywords"]) >= 4
    codes = [covered["item_code"] for covered in event["items"]]
    assert len(set(codes)) == len(codes) >= 2
    assert any(covered["required"] for covered in event["items"])
    for covered in event["items"]:
        assert set(covered) == {"item_code", "required"}
        assert set() < set(event["audience"]) <= set(BY_CODE[covered["item_code"]]["audience"])


@every_event
def test_same_fields_are_there_and_named_once(event: dict[str, Any]) -> None:
    codes = [covered["item_code"] for covered in event["items"]]
    named: set[tuple[str, str]] = set()
    for group in event["same"]:
        assert len(group) >= 2
        assert list(group) == [code for code in codes if code in group]
        for code, field in group.items():
            assert field in fields_of(BY_CODE[code])
            assert field not in COMMON_FIELDS
            assert (code, field) not in named
            named.add((code, field))


def merged(event: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The fields that are asked once: those ``same`` joins, and those of one name."""
    items = {covered["item_code"]: fields_of(BY_CODE[covered["item_code"]]) for covered in event["items"]}
    joined = {(code, field) for group in event["same"] for code, field in group.items()}
    yield from ([items[code][field] for code, field in group.items()] for group in event["same"])
    for name in {name for fields in items.values() for name in fields}:
        one_name = [fields[name] for code, fields in items.items() if name in fields and (code, name) not in joined]
        if len(one_name) > 1:
            yield one_name


def level(field: dict[str, Any]) -> int:
    return LEVELS.index(field.get("x-level", "county"))


def passes(first: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether what the first field's rules let through passes the other's too."""
    alike = all(first.get(key) == other.get(key) for key in ("type", "format", "x-codes"))
    choices = "enum" not in other or set(first.get("enum", ["none"])) <= set(other["enum"])
    pattern = other.get("pattern") in {None, first.get("pattern")}
    upper = all(first.get(key, 1e9) <= other[key] for key in ("maxLength", "maximum", "maxItems") if key in other)
    lower = all(first.get(key, -1e9) >= other[key] for key in ("minLength", "minimum", "minItems") if key in other)
    inner = "items" not in other or passes(first["items"], other["items"])
    return alike and choices and pattern and upper and lower and inner and level(first) >= level(other)


@every_event
def test_fields_of_one_name_have_one_title(event: dict[str, Any]) -> None:
    joined = {(code, field) for group in event["same"] for code, field in group.items()}
    titles: dict[str, str] = {}
    for code in (covered["item_code"] for covered in event["items"]):
        for name, field in fields_of(BY_CODE[code]).items():
            if name not in COMMON_FIELDS and (code, name) not in joined:
                assert titles.setdefault(name, field["title"]) == field["title"], name


@every_event
def test_what_is_asked_once_means_one_thing(event: dict[str, Any]) -> None:
    for first, *others in merged(event):
        for other in others:
            assert passes(first, other), (first["title"], other["title"])
