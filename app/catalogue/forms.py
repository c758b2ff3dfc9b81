"""Forms: JSON Schema checked by a library, each problem told in Chinese by the field's title, never by its value."""

from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from app.kit import texts

_FORMATS = Draft202012Validator.FORMAT_CHECKER
_MISSING = "required"


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=_FORMATS)


def problems(schema: dict[str, Any], form: dict[str, Any], *, complete: bool) -> list[dict[str, str]]:
    """What is wrong with a form: ``[{field, reason, message}]``, empty where it passes.

    With ``complete`` false a missing field of the top level is no problem:
    a draft may be unfinished.
    """
    found: dict[str, dict[str, str]] = {}
    for error in _validator(schema).iter_errors(form):
        for field, reason in _places(error):
            top_level_missing = reason == _MISSING and "." not in field
            if complete or not top_level_missing:
                found.setdefault(field, _problem(schema, field, reason))
    return [found[field] for field in sorted(found)]


def prefill(schema: dict[str, Any], identity: dict[str, str | None]) -> dict[str, Any]:
    """The fields that can be filled from the citizen's identity: ``x-prefill`` names the source."""
    values = {
        name: identity.get(str(definition.get("x-prefill")))
        for name, definition in schema.get("properties", {}).items()
    }
    return {name: value for name, value in values.items() if value is not None}


def merge(schema: dict[str, Any], form: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The form with the changes put in; a field set to null is taken out.

    A ``readOnly`` field that is filled keeps its value whatever the change says: it is the verified identity.
    """
    properties = schema.get("properties", {})
    fixed = {name for name in form if properties.get(name, {}).get("readOnly")}
    merged = {**form, **{name: value for name, value in changes.items() if name not in fixed}}
    return {name: value for name, value in merged.items() if value is not None}


def _places(error: ValidationError) -> list[tuple[str, str]]:
    reason, path = str(error.validator), [str(part) for part in error.absolute_path]
    names: list[str] = []
    if reason == _MISSING and isinstance(error.instance, dict) and isinstance(error.validator_value, list):
        names = [name for name in error.validator_value if name not in error.instance]
    elif reason == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        names = ["?" for name in error.instance if name not in known][:1]
    return [(".".join([*path, name]), reason) for name in names] or [(".".join(path) or "?", reason)]


def _problem(schema: dict[str, Any], field: str, reason: str) -> dict[str, str]:
    definition = schema.get("properties", {}).get(field.split(".", maxsplit=1)[0], {})
    title = definition.get("title", texts.text("form", "unknown_field"))
    key = reason if reason in texts.keys("form") else "other"
    return {"field": field, "reason": reason, "message": texts.text("form", key, title=title)}
