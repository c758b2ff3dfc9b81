"""Life events: several items begun together, what they share asked once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.applications import drafts
from app.applications.errors import ApplicationNotFoundError, NotADraftError
from app.applications.forgetting import forget_drafts
from app.applications.groups import Group, get_group, start_group
from app.applications.models import Application, State
from app.audit.models import AuditRecord
from app.bootstrap import House
from app.catalogue.errors import FormInvalidError, LifeEventItemsInvalidError, LifeEventNotFoundError
from app.catalogue.models import LifeEvent
from app.finding.models import ItemUse
from app.identity.errors import LevelTooLowError
from app.identity.models import Citizen
from app.kit import clock
from app.mandates.errors import MatterNotCoveredError
from app.mandates.party import Party
from tests.service.cases import answer_draft, fill_draft, insist, verified_citizen

SOLE_TRADER = "11230800JB0000017Q3000731001001"
FOOD = "11230800JB0000017Q3000131001001"
FIRE = "11230800JB0000156F3000126001001"
EVENT = "open_restaurant"
ALL: dict[str, dict[str, str]] = {FOOD: {}, SOLE_TRADER: {}, FIRE: {}}


async def begun(house: House) -> tuple[Party, Group]:
    """Somebody who opens a restaurant."""
    party = Party.own((await verified_citizen(house)).id)
    return party, await get_group(party, await start_group(party, EVENT, ALL))


async def test_each_item_gets_its_draft_in_the_events_order(quiet: House) -> None:
    """With the identity filled in, in each; each counts as a use of its item."""
    await ItemUse.all().delete()
    party, group = await begun(quiet)
    assert dict(await ItemUse.all().values_list("item_code", "count")) == dict.fromkeys(ALL, 1)
    await drafts.start_application(party, FOOD)
    assert (await ItemUse.get(item_code=FOOD)).count == 2
    assert [member.application.item_code for member in group.members] == [SOLE_TRADER, FOOD, FIRE]
    person = await Citizen.get(id=party.citizen_id)
    for member in group.members:
        assert member.application.form["applicant_name"] == person.name
        assert (member.application.state, member.application.life_event) == (State.DRAFT, EVENT)


async def test_what_forms_share_is_asked_once(quiet: House) -> None:
    """By its name, or by what the event says is the same; everything is asked somewhere."""
    _, group = await begun(quiet)
    trader, food, fire = group.members
    asked = [set(member.fields) for member in group.members]
    assert {"applicant_name", "address", "region_code", "trade_name", "business_site"} <= asked[0]
    assert not {"applicant_name", "address", "region_code", "business_name", "business_site"} & asked[1]
    assert "site_area" in asked[1]
    assert not {"place_name", "place_site", "floor_area", "address"} & asked[2]
    for member in (trader, food, fire):
        assert set(member.fields) <= set(member.asked.form_schema["properties"])
    assert len(trader.fields) == len(trader.asked.form_schema["properties"])


async def test_what_is_saved_with_one_item_is_saved_with_all_that_ask_for_it(quiet: House) -> None:
    """Under the name that it has there, whichever form it is typed into; taken out everywhere as well."""
    party, group = await begun(quiet)
    trader, food, fire = (member.application for member in group.members)

    async def name_in_each() -> list[str | None]:
        found = (await get_group(party, group.id)).members
        names = ("trade_name", "business_name", "place_name")
        return [member.application.form.get(name) for member, name in zip(found, names, strict=True)]

    await fill_draft(party, trader.id, {"trade_name": "桂兰小吃店", "scope": ["餐饮服务"]})
    assert await name_in_each() == ["桂兰小吃店"] * 3
    await fill_draft(party, fire.id, {"place_name": "桂兰饭店"})
    assert await name_in_each() == ["桂兰饭店"] * 3
    await fill_draft(party, food.id, {"business_name": None})
    assert await name_in_each() == [None] * 3


async def test_what_one_form_refuses_is_saved_in_none(quiet: House) -> None:
    """A value is held to every form that it goes into."""
    party, group = await begun(quiet)
    trader, food, _ = (member.application for member in group.members)
    with pytest.raises(FormInvalidError):
        await fill_draft(party, food.id, {"site_area": 10**9})
    with pytest.raises(FormInvalidError):
        await fill_draft(party, trader.id, {"trade_name": "长" * 300, "address": "佳木斯"})
    for member in (await get_group(party, group.id)).members:
        assert "address" not in member.application.form
        assert "site_area" not in member.application.form


@pytest.mark.parametrize(
    ("event", "chosen", "error"),
    [
        ("nothing", ALL, LifeEventNotFoundError),
        ("x" * 100, ALL, LifeEventNotFoundError),
        (EVENT, {FOOD: {}}, LifeEventItemsInvalidError),
        (EVENT, {**ALL, "x": {}}, LifeEventItemsInvalidError),
    ],
)
async def test_a_choice_that_is_none_begins_nothing(
    quiet: House, event: str, chosen: dict[str, dict[str, str]], error: type[Exception]
) -> None:
    """All or none."""
    citizen = await verified_citizen(quiet)
    with pytest.raises(error):
        await start_group(Party.own(citizen.id), event, chosen)
    assert not await Application.exists(citizen=citizen)


async def test_whoever_may_not_apply_for_one_item_begins_none(quiet: House) -> None:
    """Here for too low a level."""
    citizen = await verified_citizen(quiet)
    await Citizen.filter(id=citizen.id).update(level=1)
    with pytest.raises(LevelTooLowError):
        await start_group(Party.own(citizen.id), EVENT, ALL)
    assert not await Application.exists(citizen=citizen)


async def test_a_group_is_its_partys_alone(quiet: House) -> None:
    """Somebody else finds none."""
    _, group = await begun(quiet)
    stranger = Party.own((await verified_citizen(quiet)).id)
    with pytest.raises(ApplicationNotFoundError):
        await get_group(stranger, group.id)


async def test_a_submitted_sibling_is_left_as_it_was_handed_in(quiet: House) -> None:
    """What is typed later goes into drafts only."""
    party, group = await begun(quiet)
    trader, food, _ = (member.application for member in group.members)
    await Application.filter(id=food.id).update(state=State.SUBMITTED)
    await fill_draft(party, trader.id, {"trade_name": "桂兰小吃店"})
    assert "business_name" not in (await Application.get(id=food.id)).form
    with pytest.raises(NotADraftError):
        await fill_draft(party, food.id, {"business_name": "x"})


async def test_two_phones_that_save_into_two_forms_at_once_lose_nothing(quiet: House) -> None:
    """Neither waits for the other forever, nor writes over what the other wrote."""
    party, group = await begun(quiet)
    trader, _, fire = (member.application for member in group.members)
    rounds = 8
    await asyncio.gather(
        *(insist(party, trader.id, {"staff_count": number}) for number in range(1, rounds)),
        *(insist(party, fire.id, {"address": f"示例路{number}号"}) for number in range(rounds)),
    )
    trader_now, _, fire_now = (member.application for member in (await get_group(party, group.id)).members)
    assert trader_now.form["staff_count"] in range(1, rounds)
    assert trader_now.form["address"] == fire_now.form["address"] != ""


async def test_drafts_outlive_the_event_that_they_were_begun_for(quiet: House) -> None:
    """Then each is asked for as a whole."""
    party, group = await begun(quiet)
    event = await LifeEvent.get(code=EVENT)
    await event.delete()
    try:
        left = await get_group(party, group.id)
        assert all(set(one.fields) == set(one.asked.form_schema["properties"]) for one in left.members)
        await fill_draft(party, left.members[0].application.id, {"trade_name": "桂兰小吃店"})
    finally:
        await LifeEvent.create(code=event.code, name=event.name, position=event.position, definition=event.definition)


DEATH, FUND = "11230800JB0000025K3000709003003", "11230800JB000005X13002051001003"


async def test_what_one_form_asks_for_only_later_comes_in_then(quiet: House) -> None:
    """From the form that was told first, by a choice and by answers; what was taken out stays out."""
    party = Party.own((await verified_citizen(quiet)).id)
    group_id = await start_group(party, "funeral", {DEATH: {}, FUND: {}})
    death, fund = (one.application for one in (await get_group(party, group_id)).members)
    told = {"deceased_name": "王某", "died_on": "2026-01-02"}
    await fill_draft(party, death.id, told)
    assert "deceased_name" not in (await Application.get(id=fund.id)).form
    await fill_draft(party, fund.id, {"reason": "职工死亡"})
    assert told.items() <= (await Application.get(id=fund.id)).form.items()
    await fill_draft(party, fund.id, {"deceased_name": None})
    for one in (death, fund):
        assert "deceased_name" not in (await Application.get(id=one.id)).form
    await fill_draft(party, death.id, {"deceased_name": "王某"})
    left = await answer_draft(party, fund.id, {"why": "left"})
    assert "deceased_name" not in left.form
    died = await answer_draft(party, fund.id, {"why": "died"})
    if "reason" not in died.form:
        died = (await fill_draft(party, fund.id, {"reason": "职工死亡"})).application
    assert died.form["deceased_name"] == "王某"


async def test_what_no_form_before_can_be_told_any_more_is_asked_here(quiet: House) -> None:
    """The form before was handed in without it."""
    party, group = await begun(quiet)
    await Application.filter(id=group.members[0].application.id).update(state=State.SUBMITTED)
    food = (await get_group(party, group.id)).members[1]
    assert "business_name" in food.fields
    assert "business_name" not in group.members[1].fields


async def test_a_mandate_writes_into_no_draft_that_it_does_not_cover(quiet: House) -> None:
    """What the item that it covers shares with others is saved there alone."""
    party, group = await begun(quiet)
    trader, food, _ = (member.application for member in group.members)
    proxy = replace(party, matters=(f"item:{FOOD}",))
    await fill_draft(proxy, food.id, {"business_name": "代办店"})
    assert (await Application.get(id=food.id)).form["business_name"] == "代办店"
    assert "trade_name" not in (await Application.get(id=trader.id)).form
    with pytest.raises(MatterNotCoveredError):
        await fill_draft(proxy, trader.id, {"trade_name": "代办店"})


async def test_a_group_is_forgotten_as_one(quiet: House) -> None:
    """A draft that nobody touched stays while one that was begun with it is worked on."""
    _, group = await begun(quiet)
    ids = [member.application.id for member in group.members]
    old = clock.now() - timedelta(days=400)
    await Application.filter(id__in=ids).update(state=State.EXPIRED)
    await Application.filter(id__in=ids[:2]).update(updated_at=old)
    await forget_drafts(clock.now() - timedelta(days=100), 1000)
    assert await Application.filter(id__in=ids).count() == 3
    await Application.filter(id__in=ids).update(updated_at=old)
    await forget_drafts(clock.now() - timedelta(days=100), 1000)
    assert await Application.filter(id__in=ids).count() == 0


async def test_names_that_no_form_has_are_not_written_down(quiet: House) -> None:
    """A field taken out that was never there is nothing that happened."""
    party, group = await begun(quiet)
    trader = group.members[0].application
    await fill_draft(party, trader.id, {"王某 的号码": None, "staff_count": 3})
    records = await AuditRecord.filter(chain=f"application:{trader.id}", action="draft_saved")
    assert [record.details for record in records] == [{"fields": ["staff_count"]}]
