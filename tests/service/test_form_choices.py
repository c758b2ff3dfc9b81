"""Forms of a real item: chosen from the city's lists, asked at times, computed by the server."""

import copy
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.applications import drafts, service
from app.applications.materials.service import add_material
from app.applications.models import Application, State, Supplement
from app.bootstrap import House
from app.catalogue.errors import FormInvalidError
from app.catalogue.guide import Guide
from app.catalogue.models import ItemVersion, VersionOrigin, VersionState
from app.catalogue.queries import get_guide, get_item
from app.catalogue.service import bring_into_effect, lock_publishing, publish_guides, publish_version
from app.identity.rules import check_character
from app.kit import clock
from app.kit.db import transaction
from app.kit.ids import new_id
from app.mandates.party import Party
from tests.service.cases import fill_draft, photograph, verified_citizen

FOOD = "11230800JB0000017Q3000131001001"
MORE: dict[str, Any] = {
    "seats": {"type": "integer", "title": "座位数", "x-when": {"business_kind": ["集中用餐单位食堂"]}},
    "people": {"type": "string", "title": "民族", "maxLength": 2, "x-codes": "ethnic_group"},
    "child": {"type": "string", "title": "子女证件号码", "maxLength": 18},
    "age": {"type": "integer", "title": "子女年龄", "x-compute": {"rule": "age_of", "of": ["child"]}},
    "home": {"type": "string", "title": "住地", "maxLength": 12, "x-widget": "region", "x-level": "township"},
}


async def publish(guide: Guide) -> None:
    async with transaction():
        await lock_publishing()
        await publish_guides([guide], clock.today(), VersionOrigin.TABLES)
        await bring_into_effect([guide.item_code])


def with_more(guide: Guide) -> Guide:
    schema = copy.deepcopy(guide.form_schema)
    schema["properties"].update(MORE)
    schema["required"] += ["seats", "age"]
    return guide.model_copy(update={"form_schema": schema})


@pytest.fixture
async def food(quiet: House) -> AsyncIterator[Guide]:
    """The food licence, asking for more while a test lasts."""
    del quiet
    before = (await get_item(FOOD)).guide
    await publish(with_more(before))
    yield with_more(before)
    await publish(before)


@pytest.fixture
async def draft(quiet: House, food: Guide) -> tuple[Party, Application]:
    """A draft that is complete but for the materials."""
    party = Party.own((await verified_citizen(quiet)).id)
    draft = await drafts.start_application(party, FOOD)
    await fill_draft(party, draft.id, food.form_example)
    return party, draft


def of(draft: tuple[Party, Application]) -> tuple[Party, UUID]:
    return draft[0], draft[1].id


async def refused(party: Party, draft: Application, **changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(FormInvalidError) as error:
        await fill_draft(party, draft.id, changes)
    return [(field["field"], field["reason"]) for field in error.value.context["fields"]]


async def test_only_what_the_lists_have_is_taken(draft: tuple[Party, Application]) -> None:
    """Codes by the standard's list, places by the city's and not above the level that the form asks for."""
    await fill_draft(*of(draft), {"people": "53", "home": "230804007"})
    assert await refused(*draft, people="57") == [("people", "x-codes")]
    assert await refused(*draft, people="53", home="230804") == [("home", "x-level")]
    assert await refused(*draft, home="110101001") == [("home", "region")]
    assert await refused(*draft, home="230804007", region_code="1") == [("region_code", "pattern")]
    assert await refused(*draft, region_code="230800") == [("region_code", "x-level")]


async def test_what_is_asked_is_required_and_what_is_not_is_forgotten(draft: tuple[Party, Application]) -> None:
    """The server and the published schema agree."""
    saved = await fill_draft(*of(draft), {"business_kind": "集中用餐单位食堂"})
    assert [problem["field"] for problem in saved.missing] == ["seats"]
    saved = await fill_draft(*of(draft), {"seats": 20})
    assert saved.missing == []
    saved = await fill_draft(*of(draft), {"business_kind": "餐饮服务经营者"})
    assert saved.missing == []
    assert "seats" not in saved.application.form


async def test_what_is_computed_is_of_the_day_of_submission(quiet: House, draft: tuple[Party, Application]) -> None:
    """Whatever the phone says, and however long the draft lay."""
    tomorrow = clock.today() + timedelta(days=1)
    first = f"230804{tomorrow.replace(year=tomorrow.year - 8):%Y%m%d}002"
    saved = await fill_draft(*of(draft), {"child": first + check_character(first), "age": 99})
    assert saved.application.form["age"] == 7
    await add_material(quiet.blobs, *of(draft), "site_photo", photograph(), scan_needed=False)
    with clock.travel(timedelta(days=1)):
        await service.submit_application(*of(draft), None)
    assert (await Application.get(id=draft[1].id)).form["age"] == 8


async def test_phones_get_the_conditions_in_plain_words_and_editors_what_was_written(food: Guide) -> None:
    """Whoever publishes: the city's files, or two members of staff."""
    assert '"$comment":"x-when"' in (await get_guide(FOOD)).guide
    assert (await get_item(FOOD)).guide == food
    edited = food.model_copy(update={"promised_days": food.promised_days - 1})
    version = await ItemVersion.create(
        item_code=FOOD,
        state=VersionState.PROPOSED,
        department=food.department,
        guide=edited.model_dump_json(),
        digest="",
        effective_on=clock.today(),
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    async with transaction():
        await lock_publishing()
        await publish_version(version.id, new_id())
        await bring_into_effect([FOOD])
    published = await get_guide(FOOD)
    assert '"$comment":"x-when"' in published.guide
    assert published.digest
    assert (await get_item(FOOD)).guide == edited


async def test_a_supplement_says_what_became_of_the_form_and_not_what_was_sent(
    quiet: House, draft: tuple[Party, Application]
) -> None:
    """The verified identity stays what it is, also in what is handed over; what follows from a change goes with it."""
    party, name = draft[0], (await Application.get(id=draft[1].id)).form["applicant_name"]
    await fill_draft(*of(draft), {"business_kind": "集中用餐单位食堂", "seats": 20})
    await add_material(quiet.blobs, *of(draft), "site_photo", photograph(), scan_needed=False)
    await service.submit_application(*of(draft), None)
    await Application.filter(id=draft[1].id).update(state=State.SUPPLEMENT_REQUESTED)
    changes = {"applicant_name": "别人", "business_kind": "餐饮服务经营者", "site_area": 60, "age": 99}
    await service.supplement_application(party, draft[1].id, "", changes, None)
    supplement = await Supplement.get(application_id=draft[1].id)
    assert supplement.form == {
        "applicant_name": name,
        "business_kind": "餐饮服务经营者",
        "site_area": 60,
        "seats": None,
    }
