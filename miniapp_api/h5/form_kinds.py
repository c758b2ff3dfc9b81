"""How a page asks a field of an item's form, by what its JSON Schema says of it."""

from collections.abc import Mapping
from typing import Any

from app.catalogue.choices import CODES, REGION, WIDGET
from app.catalogue.conditions import COMPUTE

Definition = Mapping[str, Any]

PREFIX = "f."
"""A field is sent under this and its name."""
TIGHT = frozenset({"phone", "id_number", "uscc"})
"""Widgets of what is often written with gaps, in small or wide letters."""
_MOST_RADIOS = 6
_LONGEST_LINE = 200
"""Characters; what may be longer is typed in several lines."""
_WIDGET_OF_SOURCE = {"identity.phone": "phone", "identity.id_number": "id_number", "company.uscc": "uscc"}


def kind_of(definition: Definition, value: Any = None) -> str:
    """The kind of a field that holds a value, as ``FormField`` names it."""
    if COMPUTE in definition or (definition.get("readOnly") and value is not None):
        return "fixed"
    if "properties" in definition:
        return "group"
    match type_of(definition):
        case "array":
            return _of_several(definition.get("items", {}))
        case "boolean":
            return "tick" if definition.get("const") is True else "yes_no"
    return _of_one(definition)


def _of_several(items: Definition) -> str:
    if "enum" in items or CODES in items:
        return "choices"
    return "entries" if "properties" in items else "lines"


def _of_one(definition: Definition) -> str:
    if "enum" in definition and len(definition["enum"]) <= _MOST_RADIOS:
        return "radio"
    if "enum" in definition or CODES in definition:
        return "select"
    if definition.get(WIDGET) == REGION or definition.get("format") == "date":
        return REGION if WIDGET in definition else "date"
    is_long = int(definition.get("maxLength", 0)) > _LONGEST_LINE
    return "textarea" if is_long or definition.get(WIDGET) == "textarea" else "text"


def type_of(definition: Definition) -> str:
    """The type of a value beside null."""
    kind = definition.get("type", "string")
    return next((one for one in kind if one != "null"), "string") if isinstance(kind, list) else str(kind)


def widget_of(definition: Definition) -> str:
    """The widget that is named, or that the source of the field says; empty where neither does."""
    source = definition.get("x-prefill", "")
    first = source if isinstance(source, str) else next(iter(source), "")
    return str(definition.get(WIDGET, "")) or _WIDGET_OF_SOURCE.get(first, "")


def object_of(value: Any) -> Mapping[str, Any]:
    """A value that should be an object; empty where it is none."""
    return value if isinstance(value, Mapping) else {}


def list_of(value: Any) -> list[Any]:
    """A value that should be a list; empty where it is none."""
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """A single value as it stands in an input."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
