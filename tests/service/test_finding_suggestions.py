"""What is suggested while somebody types."""

from typing import Any

import pytest

from app.catalogue.models import Item, Region
from app.finding.errors import RegionUnknownError
from app.finding.models import Phrase
from app.finding.service import index_items
from app.finding.suggestions import MOST, suggest
from app.finding.tasks import tidy
from tests.service.offers import FOOD, listed, offer, some_places

pytestmark = pytest.mark.usefixtures("quiet")


async def texts(typed: str, region: str = "") -> list[str]:
    """The phrases that are suggested."""
    return [one.text for one in await suggest(typed, region)]


@pytest.mark.parametrize("typed", ["食", "食品", "食品经营许", "shipinj", "spjy", "SPJY", "食品jing", "食品 经营"])
async def test_a_name_is_suggested_by_its_beginning(typed: str) -> None:
    """In characters, pinyin, initials, and characters followed by pinyin."""
    found = await suggest(typed, "")
    assert any(one.item_code == FOOD and one.text.startswith("食品经营") for one in found)


@pytest.mark.parametrize("typed", ["经营许可", "jingyingxuke", "jyxk"])
async def test_a_name_is_suggested_by_what_it_has_within(typed: str) -> None:
    """After those that begin so."""
    assert FOOD in [one.item_code for one in await suggest(typed, "")]


async def test_what_begins_so_comes_before_what_has_it_within() -> None:
    """All of the first kind, then the others."""
    begin = [text.startswith("身份证") for text in await texts("身份证")]
    assert begin == sorted(begin, reverse=True)
    assert begin[0]


async def test_an_everyday_word_leads_to_its_item() -> None:
    """By its characters and its initials."""
    for typed in ("开餐", "开餐厅", "kct"):
        found = {one.text: one.item_code for one in await suggest(typed, "")}
        assert found.get("开餐厅") == FOOD, typed


@pytest.mark.parametrize("typed", ["s", "证", "办", "身份", "j", "zh", "shen"])
async def test_no_more_than_may_be_and_each_once(typed: str) -> None:
    """However many there are."""
    found = await texts(typed)
    assert 0 < len(found) <= MOST
    assert len(found) == len(set(found))


@pytest.mark.parametrize("typed", ["", " ", "%", "'", "\\", ":*", "（）", "zzzz"])
async def test_what_is_no_beginning_suggests_nothing(typed: str) -> None:
    """And breaks nothing."""
    assert await texts(typed) == []


async def test_only_what_is_offered_at_the_place_is_suggested() -> None:
    """And leads to the nearest office's item; a name that another office gave it is not suggested elsewhere."""
    county, _, village = await some_places()
    next_door = await Region.filter(level="county").order_by("-code").first()
    assert next_door
    names: dict[str, Any] = {"name": "滑翔伞起飞登记", "short_name": "滑翔伞登记", "keywords": ["滑翔伞"]}
    special = await offer(county, basic_code="990000000006", **names)
    food = await offer(county, name="食品经营许可（县里的叫法）")
    async with listed(special, food):
        for place in (county, village):
            assert [one.item_code for one in await suggest("滑翔", place.code)] == [special.item_code] * 3
            assert food.item_code in [one.item_code for one in await suggest("食品经营", place.code)]
            assert "食品经营许可（县里的叫法）" in await texts("食品经营许可", place.code)
        assert await texts("滑翔", next_door.code) == []
        for elsewhere in (next_door.code, ""):
            assert "食品经营许可（县里的叫法）" not in await texts("食品经营许可", elsewhere)
    with pytest.raises(RegionUnknownError):
        await suggest("食", "999999")


@pytest.mark.parametrize("named_first", [True, False])
async def test_a_phrase_is_suggested_after_its_role_changed(named_first: bool) -> None:
    """From keyword to name or back, once; also when the night has dropped what it was before."""
    place, _, _ = await some_places()
    as_name: dict[str, Any] = {"name": "气垫船航行登记", "short_name": "气垫船登记", "keywords": ["水上交通"]}
    as_keyword: dict[str, Any] = {"name": "船舶航行登记", "short_name": "船舶登记", "keywords": ["气垫船航行登记"]}
    first, then = (as_name, as_keyword) if named_first else (as_keyword, as_name)
    given = [await offer(place, basic_code="990000000016", **one) for one in (first, then)]
    async with listed(given[0]):
        assert await texts("气垫船航行") == ["气垫船航行登记"]
        await Item.filter(item_code=given[1].item_code).update(name=then["name"], short_name=then["short_name"])
        await index_items(given[1:])
        assert await texts("气垫船航行") == ["气垫船航行登记"]
        await tidy()
        assert await texts("气垫船航行") == ["气垫船航行登记"]
    await tidy()


async def test_phrases_that_went_missing_come_back_with_their_item() -> None:
    """Though its words are known."""
    place, _, _ = await some_places()
    given = await offer(place, basic_code="990000000017", name="水陆两栖登记", short_name="两栖登记", keywords=["两栖"])
    async with listed(given):
        await Phrase.filter(basic_code=given.basic_code).delete()
        assert await texts("两栖") == []
        await index_items([given])
        assert set(await texts("两栖")) == {"两栖", "两栖登记", "水陆两栖登记"}
    await tidy()
