"""Whether an item's form is one that phones can show and that no hand can break; see docs/forms.md."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from app.catalogue import forms
from app.catalogue.choices import Known as Chosen
from app.upkeep.patterns import may_run_away
from app.upkeep.problems import Known, Problem, error

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

WIDGETS = frozenset({"textarea", "region", "phone", "id_number", "uscc"})
LEVELS = frozenset({"county", "township", "village"})
RULES = frozenset({"birth_date_of", "sex_of", "age_of", "sum_of"})
_SOURCES = frozenset(
    {
        *(f"identity.{name}" for name in ("name", "id_number", "phone")),
        *(f"company.{name}" for name in ("name", "uscc", "legal_representative")),
        "earlier",
    }
)
_SHARED = re.compile(r"shared\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_LICENCE = re.compile(r"licence\.([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_OPTIONAL = {"remark"}
_BOUNDING = {"enum", "const"}
_BOUNDS = {"string": "maxLength", "array": "maxItems"}
_DEEPEST = 20
_LONGEST_PATTERN = 200
_ANY_DIGIT = re.compile(r"\\[dDwWsS]")


def form_problems(schema: dict[str, Any], example: dict[str, Any], known: Known) -> Iterator[Problem]:
    """What is wrong with a form and its example.

    A form that refers elsewhere, or whose patterns may run without end, is not tried: it would be fetched or run here.
    """
    unsafe = list(_unsafe(schema))
    yield from unsafe
    if unsafe:
        return
    fault = _schema_fault(json.dumps(schema))
    if fault:
        yield error(fault, "form_schema")
        return
    fields = fields_of(schema)
    yield from _frame(schema)
    for name, definition in fields.items():
        yield from _field(f"form_schema.properties.{name}", name, definition, fields, known)
    yield from _common(schema)
    for problem in forms.problems(schema, example, complete=True, known=Chosen(codes=None, regions=known.regions)):
        yield error(f"form_example.{problem['field']}", "example_refused")
    if "region_code" in example and example["region_code"] not in known.regions:
        yield error("form_example.region_code", "region_unknown")


@lru_cache(maxsize=256)
def _schema_fault(text: str) -> str | None:
    """The place where a form is no JSON Schema, None where it is one.

    Kept, for it is most of a check's work, and an import holds the same form for every place that offers an item.
    """
    try:
        Draft202012Validator.check_schema(json.loads(text))
    except SchemaError as failed:
        return ".".join(["form_schema", *(str(part) for part in failed.absolute_path)])
    return None


def fields_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The fields of a form with their definitions; none where it is no form."""
    fields = schema.get("properties")
    return fields if isinstance(fields, dict) else {}


