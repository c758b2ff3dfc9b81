"""JSON Schema 2020-12 as forms are held to it: checked by a library, in bounded time, with the ``x-`` keywords known.

What a phone sends is looked at by ``unfit`` first: numbers and characters that nothing of ours can keep, and more of it
than any form has. What passes that is validated in time that grows with its size alone.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

from app.catalogue.conditions import COMPUTE, is_asked
from app.catalogue.patterns import LONGEST, is_bounded

LARGEST = 2**53 - 1
"""The largest number that every reader of JSON knows exactly (RFC 8259, section 6)."""
MOST_VALUES = 5000
DEEPEST = 12

_UNKEEPABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NO_REGISTRY: Registry[Any] = Registry()


def unfit(form: dict[str, Any]) -> dict[str, str]:
    """Fields of the top level that cannot be kept, each with why: ``character``, ``number`` or ``size``.

    Never descends by recursion, so that nesting costs nothing.
    """
    found: dict[str, str] = {}
    values = 0
    for name, content in form.items():
        waiting: list[tuple[Any, int]] = [(name, 0), (content, 1)]
        while waiting and name not in found:
            value, depth = waiting.pop()
            values += 1
            reason = "size" if depth > DEEPEST or values > MOST_VALUES else _unfit(value)
            if reason:
                found[name] = reason
            elif isinstance(value, dict):
                waiting += [(key, depth) for key in value] + [(child, depth + 1) for child in value.values()]
            elif isinstance(value, list):
                waiting += [(child, depth + 1) for child in value]
    return found


def _unfit(value: Any) -> str | None:
    if isinstance(value, str):
        return "character" if _UNKEEPABLE.search(value) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None if abs(value) <= LARGEST else "number"
    return None


def errors_of(schema: dict[str, Any], form: dict[str, Any]) -> Iterator[ValidationError]:
    """What is wrong with a form that is fit. A schema refers to nothing outside itself, and nothing is fetched."""
    checker = Draft202012Validator.FORMAT_CHECKER
    yield from _Validator(schema, registry=_NO_REGISTRY, format_checker=checker).iter_errors(form)


def _properties(validator: Any, properties: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    del schema
    if not isinstance(instance, dict):
        return
    for name, definition in properties.items():
        if name not in instance:
            continue
        if is_asked(definition, instance):
            yield from validator.descend(instance[name], definition, path=name, schema_path=name)
        else:
            yield ValidationError("", validator="x-when", path=(name,))


def _required(validator: Any, required: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    del validator
    if not isinstance(instance, dict):
        return
    for name in required:
        definition = schema.get("properties", {}).get(name)
        computed = isinstance(definition, dict) and COMPUTE in definition
        if name not in instance and is_asked(definition, instance) and not computed:
            yield ValidationError("", path=(name,))


def _dependent_required(validator: Any, dependent: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    del validator, schema
    if not isinstance(instance, dict):
        return
    for name, needed in dependent.items():
        for other in needed if name in instance else ():
            if other not in instance:
                yield ValidationError("", validator="required", path=(other,))


def _items(validator: Any, items: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The places of an array that is too long are not looked at: it is refused as a whole."""
    if isinstance(instance, list) and len(instance) <= schema.get("maxItems", MOST_VALUES):
        for place, value in enumerate(instance):
            yield from validator.descend(value, items, path=place)


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Compared by their text, which takes time that grows with the array; 1 and 1.0 are the same number."""
    del validator, schema
    if wanted and isinstance(instance, list):
        texts = [json.dumps(_plain(value), sort_keys=True) for value in instance]
        if len(set(texts)) < len(texts):
            yield ValidationError("")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _multiple_of(validator: Any, unit: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Exact in decimals, as the number was written: 0.3 is a multiple of 0.1."""
    del schema
    if validator.is_type(instance, "number") and Decimal(str(instance)) % Decimal(str(unit)) != 0:
        yield ValidationError("")


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Never tried on more characters than the field may have, and never where it could take for ever."""
    del validator
    longest = min(schema.get("maxLength", LONGEST), LONGEST)
    if not isinstance(instance, str) or (len(instance) > longest and "maxLength" in schema):
        return
    if len(instance) > longest or (is_bounded(pattern, longest) and not _compiled(pattern).search(instance)):
        yield ValidationError("")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """In Python ``$`` also stands before a line's end; in a form it is the end, as in every other validator."""
    ends = pattern.endswith("$") and not pattern.endswith(r"\$")
    return re.compile(pattern[:-1] + r"\Z" if ends else pattern)


_Validator: Any = extend(  # type: ignore[no-untyped-call]  # jsonschema types it not
    Draft202012Validator,
    {
        "properties": _properties,
        "required": _required,
        "dependentRequired": _dependent_required,
        "items": _items,
        "uniqueItems": _unique_items,
        "multipleOf": _multiple_of,
        "pattern": _pattern,
    },
)
