"""Everyday words and ignored ones: ``config/city/synonyms.yaml``."""

from functools import cache

from pydantic import BaseModel, ConfigDict

from config.reading import read_yaml
from config.settings import CITY_DATA


class Synonyms(BaseModel):
    """``everyday``: a word to the official ones that are looked for beside it. ``ignored`` words say nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    everyday: dict[str, list[str]]
    ignored: frozenset[str]


@cache
def synonyms() -> Synonyms:
    """The file's content."""
    return Synonyms.model_validate(read_yaml(CITY_DATA / "synonyms.yaml"))


def everyday() -> dict[str, list[str]]:
    """Everyday words with the official ones."""
    return synonyms().everyday


def ignored() -> frozenset[str]:
    """Words that say nothing about what somebody looks for."""
    return synonyms().ignored
