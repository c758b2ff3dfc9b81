"""Finding service items, and loading them."""

import pytest

from app.catalogue import queries
from app.catalogue.errors import ItemNotFoundError, RegionUnknownError
from app.catalogue.models import Item, Region
from app.catalogue.service import load_city
from app.kit.errors import InvalidCursorError
from config.settings import CITY_DATA

pytestmark = pytest.mark.usefixtures("house")


async def first(text: str, region: str = "", audience: str = "") -> str:
    """The name of the first item found."""
    page = await queries.search_items(text, region, audience, None)
    return page.items[0].name if page.items else ""


@pytest.mark.parametrize("words", ["食品经营", "食品经营许可", "开饭店", "餐馆", " 食品经营 "])
async def test_the_trips_item_is_found_by_its_name_and_by_everyday_words(words: str) -> None:
    """First of all."""
    assert (await first(words)).startswith("食品经营")


async def test_an_item_of_the_city_is_found_in_each_of_its_villages() -> None:
    """And an unknown region is told."""
    village = await Region.filter(level="village").first()
    assert village
    assert (await first("食品经营", village.code)).startswith("食品经营")
    with pytest.raises(RegionUnknownError):
        await queries.search_items("", "000000", "", None)


async def test_the_signs_of_a_pattern_are_taken_as_they_are() -> None:
    """Nobody finds everything with a per cent sign."""
    for text in ("%", "_", "\\", "100%"):
        found = await queries.search_items(text, "", "", None)
        assert not [entry for entry in found.items if text not in entry.name]


async def test_pages_hold_each_item_once() -> None:
    """In one order, whatever was asked."""
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await queries.search_items("", "", "person", cursor)
        seen += [entry.item_code for entry in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == seen
    assert len(seen) == len(set(seen)) > 20
    with pytest.raises(InvalidCursorError):
        await queries.search_items("", "", "", "garbage")


async def test_an_item_that_is_not_there_is_told() -> None:
    """By its own error."""
    with pytest.raises(ItemNotFoundError):
        await queries.get_item("x")


async def test_loading_the_city_again_changes_nothing() -> None:
    """It is brought up to date, not doubled; Jiamusi has 1,678 regions."""
    before = {item.item_code: item.digest for item in await Item.all()}
    counts = await load_city(CITY_DATA)
    assert counts["regions"] == 1 + 10 + 138 + 1529
    assert counts["items"] >= 20
    assert {item.item_code: item.digest for item in await Item.all()} == before
    assert await Region.all().count() == counts["regions"]
