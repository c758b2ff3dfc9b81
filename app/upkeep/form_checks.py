"""Whether an item's form is one that the city can publish; what forms may say at all is ``catalogue/vocabulary.py``."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from app.catalogue import forms
from app.catalogue.choices import Known as Chosen
from app.catalogue.conditions import WHEN
from app.catalogue.vocabulary import PREFILL, faults
from app.upkeep.problems import Known, Problem, Severity, error

DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMMON = {
    "applicant_name": "identity.name",
    "applicant_id_number": "identity.id_number",
    "applicant_phone": "identity.phone",
    "address": None,
    "region_code": None,
    "remark": None,
}
"""Fields that every form has, with the source that each is filled from."""

_SCHEMA = "form_schema"
_CHINESE = re.compile("[\u4e00-\u9fff]")
_OPTIONAL = {"remark"}
_DEEPEST = 20
_ANY_DIGIT = re.compile(r"\\[dDwWsS]")


def form_problems(schema: dict[str, Any], example: dict[str, Any], known: Known) -> Iterator[Problem]:
    """What is wrong with a form and its example. A fault of the vocabulary has the code ``form_`` and its reason.

    A form that refers elsewhere is not looked at further, for that would be fetched here; one with a fault is not tried
    with its example, for its patterns may run without end.
    """
    unsafe = list(_unsafe(schema))
    yield from unsafe
    if unsafe:
        return
    found = _faults(json.dumps(schema), frozenset(known.code_lists))
    yield from found
    if any(fault.code == "form_schema" for fault in found):
        return
    yield from _frame(schema)
    yield from _words(schema)
    yield from _common(schema)
    if found:
        return
    yield from _sources(schema, known)
    for path, fields in _objects(schema):
        yield from _options(path, fields)
    yield from _example(schema, example, known)


@lru_cache(maxsize=256)
def _faults(text: str, code_lists: frozenset[str]) -> tuple[Problem, ...]:
    """The faults of a form.

    Kept, for they are most of a check's work, and an import holds the same form for every place that offers an item.
    """
    return tuple(
        Problem(f"{_SCHEMA}.{fault['place']}".rstrip("."), f"form_{fault['reason']}", Severity.ERROR, fault["message"])
        for fault in faults(json.loads(text), code_lists)
    )


def fields_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The fields of a form with their definitions; none where it is no form."""
    fields = schema.get("properties")
    return fields if isinstance(fields, dict) else {}


def _parts(schema: Any, path: str = _SCHEMA, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every object within a schema with its place, as deep as a form may be."""
    if isinstance(schema, dict):
        yield path, schema
    children = schema.items() if isinstance(schema, dict) else enumerate(schema) if isinstance(schema, list) else ()
    for name, child in children if depth < _DEEPEST else ():
        yield from _parts(child, f"{path}.{name}", depth + 1)


def _objects(schema: Any, path: str = _SCHEMA) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields that stand beside each other with the place of their object: the form's, and those of each within."""
    if not isinstance(schema, dict):
        return
    fields = fields_of(schema)
    if fields:
        yield path, fields
    for name, definition in fields.items():
        yield from _objects(definition, f"{path}.properties.{name}")
    yield from _objects(schema.get("items"), f"{path}.items")


def _unsafe(schema: dict[str, Any]) -> Iterator[Problem]:
    for path, part in _parts(schema):
        if path.count(".") >= _DEEPEST:
            yield error(path, "form_too_deep")
            return
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in part:
                yield error(f"{path}.{keyword}", "form_reference")


def _frame(schema: dict[str, Any]) -> Iterator[Problem]:
    if schema.get("$schema") != DIALECT:
        yield error("form_schema.$schema", "form_dialect")
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield error("form_schema", "form_open")
    fields = fields_of(schema)
    for place, name in enumerate(schema.get("required", [])):
        if name not in fields:
            yield error(f"form_schema.required.{place}", "field_unknown")


def _words(schema: dict[str, Any]) -> Iterator[Problem]:
    for path, fields in _objects(schema):
        for name, definition in fields.items():
            if isinstance(definition, dict) and not _CHINESE.search(str(definition.get("title", ""))):
                yield error(f"{path}.properties.{name}", "field_untitled")
    for path, part in _parts(schema):
        if _ANY_DIGIT.search(str(part.get("pattern", ""))):
            yield error(f"{path}.pattern", "pattern_of_any_script")


def _sources(schema: dict[str, Any], known: Known) -> Iterator[Problem]:
    for name, definition in fields_of(schema).items():
        for source in forms.sources(definition):
            kind, *names = source.split(".")
            if kind == "licence" and names[1] not in known.licence_types.get(names[0], ()):
                yield error(f"{_SCHEMA}.properties.{name}.{PREFILL}", "source_unknown")


def _options(path: str, fields: dict[str, Any]) -> Iterator[Problem]:
    for name, definition in fields.items():
        for other, wanted in definition.get(WHEN, {}).items():
            choices = _choices(fields[other])
            if choices is not None and any(one not in choices for one in wanted):
                yield error(f"{path}.properties.{name}.{WHEN}.{other}", "option_unknown")


def _choices(definition: dict[str, Any]) -> list[Any] | None:
    """The values that may be chosen, None where any may be written."""
    choices = definition.get("enum")
    if choices is None and isinstance(definition.get("items"), dict):
        choices = definition["items"].get("enum")
    return choices if isinstance(choices, list) else None


def _common(schema: dict[str, Any]) -> Iterator[Problem]:
    fields, required = fields_of(schema), set(schema.get("required", []))
    for name, source in COMMON.items():
        definition = fields.get(name)
        if not isinstance(definition, dict):
            yield error(f"form_schema.properties.{name}", "common_field_missing")
            continue
        sources = definition.get("x-prefill")
        if source and source not in (sources if isinstance(sources, list) else [sources]):
            yield error(f"form_schema.properties.{name}.x-prefill", "common_field_source")
        if (name in required) is (name in _OPTIONAL):
            yield error("form_schema.required", "common_field_required")


def _example(schema: dict[str, Any], example: dict[str, Any], known: Known) -> Iterator[Problem]:
    for problem in forms.problems(schema, example, complete=True, known=Chosen(codes=None, regions=known.regions)):
        yield error(f"form_example.{problem['field']}", "example_refused")
    region = example.get("region_code")
    if isinstance(region, str) and region not in known.regions:
        yield error("form_example.region_code", "region_unknown")
