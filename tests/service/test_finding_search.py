"""Finding service items."""

from uuid import uuid4

import pytest

from app.catalogue.models import Item, Region
from app.catalogue.queries import get_item
from app.finding import queries
from app.finding.errors import RegionUnknownError
from app.finding.service import index_items
from app.kit.errors import InvalidCursorError
from app.kit.paging import PAGE

pytestmark = pytest.mark.usefixtures("house")


async def first(text: str, region: str = "", audience: str = "") -> str:
    """The name of the first item found."""
    page = await queries.search_items(text, region, audience, None)
    return page.items[0].name if page.items else ""


@pytest.mark.parametrize("words", ["食品经营", "食品经营许可", "开饭店", "餐馆", " 食品经营 "])
async def test_the_trips_item_is_found_by_its_name_and_by_everyday_words(words: str) -> None:
    """First of all."""
    assert (await first(words)).startswith("食品经营")


async def test_a_slip_of_the_finger_finds_it_too() -> None:
    """After all that hold the words as they were typed; what is like nothing finds nothing."""
    assert (await first("食品经营许可正")).startswith("食品经营")
    assert await first("zzzzzz") == ""


async def test_names_come_before_everyday_words() -> None:
    """A name that begins so, a name that holds it, then keywords."""
    page = await queries.search_items("居", "", "", None)
    begins, holds = [entry.name.startswith("居") for entry in page.items], ["居" in entry.name for entry in page.items]
    assert begins == sorted(begins, reverse=True)
    assert holds == sorted(holds, reverse=True)
    assert True in begins
    assert begins != holds


async def test_an_item_of_the_city_is_found_in_each_of_its_places() -> None:
    """Down to the village."""
    for level in ("city", "county", "township", "village"):
        place = await Region.filter(level=level).order_by("-code").first()
        assert place
        assert (await first("食品经营", place.code)).startswith("食品经营")


async def test_a_region_that_is_none_is_told() -> None:
    """And is not an empty answer."""
    for code in ("000000", "230899", "230802", "2308", "230800000000"):
        with pytest.raises(RegionUnknownError):
            await queries.search_items("", code, "", None)


async def test_an_item_of_a_county_is_found_there_and_nowhere_else() -> None:
    """In its villages, but neither next door nor in the city as a whole."""
    here, next_door = await Region.filter(level="county").order_by("code").limit(2)
    village, other = [
        await Region.filter(level="village", code__startswith=one.code).first() for one in (here, next_door)
    ]
    assert village
    assert other
    some = await Item.first()
    assert some
    guide = (await get_item(some.item_code)).guide
    item = some.clone(pk=guide.item_code[:18] + "4" + "9" * 12)
    item.name, item.basic_code, item.region = f"试办事项{uuid4().hex}", "9" * 12, here.code
    await item.save()
    await index_items(
        [guide.model_copy(update={"item_code": item.item_code, "basic_code": item.basic_code, "name": item.name})]
    )
    try:
        found = {code: await first(item.name, code) for code in ("", here.code, village.code)}
        missed = {code: await first(item.name, code) for code in ("230800", next_door.code, other.code)}
    finally:
        await item.delete()
    assert set(found.values()) == {item.name}
    assert set(missed.values()) == {""}


@pytest.mark.parametrize("audience", ["person", "company"])
async def test_items_are_told_apart_by_whom_they_are_for(audience: str) -> None:
    """Some are for both."""
    page = await queries.search_items("", "", audience, None)
    assert page.items
    assert not [entry for entry in page.items if audience not in entry.audience]


async def test_the_signs_of_a_pattern_are_taken_as_they_are() -> None:
    """Nobody finds everything with a per cent sign."""
    for text in ("%", "_", "\\", "100%"):
        found = await queries.search_items(text, "", "", None)
        assert not [entry for entry in found.items if text not in entry.name]


@pytest.mark.parametrize("words", ["", "证", "办"])
async def test_pages_hold_each_item_once(words: str) -> None:
    """All that were found by these words, whatever their rank."""
    pages: list[list[str]] = []
    cursor: str | None = None
    while cursor or not pages:
        page = await queries.search_items(words, "", "person", cursor)
        pages.append([entry.item_code for entry in page.items])
        cursor = page.next_cursor
    seen = [code for codes in pages for code in codes]
    guides = [(await get_item(item.item_code)).guide for item in await Item.all()]
    wanted = {
        guide.item_code
        for guide in guides
        if "person" in guide.audience and (words in guide.name or any(words in keyword for keyword in guide.keywords))
    }
    assert len(seen) == len(set(seen))
    assert set(seen) >= wanted
    assert all(len(codes) == PAGE for codes in pages[:-1])


async def test_a_cursor_of_nobodys_is_refused() -> None:
    """As everywhere."""
    with pytest.raises(InvalidCursorError):
        await queries.search_items("", "", "", "garbage")
