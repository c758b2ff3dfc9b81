"""A form's schema and example as rows, one for each field of the top level, and back without loss.

What is usual has a column of its own; the rest of a field stands as JSON in ``other``, the rest of the schema in the
item's ``form_schema``. A field's own keys come back in the columns' order, which means nothing in JSON Schema; the
order of fields, which phones show, is kept. The value of a JSON cell is a list of the one value in it, so that null is
not an empty cell.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.upkeep.tables.problems import CellError

HEAD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
}
"""What a schema says beside its fields unless ``form_schema`` says otherwise."""

_TEXTS = ("title", "type", "format", "pattern", "x-prefill", "x-widget", "description")
_COUNTS = ("minLength", "maxLength")
_COLUMNS = ("title", "type", *_COUNTS, "format", "pattern", "enum", "x-prefill", "x-widget", "description", "readOnly")
_EMPTY: tuple[Any, ...] = (None, "", [])
_MOST = 999_999_999


def schema_rows(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each field, by the columns' names."""
    required = _list_of(schema.get("required"))
    for name, definition in _properties(schema).items():
        row: dict[str, Any] = {"field": name, "required": name in required}
        if isinstance(definition, dict):
            row |= {key: value for key, value in definition.items() if _has_column(key, value)}
            rest = {key: value for key, value in definition.items() if key not in row}
            yield row | {"other": [rest] if rest else None}
        else:
            yield row | {"other": [definition]}


def schema_rest(schema: Mapping[str, Any]) -> list[Any] | None:
    """What the rows do not say; None where it is ``HEAD``."""
    rest = {key: value for key, value in schema.items() if key not in ("properties", "required")}
    properties, required = _properties(schema), schema.get("required")
    if "properties" in schema and not properties:
        rest["properties"] = schema["properties"]
    if required is not None and required != ([name for name in properties if name in _list_of(required)] or None):
        rest["required"] = required
    return None if rest == HEAD and rest["additionalProperties"] is False else [rest]


def schema_of(rest: list[Any] | None, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The schema that its rest and its rows mean.

    Where ``rest`` has a list of what is required, it gives the order and names what has no row; a row says for its own
    field whether it is required.
    """
    given = HEAD if rest is None else rest[0]
    schema = {key: value for key, value in given.items() if key not in ("properties", "required")}
    named = {row["field"] for row in rows}
    wanted = [row["field"] for row in rows if row["required"]]
    ordered = given.get("required")
    if isinstance(ordered, list):
        kept = [name for name in ordered if name in wanted or name not in named]
        wanted = kept + [name for name in wanted if name not in kept]
    if wanted or ordered is not None:
        schema["required"] = wanted
    if rows or "properties" in given:
        schema["properties"] = {row["field"]: _definition(row) for row in rows}
    return schema


def check_rest(item: dict[str, Any]) -> None:
    """Raises CellError where the rest of a schema is no object, or speaks of the fields that have rows."""
    rest = item["form_schema"]
    if rest is not None and (not isinstance(rest[0], dict) or rest[0].get("properties")):
        raise CellError("form_rest_wrong")


def check_field(row: dict[str, Any]) -> None:
    """Raises CellError where a row's columns and its ``other`` contradict each other."""
    filled = [key for key in _COLUMNS if row[key] not in _EMPTY]
    other = row["other"][0] if row["other"] else {}
    if not isinstance(other, dict) and filled:
        raise CellError("form_other_alone")
    if twice := [key for key in filled if key in other]:
        raise CellError("form_key_twice", keyword=twice[0])


def _definition(row: dict[str, Any]) -> Any:
    other = row["other"][0] if row["other"] else {}
    if not isinstance(other, dict):
        return other
    return {key: row[key] for key in _COLUMNS if row[key] not in _EMPTY} | other


def example_rows(example: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each field of an example: text as text, all else as JSON."""
    for name, value in example.items():
        plain = isinstance(value, str)
        yield {"field": name, "text": value if plain else "", "json": None if plain else [value]}


def check_example(row: dict[str, Any]) -> None:
    """Raises CellError where a row has both a text and JSON."""
    if row["text"] and row["json"]:
        raise CellError("example_twice")


def example_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The example that its rows mean."""
    return {row["field"]: row["json"][0] if row["json"] else row["text"] for row in rows}


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _has_column(key: str, value: Any) -> bool:
    if key in _TEXTS:
        return isinstance(value, str) and value != ""
    if key in _COUNTS:
        return type(value) is int and 0 <= value <= _MOST
    if key == "readOnly":
        return isinstance(value, bool)
    return key == "enum" and isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
