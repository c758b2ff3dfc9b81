"""What authors of forms may write: JSON Schema as far as citizens can be told about it, and the ``x-`` keywords."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from app.catalogue.choices import CODES, LEVEL, REGION, REGION_LEVELS, WIDGET
from app.catalogue.computing import RULES
from app.catalogue.conditions import COMPUTE, REQUIRED, WHEN
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

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SOURCE = re.compile(
    r"identity\.(name|id_number|phone)|company\.(name|uscc|legal_representative)|earlier"
    r"|licence\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*|shared\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*"
)
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains")
_PARTS = ("contains", "not", "if", "then", "else", "additionalProperties")
_LISTS = ("allOf", "anyOf", "oneOf")
_OF_FIELDS = frozenset({PREFILL, WHEN, COMPUTE})
_OF_ONE = frozenset(RULES) - {"sum_of"}

Fault = tuple[str, str]


def faults(schema: dict[str, Any], code_lists: Collection[str]) -> list[dict[str, str]]:
    """What is wrong with a form that somebody wrote: ``[{place, reason, message}]``, empty where it may be published.

    ``place`` is where it stands in the schema, names and positions joined by dots (``properties.goods.items``), empty
    for the form itself; ``code_lists`` are those that exist. What is no schema at all is told by that alone.
    """
    found = list(_no_schema(schema)) or _form(schema, frozenset(code_lists))
    return [
        {"place": place, "reason": reason, "message": texts.text("form_fault", reason)}
        for place, reason in dict.fromkeys(found)
    ]


def _no_schema(schema: dict[str, Any]) -> Iterator[Fault]:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as failed:
        yield ".".join(str(part) for part in failed.absolute_path), "schema"
    except (OverflowError, RecursionError):
        # A pattern that no engine can hold, or a form as deep as that.
        yield "", "schema"


def _form(schema: dict[str, Any], lists: frozenset[str]) -> Iterator[Fault]:
    if OURS & schema.keys():
        yield "", "keyword"
    yield from _object(schema, "", lists)


def _within(place: str, *names: str) -> str:
    return ".".join([*([place] if place else []), *names])


def _object(schema: dict[str, Any], place: str, lists: frozenset[str]) -> Iterator[Fault]:
    yield from _plain(schema, place)
    fields = schema.get("properties", {})
    for name, field in fields.items():
        at = _within(place, "properties", name)
        if not _NAME.fullmatch(name):
            yield at, "name"
        if not isinstance(field, dict) or not field.get("title"):
            yield at, "title"
        else:
            yield from _value(field, at, lists)
            yield from _neighbours(field, at, {*fields} - {name})
            yield from _prefilled(field, at, is_top=not place)
    if _goes_round(fields):
        yield place, "circle"


def _neighbours(field: dict[str, Any], place: str, others: set[str]) -> Iterator[Fault]:
    if not _is_when(field.get(WHEN, {}), others) or (WHEN in field and field.get("readOnly")):
        yield place, "when"
    if COMPUTE in field and not _is_compute(field[COMPUTE], others):
        yield place, "compute"


def _prefilled(field: dict[str, Any], place: str, *, is_top: bool) -> Iterator[Fault]:
    written = field.get(PREFILL, [])
    named = written if isinstance(written, list) else [written]
    # What is read-only is believed: nobody vouches for what was typed into an earlier form.
    if not all(isinstance(source, str) and _SOURCE.fullmatch(source) for source in named) or (
        "earlier" in named and field.get("readOnly")
    ):
        yield place, "prefill"
    if not is_top and (PREFILL in field or field.get("readOnly")):
        yield place, "top_level"


def _value(field: dict[str, Any], place: str, lists: frozenset[str]) -> Iterator[Fault]:
    if "properties" in field:
        yield from _object(field, place, lists)
    else:
        yield from _plain(field, place)
    items = field.get("items")
    if isinstance(items, dict):
        if _OF_FIELDS & items.keys():
            yield _within(place, "items"), "keyword"
        yield from _value(items, _within(place, "items"), lists)
    kind = field.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    # A text that is chosen has the length of its choices.
    if ("string" in kinds and not {"maxLength", "enum", "const"} & field.keys()) or (
        "array" in kinds and not ("maxItems" in field and isinstance(items, dict))
    ):
        yield place, "unbounded"
    yield from _chosen(field, place, lists)


def _chosen(field: dict[str, Any], place: str, lists: frozenset[str]) -> Iterator[Fault]:
    is_text = field.get("type") == "string"
    if CODES in field and not (_is_one_of(field[CODES], lists) and is_text):
        yield place, "codes"
    is_region = field.get(WIDGET) == REGION
    if not _is_one_of(field.get(WIDGET, REGION), WIDGETS) or (is_region and not is_text):
        yield place, "widget"
    if LEVEL in field and not (_is_one_of(field[LEVEL], REGION_LEVELS[2:]) and is_region):
        yield place, "level"


def _is_one_of(value: Any, known: Collection[str]) -> bool:
    return isinstance(value, str) and value in known


def _plain(part: Any, place: str) -> Iterator[Fault]:
    """Keywords of JSON Schema, also within conditions, where none of ours may stand."""
    if not isinstance(part, dict):
        return
    known = ASSERTIONS | ANNOTATIONS | OURS
    if not part.keys() <= known or REQUIRED in part or part.get("$comment") == WHEN:
        yield place, "keyword"
    if any(isinstance(part.get(key), float) for key in _COUNTS):
        yield place, "count"
    if "pattern" in part and not is_bounded(part["pattern"], int(min(part.get("maxLength", LONGEST), LONGEST))):
        yield place, "pattern"
    for key in _PARTS:
        yield from _condition(part.get(key), _within(place, key))
    for key in _LISTS:
        for position, one in enumerate(part.get(key, [])):
            yield from _condition(one, _within(place, key, str(position)))


def _condition(part: Any, place: str) -> Iterator[Fault]:
    yield from _plain(part, place)
    if not isinstance(part, dict):
        return
    if OURS & part.keys():
        yield place, "keyword"
    for name, inner in part.get("properties", {}).items():
        yield from _condition(inner, _within(place, "properties", name))
    yield from _condition(part.get("items"), _within(place, "items"))


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
    if not _is_one_of(rule, RULES) or not isinstance(fields, list) or not fields or not set(map(str, fields)) <= others:
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
