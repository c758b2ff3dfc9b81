"""What authors of forms may write: JSON Schema as far as citizens can be told about it, and the ``x-`` keywords."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from app.catalogue.choices import CODES, LEVEL, REGION, REGION_LEVELS, WIDGET
from app.catalogue.computing import RULES
from app.catalogue.conditions import COMPUTE, REQUIRED, WHEN
from app.catalogue.forms import sources
from app.catalogue.patterns import LONGEST, is_bounded
from app.kit import texts

PREFILL = "x-prefill"
ASSERTIONS = frozenset(
    {
        *("type", "enum", "const", "format", "pattern", "minLength", "maxLength"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("properties", "required", "dependentRequired", "additionalProperties", "minProperties", "maxProperties"),
        *("items", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"),
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else"),
    }
)
"""Keywords that a form may break."""
ANNOTATIONS = frozenset({"$schema", "$comment", "title", "description", "default", "examples", "readOnly"})
OURS = frozenset({PREFILL, WIDGET, LEVEL, CODES, WHEN, COMPUTE})
WIDGETS = frozenset({"textarea", REGION, "phone", "id_number", "uscc"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SOURCE = re.compile(
    r"identity\.(name|id_number|phone)|company\.(name|uscc|legal_representative)|earlier"
    r"|licence\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*|shared\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"
)
_PARTS = ("contains", "not", "if", "then", "else")
_LISTS = ("allOf", "anyOf", "oneOf")
_OF_ONE = frozenset(RULES) - {"sum_of"}

Fault = tuple[str, str]


def faults(schema: dict[str, Any], code_lists: Collection[str]) -> list[dict[str, str]]:
    """What is wrong with a form that somebody wrote: ``[{field, reason, message}]``, empty where it may be published.

    ``field`` is as in ``forms.problems``, with ``*`` for every place of a list; ``code_lists`` are those that exist.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        found: Iterator[Fault] = iter([("", "schema")])
    else:
        found = _object(schema, "", frozenset(code_lists))
    return [
        {"field": field, "reason": reason, "message": texts.text("form_fault", reason)}
        for field, reason in dict.fromkeys(found)
    ]


def _object(schema: dict[str, Any], path: str, lists: frozenset[str]) -> Iterator[Fault]:
    yield from _plain(schema, path)
    fields = schema.get("properties", {})
    for name, field in fields.items():
        place = f"{path}{name}"
        if not _NAME.fullmatch(name):
            yield place, "name"
        if not isinstance(field, dict) or not field.get("title"):
            yield place, "title"
        else:
            yield from _field(name, field, place, fields, lists)
    if _goes_round(fields):
        yield path.rstrip("."), "circle"


def _field(
    name: str, field: dict[str, Any], place: str, fields: dict[str, Any], lists: frozenset[str]
) -> Iterator[Fault]:
    yield from _value(field, place, lists)
    if not _is_when(field.get(WHEN, {}), {*fields} - {name}) or (WHEN in field and field.get("readOnly")):
        yield place, "when"
    if COMPUTE in field and not _is_compute(field[COMPUTE], {*fields} - {name}):
        yield place, "compute"
    named = sources(field)
    # What is read-only is believed: nobody vouches for what was typed into an earlier form.
    if not all(isinstance(source, str) and _SOURCE.fullmatch(source) for source in named) or (
        "earlier" in named and field.get("readOnly")
    ):
        yield place, "prefill"
    if "." in place and (PREFILL in field or field.get("readOnly")):
        yield place, "top_level"


def _value(field: dict[str, Any], place: str, lists: frozenset[str]) -> Iterator[Fault]:
    if "properties" in field:
        yield from _object(field, f"{place}.", lists)
    else:
        yield from _plain(field, place)
    if isinstance(field.get("items"), dict):
        yield from _value(field["items"], f"{place}.*", lists)
    if (field.get("type") == "string" and "maxLength" not in field) or (
        field.get("type") == "array" and not {"maxItems", "items"} <= field.keys()
    ):
        yield place, "unbounded"
    if CODES in field and (field[CODES] not in lists or field.get("type") != "string"):
        yield place, "codes"
    is_region = field.get(WIDGET) == REGION
    if field.get(WIDGET, REGION) not in WIDGETS or (is_region and field.get("type") != "string"):
        yield place, "widget"
    if LEVEL in field and (field[LEVEL] not in REGION_LEVELS[2:] or not is_region):
        yield place, "level"


def _plain(part: Any, path: str) -> Iterator[Fault]:
    """Keywords of JSON Schema, also within conditions, where none of ours may stand."""
    if not isinstance(part, dict):
        return
    place = path.rstrip(".")
    known = ASSERTIONS | ANNOTATIONS | OURS
    if not part.keys() <= known or REQUIRED in part or part.get("$comment") == WHEN:
        yield place, "keyword"
    if "pattern" in part and not is_bounded(part["pattern"], min(part.get("maxLength", LONGEST), LONGEST)):
        yield place, "pattern"
    for inner in [part[key] for key in _PARTS if key in part] + [one for key in _LISTS for one in part.get(key, [])]:
        yield from _condition(inner, place)


def _condition(part: Any, place: str) -> Iterator[Fault]:
    yield from _plain(part, place)
    if not isinstance(part, dict):
        return
    if OURS & part.keys():
        yield place, "keyword"
    for inner in [*part.get("properties", {}).values(), part.get("items")]:
        yield from _condition(inner, place)


def _is_when(when: Any, others: set[str]) -> bool:
    return (
        isinstance(when, dict)
        and when.keys() <= others
        and all(
            isinstance(values, list) and values and not any(_is_nested(value) for value in values)
            for values in when.values()
        )
    )


def _is_nested(value: Any) -> bool:
    return value is None or isinstance(value, dict | list)


def _is_compute(definition: Any, others: set[str]) -> bool:
    if not isinstance(definition, dict) or definition.keys() != {"rule", "of"}:
        return False
    rule, fields = definition["rule"], definition["of"]
    if rule not in RULES or not isinstance(fields, list) or not fields or not set(map(str, fields)) <= others:
        return False
    return rule not in _OF_ONE or len(fields) == 1


def _goes_round(fields: dict[str, Any]) -> bool:
    """Whether a field hangs on itself by way of others: what it is asked for, or computed from."""
    waiting = {name: _hangs_on(field) & fields.keys() for name, field in fields.items()}
    while free := [name for name, needs in waiting.items() if not needs & waiting.keys()]:
        for name in free:
            del waiting[name]
    return bool(waiting)


def _hangs_on(field: Any) -> set[str]:
    if not isinstance(field, dict):
        return set()
    when, compute = field.get(WHEN), field.get(COMPUTE)
    found = set(when) if isinstance(when, dict) else set()
    if isinstance(compute, dict) and isinstance(compute.get("of"), list):
        found |= set(map(str, compute["of"]))
    return found
