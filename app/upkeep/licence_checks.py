"""Whether a licence type is right: pure rules, each problem told by its place and in Chinese."""

from collections.abc import Iterable, Iterator, Mapping, Set

from app.catalogue.guide import Guide
from app.catalogue.licence_type import LicenceTypeDefinition, Preset, Sensitivity
from app.identity.rules import Duty, Level
from app.upkeep.problems import Known, Problem, error, warning

_HOLDER_NUMBER = "holder_id_number"
"""The field whose number says how old the holder is."""


def licence_problems(
    definitions: Iterable[LicenceTypeDefinition], known: Known, asked_for: Mapping[str, Set[str]]
) -> dict[str, list[Problem]]:
    """What is wrong with licence types, by their codes.

    ``asked_for`` are, by licence type, the fields of the forms that lead to it.
    """
    found: dict[str, list[Problem]] = {}
    seen: set[str] = set()
    for definition in definitions:
        problems = [*_identity(definition, known, seen), *_shown(definition)]
        if definition.code in asked_for:
            problems += _sources(definition, asked_for[definition.code])
        found[definition.code] = problems
        seen.add(definition.type_code)
    return found


def asked_by_forms(guides: Iterable[Guide]) -> dict[str, set[str]]:
    """The fields of the forms that lead to licences, by licence type."""
    asked: dict[str, set[str]] = {}
    for guide in guides:
        if guide.licence_type:
            asked.setdefault(guide.licence_type, set()).update(guide.form_schema.get("properties", {}))
    return asked


def _identity(definition: LicenceTypeDefinition, known: Known, seen: set[str]) -> Iterator[Problem]:
    if definition.type_code in seen:
        yield error("type_code", "type_code_twice")
    if definition.department not in known.departments:
        yield error("department", "department_unknown")


def _shown(definition: LicenceTypeDefinition) -> Iterator[Problem]:
    fields = {field.name: field for field in definition.fields}
    sensitive = any(field.sensitivity is Sensitivity.SENSITIVE for field in fields.values())
    if sensitive and definition.assurance_level < Level.FACE:
        yield error("assurance_level", "sensitive_without_face")
    for name in definition.fields_for(Duty.VERIFY):
        if fields[name].masked:
            yield error("duties.verify", "number_to_verifiers")
    if Preset.AGE_60 in definition.presets and _HOLDER_NUMBER not in fields:
        yield error("presets", "age_without_number")
    if set(fields) - set(definition.card.front + definition.card.back):
        yield warning("card", "field_not_on_card")


def _sources(definition: LicenceTypeDefinition, asked_for: Set[str]) -> Iterator[Problem]:
    for place, field in enumerate(definition.fields):
        if field.from_form and field.from_form not in asked_for:
            yield error(f"fields.{place}.from_form", "source_not_asked_for")
    stated = definition.validity.from_form
    if stated and stated not in asked_for:
        yield error("validity.from_form", "source_not_asked_for")
