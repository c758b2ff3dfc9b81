"""An item's form as a page asks it: its JSON Schema becomes fields."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.catalogue.choices import CODES, LEVEL, REGION, WIDGET
from app.catalogue.conditions import COMPUTE, WHEN, is_asked
from miniapp_api.h5.form_kinds import PREFIX, kind_of, list_of, object_of, text_of, type_of, widget_of

Options = Sequence[tuple[str, str]]

_INPUT_MODE = {"phone": "tel", "integer": "numeric", "number": "decimal"}


@dataclass(frozen=True, slots=True)
class Lists:
    """What fields are chosen from: the entries of each code list, and the places to choose between for a value.

    Places come level by level, each with the code that is chosen there, by the path of the field.
    """

    codes: Mapping[str, Options] = field(default_factory=dict)
    places: Mapping[str, Sequence[tuple[Options, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page knows of a form beside its values: what is wrong, where values come from, what may be chosen."""

    wrong: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    lists: Lists = field(default_factory=Lists)


@dataclass(frozen=True, slots=True)
class FormField:
    """A field as a page asks it.

    ``kind`` is text, textarea, lines (one entry a line), date, radio, select, choices (several), yes_no, tick, region,
    fixed (shown, not asked), group or entries (groups that repeat). ``chosen`` are the values of a choice, ``written``
    what stands in any other. ``when`` is the condition in JSON, empty where the field is always asked. ``other`` is
    what stands in the draft where another device put something else there.
    """

    name: str
    title: str
    kind: str
    required: bool
    asked: bool
    when: str = ""
    hint: str = ""
    written: str = ""
    chosen: tuple[str, ...] = ()
    options: Options = ()
    places: Sequence[tuple[Options, str]] = ()
    inputmode: str = ""
    wrong: str = ""
    source: str = ""
    other: str = ""
    parts: "tuple[FormField, ...]" = ()

    @property
    def id(self) -> str:
        """The name under which it is sent."""
        return PREFIX + self.name

    def said(self) -> str:
        """What was filled in, as people read it; of yes or no the value itself, empty where there is nothing."""
        if self.kind == "region":
            return "".join(dict(options).get(chosen, "") for options, chosen in self.places)
        if self.parts:
            return "\n".join(f"{part.title}：{part.said()}" for part in self.parts if part.said())
        if self.chosen:
            names = dict(self.options)
            return "、".join(names.get(one, one) for one in self.chosen)
        return self.written


def fields_of(schema: Mapping[str, Any], values: Mapping[str, Any], shown: Shown, above: str = "") -> list[FormField]:
    """The fields of a form, in its order; those that are not asked beside these values are there, and say so."""
    required = frozenset(schema.get("required", ()))
    return [
        _field(above + name, definition, values.get(name), shown, required=name in required, beside=values)
        for name, definition in schema.get("properties", {}).items()
    ]


def _field(
    name: str, definition: Mapping[str, Any], value: Any, shown: Shown, *, required: bool, beside: Mapping[str, Any]
) -> FormField:
    kind, when = kind_of(definition, value), definition.get(WHEN)
    of_kind = _of_kind(name, kind, definition, value, shown)
    return FormField(
        name=name,
        title=definition.get("title", ""),
        kind=kind,
        required=required and COMPUTE not in definition,
        asked=is_asked(definition, beside),
        when=json.dumps(when, ensure_ascii=False, separators=(",", ":")) if when else "",
        hint=definition.get("description", ""),
        wrong=_wrong(name, kind, shown),
        source=shown.sources.get(name, ""),
        other=shown.others.get(name, ""),
        **of_kind,
    )


def _wrong(name: str, kind: str, shown: Shown) -> str:
    """What is wrong with a field; of one whose entries are typed together, with the first of them."""
    within = () if kind in {"group", "entries"} else (told for told in shown.wrong if told.startswith(f"{name}."))
    return next((shown.wrong[told] for told in (name, *within) if told in shown.wrong), "")