def _parts(schema: Any, path: str = "form_schema", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every object within a schema with its place, as deep as a form may be."""
    if isinstance(schema, dict):
        yield path, schema
    children = schema.items() if isinstance(schema, dict) else enumerate(schema) if isinstance(schema, list) else ()
    for name, child in children if depth < _DEEPEST else ():
        yield from _parts(child, f"{path}.{name}", depth + 1)


def _unsafe(schema: dict[str, Any]) -> Iterator[Problem]:
    for path, part in _parts(schema):
        if path.count(".") >= _DEEPEST:
            yield error(path, "form_too_deep")
            return
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in part:
                yield error(f"{path}.{keyword}", "form_reference")
        patterns = [("pattern", part["pattern"])] if isinstance(part.get("pattern"), str) else []
        if isinstance(part.get("patternProperties"), dict):
            patterns += [("patternProperties", text) for text in part["patternProperties"]]
        for keyword, pattern in patterns:
            if len(pattern) > _LONGEST_PATTERN or may_run_away(pattern):
                yield error(f"{path}.{keyword}", "pattern_unsafe")


def _frame(schema: dict[str, Any]) -> Iterator[Problem]:
    if schema.get("$schema") != DIALECT:
        yield error("form_schema.$schema", "form_dialect")
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield error("form_schema", "form_open")
    fields = fields_of(schema)
    for place, name in enumerate(schema.get("required", [])):
        if name not in fields:
            yield error(f"form_schema.required.{place}", "field_unknown")


def _field(path: str, name: str, definition: Any, fields: dict[str, Any], known: Known) -> Iterator[Problem]:
    if not isinstance(definition, dict):
        yield error(path, "form_schema")
        return
    if not _FIELD.fullmatch(name):
        yield error(path, "field_name")
    if not _CHINESE.search(str(definition.get("title", ""))):
        yield error(path, "field_untitled")
    for place, part in _parts(definition, path):
        bound = _BOUNDS.get(str(part.get("type")))
        if bound and bound not in part and not _BOUNDING & set(part):
            yield error(place, "field_unbounded")
        if _ANY_DIGIT.search(str(part.get("pattern", ""))):
            yield error(f"{place}.pattern", "pattern_of_any_script")
        yield from _keywords(place, part, {other: fields[other] for other in fields if other != name}, known)


def _keywords(path: str, definition: dict[str, Any], others: dict[str, Any], known: Known) -> Iterator[Problem]:
    for keyword, value in definition.items():
        if not keyword.startswith("x-"):
            continue
        place = f"{path}.{keyword}"
        match keyword:
            case "x-prefill":
                yield from _sources(place, value, known)
            case "x-widget":
                yield from _chosen(place, value, WIDGETS)
            case "x-level":
                yield from _chosen(place, value, LEVELS if definition.get("x-widget") == "region" else frozenset())
            case "x-codes":
                if known.code_lists is not None and value not in known.code_lists:
                    yield error(place, "code_list_unknown")
            case "x-when":
                yield from _when(place, value, others)
            case "x-compute":
                yield from _computed(place, value, others)
            case _:
                yield error(place, "keyword_unknown")


def _chosen(place: str, value: Any, allowed: frozenset[str]) -> Iterator[Problem]:
    if not isinstance(value, str) or value not in allowed:
        yield error(place, "choice")


def _sources(place: str, value: Any, known: Known) -> Iterator[Problem]:
    for source in value if isinstance(value, list) else [value]:
        if not isinstance(source, str):
            yield error(place, "source_unknown")
            continue
        licence = _LICENCE.fullmatch(source)
        field_there = licence is not None and licence[2] in known.licence_types.get(licence[1], ())
        if not (source in _SOURCES or _SHARED.fullmatch(source) or field_there):
            yield error(place, "source_unknown")


def _when(place: str, value: Any, fields: dict[str, Any]) -> Iterator[Problem]:
    if not isinstance(value, dict) or not value:
        yield error(place, "keyword_shape")
        return
    for name, wanted in value.items():
        if not isinstance(fields.get(name), dict):
            yield error(f"{place}.{name}", "field_unknown")
        elif not isinstance(wanted, list) or not wanted:
            yield error(f"{place}.{name}", "keyword_shape")
        else:
            choices = _choices(fields[name])
            if choices is not None and any(one not in choices for one in wanted):
                yield error(f"{place}.{name}", "option_unknown")


def _choices(definition: dict[str, Any]) -> list[Any] | None:
    """The values that may be chosen, None where any may be written."""
    choices = definition.get("enum")
    if choices is None and isinstance(definition.get("items"), dict):
        choices = definition["items"].get("enum")
    return choices if isinstance(choices, list) else None


def _computed(place: str, value: Any, fields: dict[str, Any]) -> Iterator[Problem]:
    if not isinstance(value, dict) or set(value) != {"rule", "of"} or not isinstance(value["of"], list):
        yield error(place, "keyword_shape")
        return
    if value["rule"] not in RULES:
        yield error(f"{place}.rule", "choice")
    for name in value["of"]:
        if not isinstance(name, str) or name not in fields:
            yield error(f"{place}.of", "field_unknown")


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
