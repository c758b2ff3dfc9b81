"""What pages say, in every language."""

import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml

from app.applications.models import State
from app.kit.errors import Kind
from config.settings import TEXTS

PAGES = Path(__file__).parents[3] / "miniapp_api" / "h5" / "templates"
_KEY = re.compile(r'\bt\("([a-z_.]+[a-z])"')
_KEY_MADE = re.compile(r'\bt\("([a-z_]+\.[a-z_]*)" ~')


def catalogue(language: str) -> dict[str, str]:
    """Every text by its key."""
    sections: dict[str, dict[str, str]] = yaml.safe_load((TEXTS / "pages" / f"{language}.yaml").read_text("utf-8"))
    return {f"{section}.{key}": text for section, texts in sections.items() for key, text in texts.items()}


def placeholders(text: str) -> set[str | None]:
    """What is filled in."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_are_complete() -> None:
    """They have the same texts, which are filled with the same."""
    chinese, english = catalogue("zh-CN"), catalogue("en")
    assert set(chinese) == set(english)
    assert not [key for key in chinese if placeholders(chinese[key]) != placeholders(english[key])]
    assert all(chinese.values())
    assert all(english.values())


def test_templates_and_texts_know_the_same_keys() -> None:
    """No template asks for what is missing, and nothing is left over."""
    sources = "".join(path.read_text("utf-8") for path in PAGES.glob("*.html"))
    texts = set(catalogue("en"))
    asked, made = set(_KEY.findall(sources)), tuple(_KEY_MADE.findall(sources))
    assert asked <= texts
    assert all(any(key.startswith(prefix) for key in texts) for prefix in made)
    kinds = {f"error.{kind}" for kind in Kind}
    assert not {key for key in texts - asked - kinds if not key.startswith(made)}


@pytest.mark.parametrize("section", ["state", "now"])
def test_every_state_of_a_case_has_its_words(section: str) -> None:
    """What it is called, and what the citizen does now."""
    texts: dict[str, Any] = catalogue("zh-CN")
    assert {f"{section}.{state}" for state in State} == {key for key in texts if key.startswith(f"{section}.")}
