"""Forms of items as pages ask them: what is shown can be sent, and what is sent means the same."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.catalogue.choices import UNLOOKED
from app.catalogue.conditions import COMPUTE
from app.catalogue.forms import problems
from miniapp_api.h5.form_fields import FormField, Lists, Shown, fields_of
from miniapp_api.h5.form_reading import read
from tests.unit.city.reading import ITEMS


def sent(fields: list[FormField]) -> Iterator[tuple[str, str]]:
    """What a browser sends of these fields, as HTML has it."""
    for field in fields:
        if not field.asked or field.kind == "fixed":
            continue
        if field.kind in {"group", "entries"}:
            yield from sent(list(field.parts))
        elif field.kind in {"choices", "tick"}:
            yield from ((field.id, value) for value in ("", *field.chosen))
        elif field.kind in {"radio", "select", "yes_no"}:
            yield from ((field.id, value) for value in field.chosen)
        elif field.kind == "region":
            yield from ((field.id, chosen) for _, chosen in field.places)
        else:
            yield field.id, field.written.replace("\n", "\r\n")


def by_name(pairs: Iterator[tuple[str, str]]) -> dict[str, list[str]]:
    """Pairs as a server reads them."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_every_form_of_the_city_comes_back_as_it_was_shown(item: dict[str, Any]) -> None:
    """The example of each item, shown on a page and sent by a browser, is the example again."""
    schema, example = item["form_schema"], item["form_example"]
    places = {name: [((), value)] for name, value in example.items() if isinstance(value, str)}
    fields = fields_of(schema, example, Shown(lists=Lists(places=places)))
    came = read(schema, by_name(sent(fields)))
    fixed = {name for name, part in schema["properties"].items() if part.get("readOnly") or COMPUTE in part}
    given = {name: value for name, value in came.items() if value is not None}
    assert given == {name: value for name, value in example.items() if name not in fixed}
    assert problems(schema, {**example, **given}, complete=True, known=UNLOOKED) == []


MEMBERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "members": {
            "type": "array",
            "title": "家庭成员",
            "maxItems": 3,
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "title": "姓名", "maxLength": 50},
                    "age": {"type": "integer", "title": "年龄"},
                },
            },
        },
        "agrees": {"type": "boolean", "const": True, "title": "本人承诺"},
        "phone": {"type": "string", "title": "电话", "x-widget": "phone", "maxLength": 11},
        "area": {"type": "number", "title": "面积"},
        "names": {"type": "array", "title": "名称", "items": {"type": "string", "maxLength": 9}, "maxItems": 3},
    },
}


def test_entries_have_a_place_for_the_next_one() -> None:
    """And an empty one is none."""
    form = {"members": [{"name": "李桂兰", "age": 70}]}
    (members, *_) = fields_of(MEMBERS, form, Shown(wrong={"members.0.age": "太大"}))
    assert [part.name for part in members.parts] == ["members.0", "members.1"]
    assert members.parts[0].parts[1].wrong == "太大"
    assert read(MEMBERS, by_name(sent([members])))["members"] == form["members"]
    full = {"members": [{"name": "甲"}] * 3}
    assert len(fields_of(MEMBERS, full, Shown())[0].parts) == 3


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("phone", " 138 0000-0000 ", "1380000-0000"),
        ("phone", "１３８００００００００", "13800000000"),
        ("area", "１，２00.5", 1200.5),
        ("area", "60.0", 60),
        ("area", "很大", "很大"),
        ("area", "1e400", "1e400"),
        ("area", "nan", "nan"),
        ("agrees", "true", True),
        ("agrees", "", None),
        ("names", "甲\r\n\r\n 乙 ", ["甲", "乙"]),
    ],
)
def test_what_people_type_means_what_they_mean(name: str, typed: str, value: Any) -> None:
    """Gaps and wide letters are put right; what means nothing stays as it was typed."""
    found = read(MEMBERS, {f"f.{name}": [typed]})[name]
    assert (found, type(found)) == (value, type(value))


def test_a_field_of_which_nothing_came_stays() -> None:
    """A page that is older than the form takes nothing out."""
    assert read(MEMBERS, {"f.phone": ["1"], "f.else": ["x"], "g": ["x"]}) == {"phone": "1"}
