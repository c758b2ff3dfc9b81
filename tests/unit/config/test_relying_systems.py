"""Which systems may verify licences, by the settings."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.demo.plan import make_plan, write_settings
from config.settings import DemoSettings, Settings


def settings(tmp_path: Path, **system: Any) -> Settings:
    """The demonstration's settings, with its relying system changed."""
    demo = DemoSettings(var=tmp_path)
    plan = make_plan(demo)
    write_settings(plan, demo)
    read = tomllib.loads(plan.config_file.read_text(encoding="utf-8"))
    read["relying_systems"]["schools"] |= system
    return Settings(**read)


def test_a_system_has_purposes_of_its_own(tmp_path: Path) -> None:
    """Each with the fields that it is told of each licence type."""
    schools = settings(tmp_path).relying_systems["schools"]
    assert schools.purposes["enrolment"].licence_types["food_business"] == ["business_name", "business_site"]


@pytest.mark.parametrize(
    ("sentence", "change"),
    [
        ("same client_id", {"client_id": "jiaban"}),
        ("string_too_short", {"title": ""}),
        ("greater_than_equal", {"per_minute": 0}),
        ("string_pattern_mismatch", {"purposes": {"Enrolment": {"title": "x", "licence_types": {}}}}),
    ],
)
def test_what_cannot_be_told_apart_or_read_is_refused(tmp_path: Path, sentence: str, change: dict[str, Any]) -> None:
    """An approval system's name is not a relying system's; no value is told."""
    with pytest.raises(ValidationError, match=sentence) as refused:
        settings(tmp_path, **change)
    assert "jiaban-sandbox" not in str(refused.value)
