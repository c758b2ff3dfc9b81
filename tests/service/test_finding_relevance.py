"""What people type leads to what they mean: a list of queries, each with the item that must come first."""

from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import House
from app.finding.queries import search_items
from config.reading import read_yaml
from config.settings import CITY_DATA

QUERIES: dict[str, dict[str, str]] = read_yaml(Path(__file__).with_name("relevance.yaml"))
FLOOR = 0.95


def code_of(stem: str) -> str:
    """The code of the item in a file of ``config/city/items``."""
    loaded: dict[str, Any] = read_yaml(CITY_DATA / "items" / f"{stem}.yaml")
    return str(loaded["item_code"])


async def first(text: str) -> str | None:
    """The code of the first item that is found."""
    page = await search_items(text, "", "", None)
    return page.items[0].item_code if page.items else None


@pytest.mark.parametrize(("text", "stem"), QUERIES["must"].items())
async def test_what_is_asked_for_most_comes_first(quiet: House, text: str, stem: str) -> None:
    """Each of these."""
    del quiet
    assert await first(text) == code_of(stem)


async def test_what_people_mean_comes_first(quiet: House) -> None:
    """In nearly all queries; the share, and those that failed, are printed."""
    del quiet
    every = QUERIES["must"] | QUERIES["should"]
    failed = [text for text, stem in every.items() if await first(text) != code_of(stem)]
    share = 1 - len(failed) / len(every)
    print(f"{share:.1%} of {len(every)} queries find what they mean first; not so: {failed}")  # noqa: T201  # the figure
    assert len(every) >= 100
    assert share >= FLOOR, failed
