"""Uses are counted without whom, make a service popular from the next night on, and break ties of a search."""

import asyncio
from datetime import timedelta

import pytest

from app.bootstrap import House
from app.catalogue.models import Item
from app.finding.errors import RegionUnknownError
from app.finding.models import ItemUse, Phrase, Popularity, Reading, SearchWord
from app.finding.popular import MOST, popular_items
from app.finding.queries import search_items
from app.finding.service import count_use
from app.finding.tasks import tidy
from app.kit import clock, db
from app.kit.db import transaction
from tests.service.offers import FOOD, listed, offer, some_places


@pytest.fixture(autouse=True)
async def uncounted(quiet: House) -> None:
    """A house in which nothing was used yet."""
    del quiet
    await ItemUse.all().delete()
    await tidy()


async def test_uses_at_once_are_all_counted_in_one_row_a_day() -> None:
    """Forty at once; the next day has a row of its own."""
    await asyncio.gather(*(count_use(FOOD) for _ in range(40)))
    with clock.travel(timedelta(days=1)):
        await count_use(FOOD)
    assert [row.count for row in await ItemUse.filter(item_code=FOOD).order_by("day")] == [40, 1]


async def test_a_use_is_not_counted_within_a_transaction() -> None:
    """The row that all share would be locked until its end."""
    async with transaction():
        with pytest.raises(RuntimeError):
            await count_use(FOOD)
    assert not await ItemUse.exists()


async def test_what_is_used_is_popular_from_the_next_night_on() -> None:
    """For thirty days; the rest of the list is filled with others, each once."""
    (rare,) = [one async for one in Item.all().order_by("online_depth", "-item_code").limit(1)]
    await count_use(rare.item_code)
    assert (await popular_items(""))[0].item_code != rare.item_code
    await tidy()
    listed_now = [entry.item_code for entry in await popular_items("")]
    assert listed_now[0] == rare.item_code
    assert len(listed_now) == len(set(listed_now)) == MOST
    with clock.travel(timedelta(days=32)):
        await tidy()
    assert not await Popularity.exists()
    assert await ItemUse.exists()
    with clock.travel(timedelta(days=402)):
        await tidy()
    assert not await ItemUse.exists()


async def test_what_is_popular_is_shown_as_the_place_offers_it() -> None:
    """By the nearest office; a region that is none is told."""
    county, _, village = await some_places()
    guide = await offer(county)
    async with listed(guide):
        await count_use(guide.item_code)
        await tidy()
        for region, code in (("", FOOD), (county.code, guide.item_code), (village.code, guide.item_code)):
            assert (await popular_items(region))[0].item_code == code
    with pytest.raises(RegionUnknownError):
        await popular_items("999999")


async def test_what_is_used_more_comes_first_among_equals_and_nowhere_else() -> None:
    """Two that a search finds equally well; a better match stays before both."""
    place, _, _ = await some_places()
    guides = [
        await offer(place, basic_code=code, name="热气球升空登记", short_name="热气球", keywords=["热气球"])
        for code in ("990000000002", "990000000003")
    ]
    better = await offer(place, basic_code="990000000004", name="热气球", short_name="热气球", keywords=["热气球"])
    async with listed(*guides, better):
        for used in guides:
            await ItemUse.all().delete()
            await count_use(used.item_code)
            await tidy()
            found = [entry.item_code for entry in (await search_items("热气球", "", "", None)).items]
            (other,) = [guide.item_code for guide in guides if guide is not used]
            assert found[:3] == [better.item_code, used.item_code, other]


async def test_the_night_drops_what_no_item_says_any_more_and_counts_the_rest_anew() -> None:
    """Words, phrases and readings are what they were before the item."""

    async def all_words() -> dict[str, int]:
        return {row.word: row.readings async for row in SearchWord.all()}

    async def phrases() -> set[tuple[str, str]]:
        return {(row.basic_code, row.text) async for row in Phrase.all()}

    before = await all_words(), await phrases(), await Reading.all().count()
    place, _, _ = await some_places()
    async with listed(await offer(place, name="飞艇升空登记", short_name="飞艇登记", keywords=["飞艇", "放飞艇"])):
        during = await all_words()
        assert (during["飞艇"], during[""]) == (1, before[0][""] + 1)
        await tidy()
        assert await all_words() == during
        assert {"飞艇升空登记", "飞艇登记", "飞艇", "放飞艇"} <= {text for _, text in await phrases()}
    await tidy()
    assert (await all_words(), await phrases(), await Reading.all().count()) == before


async def test_items_with_the_same_words_share_a_reading() -> None:
    """And are counted once; another word makes another one."""
    county, township, village = await some_places()
    same = [await offer(place, basic_code="990000000005", name="山洞登记") for place in (county, township)]
    other = await offer(village, basic_code="990000000005", name="山洞登记", keywords=["钻山洞"])
    before = await Reading.all().count()
    async with listed(*same, other):
        assert await Reading.all().count() == before + 2
        rows = await db.rows("SELECT count(DISTINCT reading) AS n FROM items WHERE basic_code = '990000000005'")
        assert rows[0]["n"] == 2
        word = await SearchWord.get(word="山洞登记")
        assert word.readings == 2
