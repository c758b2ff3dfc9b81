"""``x-when``: fields that are asked only where others hold a value, and how any validator is told so.

The author writes ``x-when`` and lists the field in ``required`` where it is required when it is asked. What phones get
says the same in plain JSON Schema, so that a validator that knows nothing of ``x-when`` agrees with the server.
"""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

WHEN = "x-when"
COMPUTE = "x-compute"
REQUIRED = "x-required"
"""What a published schema keeps of its author's ``required`` where some of it is required only at times."""

_OURS = {"$comment": WHEN}


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal as JSON has it: ``true`` is no number."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def holds(when: Any, values: Mapping[str, Any]) -> bool:
    """Whether each field named holds one of its values; of an array, one in common is enough.

    What is no condition asks for nothing: a form is tried by its editor before it is right.
    """
    if not isinstance(when, Mapping):
        return True
    return all(name in values and _matches(values[name], wanted) for name, wanted in when.items())


def _matches(value: Any, wanted: Any) -> bool:
    wanted = wanted if isinstance(wanted, list) else []
    found = value if isinstance(value, list) else [value]
    return any(same(one, other) for one in found for other in wanted)


def is_asked(definition: Any, values: Mapping[str, Any]) -> bool:
    """Whether a field of this definition is asked beside these values of its neighbours."""
    return not isinstance(definition, dict) or holds(definition.get(WHEN, {}), values)


def published(schema: Schema) -> Schema:
    """A schema as phones get it: what stands under ``x-when`` is said by ``if`` and ``then`` as well.

    A field that is not asked is refused; one in ``required`` is required only where it is asked, and one that the
    server computes never. Published again, it stays as it is; ``authored`` gives back what its author wrote.
    """
    return _published(authored(schema))


def _published(schema: Schema) -> Schema:
    made = _within(schema, _published)
    fields = {name: field for name, field in schema.get("properties", {}).items() if isinstance(field, dict)}
    required = schema.get("required", [])
    plain = [name for name in required if not {WHEN, COMPUTE} & fields.get(name, {}).keys()]
    if plain != required:
        made["required"], made[REQUIRED] = plain, required
    rules = [_rule(name, field, needed=name in required) for name, field in fields.items() if field.get(WHEN)]
    if rules:
        made["allOf"] = [*schema.get("allOf", []), *rules]
    return made


def authored(schema: Schema) -> Schema:
    """A schema as its author wrote it, from what ``published`` made of it; any other is given back as it is."""
    made = _within(schema, authored)
    if REQUIRED in made:
        made["required"] = made.pop(REQUIRED)
    if isinstance(made.get("allOf"), list):
        made["allOf"] = [
            part for part in made["allOf"] if not (isinstance(part, dict) and _OURS.items() <= part.items())
        ]
        if not made["allOf"]:
            del made["allOf"]
    return made


def _within(schema: Schema, change: Any) -> Schema:
    made = dict(schema)
    if isinstance(schema.get("properties"), dict):
        made["properties"] = {
            name: change(field) if isinstance(field, dict) else field for name, field in schema["properties"].items()
        }
    if isinstance(schema.get("items"), dict):
        made["items"] = change(schema["items"])
    return made


def _rule(name: str, field: Schema, *, needed: bool) -> Schema:
    conditions = {other: _one_of(values) for other, values in field[WHEN].items()}
    asked = {"properties": conditions, "required": list(conditions)}
    needs = {"then": {"required": [name]}} if needed and COMPUTE not in field else {}
    return {**_OURS, "if": asked, **needs, "else": {"properties": {name: False}}}


def _one_of(values: list[Any]) -> Schema:
    return {"anyOf": [{"enum": values}, {"type": "array", "contains": {"enum": values}}]}
