"""A licence type says what it shows to whom, and refuses to be half a type."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.catalogue.licence_type import LicenceTypeDefinition, Preset

TYPE: dict[str, Any] = {
    "code": "card",
    "name": "证",
    "type_code": "11100000000013338W032",
    "department": "scjg",
    "assurance_level": 2,
    "validity": {"years": 5},
    "fields": [
        {"name": "holder_name", "title": "姓名", "meaning": "姓名。", "sensitivity": "personal"},
        {"name": "id_number", "title": "号码", "meaning": "号码。", "sensitivity": "personal", "masked": True},
        {"name": "file_number", "title": "档案号", "meaning": "档案号。", "sensitivity": "personal", "number": True},
        {"name": "trade", "title": "类别", "meaning": "类别。", "sensitivity": "public"},
    ],
    "duties": {"verify": ["trade", "holder_name"]},
    "presets": ["valid", "card", "all"],
    "card": {"title": "证", "color": "#1f5fa8", "front": ["holder_name", "trade"], "back": ["file_number"]},
}


def test_a_duty_sees_what_the_type_grants_it_and_no_more() -> None:
    """In the licence's order; what is not granted, also to a duty that is not named, is nothing."""
    definition = LicenceTypeDefinition.model_validate(TYPE)
    assert definition.fields_for("verify") == ["holder_name", "trade"]
    assert definition.fields_for("window") == []
    assert definition.fields_for("administer") == []


def test_a_preset_shows_no_more_than_it_says() -> None:
    """The card without its numbers; whether it is valid, or somebody's age, without any field."""
    definition = LicenceTypeDefinition.model_validate(TYPE)
    assert definition.preset_fields(Preset.CARD) == ["holder_name", "trade"]
    assert definition.preset_fields(Preset.ALL) == ["holder_name", "id_number", "file_number", "trade"]
    assert definition.preset_fields(Preset.VALID) == definition.preset_fields(Preset.AGE_60) == []


def test_a_type_survives_being_stored() -> None:
    """What the city's file says is what the database gives back."""
    definition = LicenceTypeDefinition.model_validate(TYPE)
    assert LicenceTypeDefinition.model_validate(definition.model_dump(mode="json")) == definition


@pytest.mark.parametrize(
    "change",
    [
        {"validity": {}},
        {"validity": {"years": 5, "endless": True}},
        {"validity": {"endless": False}},
        {"validity": {"years": 0}},
        {"fields": [*TYPE["fields"], TYPE["fields"][0]]},
        {"fields": []},
        {"duties": {"verify": ["name"]}},
        {"duties": {"everybody": ["trade"]}},
        {"presets": ["valid", "valid"]},
        {"presets": ["birthday"]},
        {"card": {**TYPE["card"], "front": []}},
        {"card": {**TYPE["card"], "back": ["trade"]}},
        {"card": {**TYPE["card"], "back": ["nothing"]}},
        {"type_code": "11100000000013338WABC"},
        {"reminders": {"yearly": {"day": "02-29", "text": "请年报。"}}},
        {"reminders": {"yearly": {"day": "05-15", "text": ""}}},
    ],
    ids=str,
)
def test_half_a_type_is_refused(change: dict[str, Any]) -> None:
    """At loading, before anybody holds such a licence."""
    with pytest.raises(ValidationError):
        LicenceTypeDefinition.model_validate(TYPE | change)
