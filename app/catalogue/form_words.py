"""What citizens are told about a field of a form: its title and the bound, never what they wrote."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.kit import texts

_SECTION = "form"
# What is said with its bound: a condition elsewhere in the form may have another than the field itself.
_BOUND = frozenset(
    {f"{least}{what}" for least in ("min", "max") for what in ("Length", "Items", "Contains", "Properties", "imum")}
    | {"exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
)


def title_of(schema: dict[str, Any], path: Sequence[str | int], language: str = "zh-CN") -> str:
    """A field's title, also within others: “家庭成员第2项的姓名”. What the schema does not know is an unknown field."""
    definition: Any = schema
    title = ""
    for part in path:
        known = definition if isinstance(definition, dict) else {}
        if isinstance(part, int):
            definition = known.get("items")
            title += texts.text_in(language, _SECTION, "item", place=part + 1) if title else ""
        else:
            definition = known.get("properties", {}).get(part)
            own = definition.get("title", "") if isinstance(definition, dict) else ""
            title += texts.text_in(language, _SECTION, "within", title=own) if title and own else own
    return title or texts.text_in(language, _SECTION, "unknown_field")


def sentence(title: str, reason: str, bound: Any, definition: Any, language: str = "zh-CN") -> str:
    """What is wrong with a field. ``bound`` is the keyword's value, ``definition`` the field's own."""
    known = texts.keys(_SECTION)
    keys = [f"{reason}_{special}" for special in _special(reason, bound, definition)] + [reason, "other"]
    key = next(key for key in keys if key in known)
    return texts.text_in(language, _SECTION, key, title=title, bound=bound)


def told(schema: dict[str, Any], problem: Mapping[str, str], language: str) -> str:
    """A problem of ``forms.problems`` in a language.

    ``message`` has it in Chinese; in another one the bound is what the field's own definition says.
    """
    if language == "zh-CN":
        return problem["message"]
    path = tuple(int(part) if part.isdigit() else part for part in problem["field"].split("."))
    definition = _definition(schema, path)
    bound = definition.get(problem["reason"])
    key = problem["reason"] if bound is not None or problem["reason"] not in _BOUND else "other"
    return sentence(title_of(schema, path, language), key, bound, definition, language)


def _definition(schema: dict[str, Any], path: Sequence[str | int]) -> dict[str, Any]:
    definition: Any = schema
    for part in path:
        known = definition if isinstance(definition, dict) else {}
        definition = known.get("items") if isinstance(part, int) else known.get("properties", {}).get(part)
    return definition if isinstance(definition, dict) else {}


def _special(reason: str, bound: Any, definition: Any) -> list[str]:
    """What says more than the keyword alone: the type or format asked for, the kind of number, a box to tick."""
    if reason == "type":
        return [str(bound)]
    if reason in {"format", "x-level"}:
        return [str(bound)]
    if reason == "const":
        return ["ticked"] if bound is True else []
    widget = definition.get("x-widget") if isinstance(definition, dict) else None
    kind = definition.get("type") if isinstance(definition, dict) else None
    return {"pattern": [str(widget)], "required": [str(kind)]}.get(reason, [])