def _of_kind(name: str, kind: str, definition: Mapping[str, Any], value: Any, shown: Shown) -> dict[str, Any]:
    """What a field of this kind has beside what every field has."""
    lists = shown.lists
    made: dict[str, Callable[[], dict[str, Any]]] = {
        "group": lambda: {"parts": tuple(fields_of(definition, object_of(value), shown, f"{name}."))},
        "entries": lambda: {"parts": tuple(_entries(name, definition, value, shown))},
        "choices": lambda: {"options": _options(definition["items"], lists), "chosen": _chosen(*list_of(value))},
        "lines": lambda: {"written": "\n".join(map(text_of, list_of(value)))},
        "region": lambda: {"places": lists.places.get(name, ())},
        "fixed": lambda: {"written": _shown(name, definition, value, lists)},
        **dict.fromkeys(
            ("radio", "select"), lambda: {"options": _options(definition, lists), "chosen": _chosen(value)}
        ),
        **dict.fromkeys(("yes_no", "tick"), lambda: {"chosen": _chosen(value)}),
    }
    return made.get(kind, lambda: _typed(definition, value))()


def _chosen(*values: Any) -> tuple[str, ...]:
    return tuple(text_of(one) for one in values if one is not None)


def _typed(definition: Mapping[str, Any], value: Any) -> dict[str, Any]:
    # A browser would cut what is pasted, and say nothing: what is too long is told instead.
    mode = _INPUT_MODE.get(widget_of(definition)) or _INPUT_MODE.get(type_of(definition), "")
    return {"written": text_of(value), "inputmode": mode}


def _entries(name: str, definition: Mapping[str, Any], value: Any, shown: Shown) -> Iterator[FormField]:
    """A group for each entry, and an empty one for the next."""
    there = list_of(value)
    count = min(
        max(len(there) + 1, int(definition.get("minItems", 0))), int(definition.get("maxItems", len(there) + 1))
    )
    for place in range(count):
        entry, at = object_of(there[place]) if place < len(there) else {}, f"{name}.{place}"
        parts = tuple(fields_of(definition["items"], entry, shown, f"{at}."))
        yield FormField(
            name=at,
            title=definition.get("title", ""),
            kind="group",
            required=False,
            asked=True,
            wrong=shown.wrong.get(at, ""),
            parts=parts,
        )


def _options(definition: Mapping[str, Any], lists: Lists) -> Options:
    if CODES in definition:
        return lists.codes.get(definition[CODES], ())
    return [(text_of(one), text_of(one)) for one in definition.get("enum", ())]


def _shown(name: str, definition: Mapping[str, Any], value: Any, lists: Lists) -> str:
    """A value as people read it: the name of a code, the names of a place from the widest on."""
    if isinstance(value, list):
        return "、".join(_shown(name, definition.get("items", {}), one, lists) for one in value)
    text = text_of(value)
    if CODES in definition:
        return dict(lists.codes.get(definition[CODES], ())).get(text, text)
    if definition.get(WIDGET) == REGION:
        return "".join(dict(options).get(chosen, "") for options, chosen in lists.places.get(name, ())) or text
    return text


def choosing(definition: Mapping[str, Any], value: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Every field of a form that is chosen from codes or places: its path, its definition, its value."""
    if CODES in definition or definition.get(WIDGET) == REGION:
        yield path, definition, value
    for name, child in definition.get("properties", {}).items():
        yield from choosing(child, object_of(value).get(name), f"{path}.{name}" if path else name)
    items = definition.get("items")
    if isinstance(items, dict):
        there = list_of(value)
        for place in range(len(there) + 1):
            yield from choosing(items, there[place] if place < len(there) else None, f"{path}.{place}")


def level_of(definition: Mapping[str, Any]) -> str:
    """The level that must be chosen at least where a field asks for a place."""
    return str(definition.get(LEVEL, "county"))
