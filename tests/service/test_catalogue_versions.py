"""Items as they are published: loaded, in versions, each in effect from its day."""

from datetime import timedelta

import pytest

from app.bootstrap import House
from app.catalogue import forms
from app.catalogue.choices import Known
from app.catalogue.conditions import published
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.guide import Guide
from app.catalogue.models import Item, ItemVersion, Region, VersionOrigin
from app.catalogue.queries import get_guide, get_item, known_to
from app.catalogue.service import bring_into_effect, items_due, lock_publishing, publish_guides
from app.kit import clock
from app.kit.db import transaction
from app.upkeep.city import load_city
from app.upkeep.tasks import take_effect
from config.settings import CITY_DATA

FOOD = "11230800JB0000017Q3000131001001"


@pytest.mark.usefixtures("house")
async def test_an_item_that_is_not_there_is_told() -> None:
    """By its own error, whatever its length."""
    for code in ("x", "x" * 100, ""):
        with pytest.raises(ItemNotFoundError):
            await get_item(code)
    with pytest.raises(ItemNotFoundError):
        await get_item(FOOD, version=1_000_000)


@pytest.mark.usefixtures("house")
async def test_the_example_of_every_item_can_be_submitted() -> None:
    """By the rules that a submission is held to; without its required fields it cannot."""
    for item in await Item.all():
        guide = (await get_item(item.item_code)).guide
        known = await known_to(guide.form_schema, guide.form_example)
        assert forms.problems(guide.form_schema, guide.form_example, complete=True, known=known) == [], item.name
        missing = forms.problems(guide.form_schema, {}, complete=True, known=Known())
        assert {problem["field"] for problem in missing} == set(published(guide.form_schema)["required"]), item.name


async def test_loading_the_city_again_changes_nothing(quiet: House) -> None:
    """It is brought up to date, not doubled."""
    del quiet
    before = sorted([(row.item_code, row.number) for row in await ItemVersion.all()])
    counts = await load_city(CITY_DATA)
    assert counts["regions"] == 1 + 1 + 10 + 138 + 1529
    assert counts["items"] >= 20
    assert sorted([(row.item_code, row.number) for row in await ItemVersion.all()]) == before
    assert await Region.all().count() == counts["regions"]


async def edited(days: int, **changes: object) -> Guide:
    """The food licence's guide, published with changes from so many days on."""
    guide = (await get_item(FOOD)).guide.model_copy(update=changes)
    async with transaction():
        await lock_publishing()
        assert await publish_guides([guide], clock.today() + timedelta(days=days), VersionOrigin.TABLES) == 1
        await bring_into_effect([FOOD])
    return guide


async def test_an_edit_holds_from_its_day_and_the_version_before_is_kept(quiet: House) -> None:
    """Not a day earlier; the lists follow when the day is brought in."""
    del quiet
    before = await get_item(FOOD)
    await edited(3, promised_days=before.guide.promised_days - 1)
    try:
        assert (await get_item(FOOD)).version == before.version
        assert (await Item.get(item_code=FOOD)).version == before.version
        with clock.travel(timedelta(days=3)):
            after = await get_item(FOOD)
            assert (after.version, after.guide.promised_days) == (before.version + 1, before.guide.promised_days - 1)
            assert await items_due() == [FOOD]
            await take_effect()
            assert await items_due() == []
            listed = await Item.get(item_code=FOOD)
            assert (listed.version, listed.promised_days) == (after.version, after.guide.promised_days)
            assert (await get_item(FOOD, before.version)).guide == before.guide
    finally:
        await edited(0, promised_days=before.guide.promised_days)


async def test_a_later_edit_outranks_what_was_planned_before_it(quiet: House) -> None:
    """A plan for next week does not undo a correction of today."""
    del quiet
    before = (await get_item(FOOD)).guide
    await edited(7, promised_days=before.promised_days - 1)
    await edited(0, promised_days=before.promised_days - 2)
    with clock.travel(timedelta(days=8)):
        assert (await get_item(FOOD)).guide.promised_days == before.promised_days - 2
    await edited(0, promised_days=before.promised_days)


async def test_a_guide_keeps_its_authors_order(quiet: House) -> None:
    """Phones show a form's fields as they were written."""
    del quiet
    answer = (await get_guide(FOOD)).answer
    places = [answer.index(f'"{name}":{{') for name in ("applicant_name", "business_name", "business_kind", "address")]
    assert places == sorted(places)


async def test_a_guide_is_read_by_one_statement(quiet: House, caplog: pytest.LogCaptureFixture) -> None:
    """However much there is in it."""
    del quiet
    with caplog.at_level("DEBUG", logger="tortoise.db_client"):
        assert (await get_guide(FOOD)).answer
    statements = [record.getMessage() for record in caplog.records if record.name == "tortoise.db_client"]
    assert len(statements) == 1, statements


async def test_the_citys_files_do_not_undo_what_was_published_here(quiet: House) -> None:
    """Neither an edit nor an end: a new release brings files as they were written elsewhere."""
    del quiet
    code = "11230800JB0000025K3000709003001"
    guide = (await get_item(code)).guide
    async with transaction():
        await lock_publishing()
        await publish_guides([guide.model_copy(update={"visits": 9})], clock.today(), VersionOrigin.STAFF)
        await bring_into_effect([code])
    assert (await load_city(CITY_DATA))["items_left_as_published_here"] >= 1
    assert (await get_item(code)).guide.visits == 9
    await ItemVersion.filter(item_code=code, number=(await get_item(code)).version).update(offered=False)
    await load_city(CITY_DATA)
    with pytest.raises(ItemNotFoundError):
        await get_item(code)
    await ItemVersion.filter(item_code=code, origin=VersionOrigin.STAFF).delete()
    await load_city(CITY_DATA)
    assert (await get_item(code)).guide == guide
