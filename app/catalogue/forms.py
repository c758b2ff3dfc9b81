"""Forms: what is wrong with one, told in Chinese by the fields' titles; how changes are put into one.

A form is JSON Schema 2020-12 with the ``x-`` keywords of ``docs/forms.md``. Everything here is pure: what a check needs
of the city's lists comes as ``Known``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from jsonschema.exceptions import ValidationError

from app.catalogue import form_validator
from app.catalogue.choices import LEVEL, Known, choices, wrong
from app.catalogue.computing import compute
from app.catalogue.conditions import COMPUTE, is_asked
from app.catalogue.form_words import sentence, title_of

Problem = dict[str, str]
Path = tuple[str | int, ...]

_MISSING = "required"
_UNKNOWN = "?"


def problems(schema: dict[str, Any], form: dict[str, Any], *, complete: bool, known: Known) -> list[Problem]:
    """What is wrong with a form: ``[{field, reason, message}]``, one for each field, empty where it passes.

    ``field`` is the name, that of a field within others joined by dots (``members.1.name``), ``?`` for one that the
    form does not have; ``reason`` the keyword. With ``complete`` false a missing field of the top level is no problem:
    a draft may be unfinished. Values are never told, nor names of the sender's own.
    """
    unfit = form_validator.unfit(form)
    fit = {name: value for name, value in form.items() if name not in unfit}
    found: dict[str, Problem] = {}
    for path, reason, bound, definition in _all(schema, fit, unfit, known):
        if reason == _MISSING and len(path) == 1 and not complete:
            continue
        field = ".".join(str(part) for part in path) or _UNKNOWN
        message = sentence(title_of(schema, path), reason, bound, definition)
        found.setdefault(field, {"field": field, "reason": reason, "message": message})
    return [found[field] for field in sorted(found)]


def _all(
    schema: dict[str, Any], form: dict[str, Any], unfit: Mapping[str, str], known: Known
) -> Iterator[tuple[Path, str, Any, Any]]:
    properties = schema.get("properties", {})
    for name, reason in unfit.items():
        if name in properties:
            yield (name,), reason, None, properties[name]
        else:
            yield (), "additionalProperties", None, None
    for error in form_validator.errors_of(schema, form):
        yield _place(error)
    for choice in choices(schema, form):
        if mistake := wrong(choice, known):
            yield choice.path, mistake, choice.definition.get(LEVEL), choice.definition


def _place(error: ValidationError) -> tuple[Path, str, Any, Any]:
    path, reason = tuple(error.absolute_path), str(error.validator)
    if reason == "additionalProperties":
        # What is beside is named by nobody but the sender.
        return (*path, _UNKNOWN), reason, None, None
    definition: Any = error.schema
    if path and reason in {_MISSING, "x-when"} and isinstance(definition, dict):
        definition = definition.get("properties", {}).get(path[-1])
    return path, reason, error.validator_value, definition


def sources(definition: Any) -> Sequence[str]:
    """Where a field may be filled from, the best first."""
    named = definition.get("x-prefill", ()) if isinstance(definition, dict) else ()
    return (named,) if isinstance(named, str) else tuple(named)


def merge(schema: dict[str, Any], form: dict[str, Any], changes: dict[str, Any], *, today: date) -> dict[str, Any]:
    """The form with the changes put in; a field set to null is taken out.

    A ``readOnly`` field that is filled keeps its value whatever the change says: it is the verified identity. Computed
    fields are the server's alone. What is not asked beside the new values goes. What cannot be kept at all stays for
    ``problems`` to tell.
    """
    properties = schema.get("properties", {})
    fixed = {name for name in form if _is_read_only(properties.get(name))}
    merged = {**form, **{name: value for name, value in changes.items() if name not in fixed}}
    unfit = form_validator.unfit(merged)
    fit = {name: value for name, value in merged.items() if value is not None and name not in unfit}
    return {**settle(schema, fit, today=today), **{name: merged[name] for name in unfit}}


def settle(schema: dict[str, Any], form: dict[str, Any], *, today: date) -> dict[str, Any]:
    """A form with its computed fields filled and without those that are not asked; a verified one stays.

    What goes may have been what another field was asked for: it is looked at until nothing changes.
    """
    settled = form
    for _ in range(len(schema.get("properties", {})) + 1):
        before, settled = settled, _settled(schema, settled, today)
        if settled == before:
            break
    return settled


def _settled(schema: Any, form: dict[str, Any], today: date) -> dict[str, Any]:
    properties = schema.get("properties", {})
    filled = {name: _deeper(properties.get(name), value, today) for name, value in form.items()}
    for name, definition in properties.items():
        if isinstance(definition, dict) and COMPUTE in definition:
            filled.pop(name, None)
            value = compute(definition, filled, today)
            if value is not None:
                filled[name] = value
    return {
        name: value
        for name, value in filled.items()
        if is_asked(properties.get(name), filled) or _is_read_only(properties.get(name))
    }


def _deeper(definition: Any, value: Any, today: date) -> Any:
    """The same within objects and lists, as deep as the schema goes."""
    if not isinstance(definition, dict):
        return value
    if isinstance(value, dict) and "properties" in definition:
        return settle(definition, value, today=today)
    if isinstance(value, list) and isinstance(definition.get("items"), dict):
        return [_deeper(definition["items"], entry, today) for entry in value]
    return value


def _is_read_only(definition: Any) -> bool:
    return isinstance(definition, dict) and bool(definition.get("readOnly")) and COMPUTE not in definition
