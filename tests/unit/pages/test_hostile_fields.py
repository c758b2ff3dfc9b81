"""Hostile text in every field of every form of the city: told or taken, and shown as text."""

from functools import partial
from typing import Any

import pytest

from app.catalogue.choices import UNLOOKED
from app.catalogue.form_words import told
from app.catalogue.forms import problems
from app.kit import texts
from miniapp_api.h5.form_fields import Lists, Shown, fields_of
from miniapp_api.h5.form_reading import read
from miniapp_api.h5.pages import _templates
from tests.hostile import LONG, PRINTED, broken_in
from tests.unit.city.reading import ITEMS

FORM = _templates().from_string(
    """{% import "_fields.html" as asks %}
{% for f in fields %}{{ asks.field(f, t) }}{% endfor %}{{ asks.facts(fields, t) }}"""
)
T = partial(texts.page_text, "en")


def sent(schema: dict[str, Any], text: str, prefix: str = "f.") -> dict[str, list[str]]:
    """A form in whose every field somebody wrote a text, whatever the field asks for."""
    found: dict[str, list[str]] = {}
    for name, definition in schema.get("properties", {}).items():
        place, items = f"{prefix}{name}", definition.get("items", {})
        if "properties" in definition:
            found |= sent(definition, text, f"{place}.")
        elif "properties" in items:
            found |= sent(items, text, f"{place}.0.")
        else:
            found[place] = [text]
    return found


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_no_field_is_broken_by_what_is_written_into_it(item: dict[str, Any]) -> None:
    """Every kind of field: what is wrong is said, what is shown is text."""
    schema = item["form_schema"]
    for text in (PRINTED["directions"] + PRINTED["script"], LONG, "a\0\ud83d\x1b"):
        form = {name: value for name, value in read(schema, sent(schema, text)).items() if value is not None}
        found = problems(schema, form, complete=True, known=UNLOOKED)
        wrong = {one["field"]: told(schema, one, "en") for one in found}
        assert found
        assert not [field for field, sentence in wrong.items() if text in sentence]
        shown = Shown(wrong=wrong, others=dict.fromkeys(schema["properties"], text), lists=Lists())
        page = FORM.render(fields=fields_of(schema, form, shown), t=T)
        assert not list(broken_in(page)), text[:20]
