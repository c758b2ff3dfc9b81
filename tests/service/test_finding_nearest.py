"""Which office's item is shown, and what a search narrows to."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.bootstrap import House
from app.catalogue.models import Item, LifeEventItem, Region
from app.catalogue.queries import get_item
from app.finding.facets import Facets, count_facets
from app.finding.life_events import find_life_events
from app.finding.matching import Filters, read_query
from app.finding.queries import ItemEntry, search_items
from tests.service.offers import FOOD, listed, offer, some_places

OWN = "990000000001"


@pytest.fixture
async def places(quiet: House) -> AsyncIterator[tuple[Region, Region, Region]]:
    """A county, a township and a village, each of which offers the food licence and something of its own."""
    del quiet
    county, township, village = await some_places()
    guides = [await offer(place) for place in (county, township, village)]
    names: dict[str, Any] = {"name": "大棚搭建登记", "short_name": "大棚登记", "keywords": ["搭大棚"]}
    guides.append(await offer(township, basic_code=OWN, **names))
    # The county's own office says something else of what the city offers.
    senior = await Item.get(name="老年人优待证办理")
    guides.append(await offer(county, senior.item_code, department="ga", themes=["birth"], name="老人登记"))
    async with listed(*guides):
        yield county, township, village


async def every(text: str = "", **filters: str) -> list[ItemEntry]:
    """All pages of a search."""
    found: list[ItemEntry] = []
    cursor: str | None = None
    narrowed: dict[str, Any] = {name: filters.get(name, "") for name in ("department", "theme", "life_event", "level")}
    while True:
        page = await search_items(text, filters.get("region", ""), filters.get("audience", ""), cursor, **narrowed)
        found += page.items
        if not page.next_cursor:
            return found
        cursor = page.next_cursor


async def test_the_nearest_offices_item_is_shown(places: tuple[Region, Region, Region]) -> None:
    """One of each service, whatever the text; next door the city's."""
    county, township, village = places
    next_door = await Region.filter(level="county").order_by("-code").first()
    assert next_door
    for place, level in ((village, "village"), (township, "township"), (county, "county"), (next_door, "city")):
        for text in ("食品经营", ""):
            shown = [entry.level for entry in await every(text, region=place.code) if entry.name.startswith("食品经营")]
            assert shown == [level], (place.name, text)


async def test_without_a_place_the_highest_offices_item_is_shown(places: tuple[Region, Region, Region]) -> None:
    """Of another level, where that is asked for; what only a township offers is found too."""
    del places
    assert (await every("食品经营"))[0].item_code == FOOD
    for level in ("county", "township", "village"):
        assert (await every("食品经营", level=level))[0].level == level
    assert [entry.level for entry in await every("搭大棚")][:1] == ["township"]


async def test_no_service_is_shown_twice(places: tuple[Region, Region, Region]) -> None:
    """On all pages together, with and without a place."""
    for region in ("", *(place.code for place in places)):
        codes = [entry.item_code for entry in await every(region=region)]
        basic = [str(code) for code in await Item.filter(item_code__in=codes).values_list("basic_code", flat=True)]
        assert len(codes) == len(set(codes)) == len(set(basic))


@pytest.mark.parametrize("text", ["", "证", "老人", "xuke", "身份正"])
@pytest.mark.parametrize("place", [None, 0, 1, 2])
async def test_each_facet_counts_what_its_choice_finds(
    places: tuple[Region, Region, Region], text: str, place: int | None
) -> None:
    """Also while another filter is chosen."""
    region = "" if place is None else places[place].code
    for chosen in ({}, {"audience": "company"}, {"level": "township"}):
        facets: Facets = await count_facets(text, Filters(region=region, **chosen))
        for filter_name, choices in (
            ("department", facets.departments),
            ("audience", facets.audiences),
            ("theme", facets.themes),
            ("level", facets.levels),
            ("life_event", facets.life_events),
            ("region", facets.regions),
        ):
            for choice in choices[:3]:
                found = await every(text, **{"region": region, **chosen, filter_name: choice.code})
                assert choice.count == len(found), (filter_name, choice, chosen)
                assert choice.name


async def test_a_choice_that_finds_nothing_is_not_offered(places: tuple[Region, Region, Region]) -> None:
    """And all that finds something is."""
    del places
    facets = await count_facets("食品经营", Filters())
    assert {choice.code for choice in facets.levels} == {"city", "county", "township", "village"}
    assert {choice.code for choice in facets.departments} == {"scjg"}
    assert (await count_facets("zzzzzz", Filters())).departments == []


async def test_a_life_event_narrows_to_its_services(places: tuple[Region, Region, Region]) -> None:
    """At the nearest office too."""
    _, _, village = places
    covered = await LifeEventItem.filter(life_event="open_restaurant").values_list("item_code", flat=True)
    found = await every(life_event="open_restaurant", region=village.code)
    assert len(found) == len(covered)
    assert {entry.level for entry in found if entry.name.startswith("食品经营")} == {"village"}
    assert await every(life_event="nothing") == []


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("text", ["开饭店", "我要开饭店", "kaifandian", "kfd", "饭店", "开餐馆怎么办"])
async def test_a_life_event_is_found(text: str) -> None:
    """By its name or keywords, in characters, pinyin or initials, whole or in part."""
    assert "open_restaurant" in [event.code for event in await find_life_events(await read_query(text), "", "")]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(("text", "audience"), [("", ""), ("护照", ""), ("开饭店", "company"), ("%", ""), ("店", "")])
async def test_a_life_event_is_not_found_by_what_it_is_not(text: str, audience: str) -> None:
    """Nor by a single character, nor for others than it is for."""
    found = await find_life_events(await read_query(text), audience, "")
    assert "open_restaurant" not in [event.code for event in found]


@pytest.mark.usefixtures("quiet")
async def test_texts_are_looked_at_where_names_find_nothing() -> None:
    """A word of a guide's questions or materials finds it, after whatever has it in its name or keywords."""
    guide = (await get_item(FOOD)).guide
    assert any("盥洗" in condition for condition in guide.conditions)
    assert FOOD in [entry.item_code for entry in await every("盥洗")]
