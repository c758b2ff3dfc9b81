"""What pages say, in every language."""

import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from app.applications.models import State
from app.kit.errors import Kind
from config.reading import read_yaml
from config.settings import TEXTS
from miniapp_api.surfaces import all_routes

PAGES = Path(__file__).parents[3] / "miniapp_api" / "h5" / "templates"
# What nearly every route may answer is said by its kind.
_BY_KIND = {
    *("access_token_expired", "access_token_invalid", "access_token_missing", "acting_not_possible", "body_too_large"),
    *(
        "head_too_large",
        "idempotency_key_reused",
        "invalid_cursor",
        "level_too_low",
        "not_found",
        "rate_limited",
        "temporarily_unavailable",
    ),
}
_KEY = re.compile(r'\bt\("([a-z_.]+[a-z])"')
_KEY_MADE = re.compile(r'\bt\("([a-z_]+\.[a-z_]*)" ~')


def catalogue(language: str) -> dict[str, str]:
    """Every text by its key."""
    sections: dict[str, dict[str, str]] = read_yaml(TEXTS / "pages" / f"{language}.yaml")
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


def test_english_says_what_pages_say_beside_their_own_texts() -> None:
    """Every error that a page may answer, mistake in a form and reason, filled with no more than in Chinese."""
    chinese, english = (read_yaml(TEXTS / f"{language}.yaml") for language in ("zh-CN", "en"))
    pages = [route for route in all_routes() if route.path.startswith("/h5/") and route.media_type == "text/html"]
    wanted = {error.code for route in pages for error in route.all_errors} - _BY_KIND
    assert wanted <= set(english["errors"]) <= set(chinese["errors"])
    for section in ("form", "prefill", "reason"):
        assert set(english[section]) == set(chinese[section])
    for section, texts in english.items():
        for key, text in texts.items():
            assert placeholders(text) <= placeholders(chinese[section][key]), key


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
