"""Everyday words lead to what the city offers."""

from typing import Any

import pytest

from app.finding import words
from app.finding.everyday import everyday
from config.reading import read_yaml
from config.settings import CITY_DATA


@pytest.fixture(scope="module")
def phrases() -> set[str]:
    """The names and keywords of every item, plain."""
    found: set[str] = set()
    for path in (CITY_DATA / "items").glob("*.yaml"):
        item: dict[str, Any] = read_yaml(path)
        found |= {words.plain(text) for text in (item["name"], item["short_name"], *item["keywords"])}
    return found


@pytest.mark.parametrize(("word", "official"), [(word, one) for word, all_ in everyday().items() for one in all_])
def test_each_official_word_stands_in_a_name_or_keyword(phrases: set[str], word: str, official: str) -> None:
    """A word that leads nowhere is a slip of ours."""
    assert any(words.plain(official) in phrase for phrase in phrases), word
