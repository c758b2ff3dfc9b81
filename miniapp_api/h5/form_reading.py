"""What a browser sent of an item's form, as values.

A field is sent under ``f.<name>``, one within others under their names joined by dots (``f.members.0.name``). Nothing
here decides whether a value is right: what cannot be read stays as it was typed, and is told as ``forms`` tells it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sanic import Request
from sanic.request import RequestParameters

from app.catalogue.conditions import COMPUTE
from miniapp_api.h5.form_kinds import PREFIX, TIGHT, kind_of, text_of, type_of, widget_of

Sent = Mapping[str, Sequence[str]]

_NUMBERS = frozenset({"integer", "number"})
_MOST_DIGITS = 18
"""Above that no number of a form lies, and none is spelled out."""


def sent_of(request: Request, prefix: str = PREFIX) -> Sent:
    """What a form of a page sent under names with a prefix, each with all that came under it."""
    form = request.form or RequestParameters()
    return {str(name): [str(one) for one in form.getlist(name)] for name in form if str(name).startswith(prefix)}


def read(schema: Mapping[str, Any], sent: Sent) -> dict[str, Any]:
    """What a browser sent of a form: None takes a value out, a field of which nothing came stays as it is."""
    return {
        name: _read(definition, f"{PREFIX}{name}", sent)
        for name, definition in schema.get("properties", {}).items()
        if COMPUTE not in definition and _came(f"{PREFIX}{name}", sent)
    }


def _came(name: str, sent: Sent) -> bool:
    return name in sent or any(one.startswith(f"{name}.") for one in sent)


def _read(definition: Mapping[str, Any], name: str, sent: Sent) -> Any:
    given = [one.replace("\r\n", "\n").strip() for one in sent.get(name, ())]
    filled = [one for one in given if one]
    match kind_of(definition):
        case "group":
            return _read_object(definition, name, sent)
        case "entries":
            most = int(definition.get("maxItems", 0))
            entries = [_read_object(definition["items"], f"{name}.{place}", sent) for place in range(most)]
            return [entry for entry in entries if entry] or None
        case "choices":
            return [_value(definition["items"], one) for one in filled] or None
        case "lines":
            return [line.strip() for one in filled for line in one.splitlines() if line.strip()] or None
        case _:
            # The last is the nearest: of places one is chosen at each level.
            return _value(definition, filled[-1]) if filled else None


def _read_object(definition: Mapping[str, Any], name: str, sent: Sent) -> dict[str, Any] | None:
    found = {part: _read(child, f"{name}.{part}", sent) for part, child in definition.get("properties", {}).items()}
    return {part: value for part, value in found.items() if value is not None} or None


def _value(definition: Mapping[str, Any], text: str) -> Any:
    """What a text means; as it was typed where it means nothing."""
    if "enum" in definition:
        return {text_of(one): one for one in definition["enum"]}.get(text, text)
    kind = type_of(definition)
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in _NUMBERS:
        return _number(text)
    if widget_of(definition) in TIGHT:
        return "".join(unicodedata.normalize("NFKC", text).split()).upper()
    return text


def _number(text: str) -> int | float | str:
    """A number as people type it, wide digits and commas between thousands too."""
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    try:
        number = Decimal(plain)
    except InvalidOperation:
        return text
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS:
        return text
    return int(number) if number == number.to_integral_value() else float(number)
