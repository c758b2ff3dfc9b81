"""The one catalogue of what citizens read, by language."""

from functools import cache
from typing import Any

from config.reading import read_yaml
from config.settings import TEXTS


@cache
def _catalogue(language: str) -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = read_yaml(TEXTS / f"{language}.yaml")
    return loaded


def text(section: str, key: str, **values: Any) -> str:
    """The text under ``section`` and ``key`` with its placeholders filled. Raises KeyError where there is none."""
    return text_in("zh-CN", section, key, **values)


def text_in(language: str, section: str, key: str, **values: Any) -> str:
    """The same in a language. Raises KeyError where it has none: English has what pages say beside their own texts."""
    return _catalogue(language)[section][key].format(**values)


def page_text(language: str, key: str, **values: Any) -> str:
    """The text of web pages under ``section.key`` in a language. Raises KeyError where there is none."""
    section, _, name = key.partition(".")
    return _catalogue(f"pages/{language}")[section][name].format(**values)


def keys(section: str, language: str = "zh-CN") -> frozenset[str]:
    """All keys of a section."""
    return frozenset(_catalogue(language)[section])
