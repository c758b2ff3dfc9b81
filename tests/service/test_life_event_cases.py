"""A life event goes out as several cases and comes together again."""

import asyncio
from uuid import uuid4

import pytest

from app.applications.errors import IdempotencyKeyReusedError, MaterialsMissingError
from app.applications.groups import GroupState, get_group, start_group, submit_group
from app.applications.materials.service import add_material
from app.applications.models import Application, State
from app.applications.moving import lock_case, move
from app.applications.rules import Cause
from app.applications.service import submit_application, withdraw_application
from app.bootstrap import House
from app.catalogue.errors import FormInvalidError
from app.catalogue.queries import get_item
from app.kit.db import transaction
from app.mandates.party import Party
from app.notifications.models import Message
from tests.conftest import Phone, error_of
from tests.service.cases import fill_draft, photograph, verified_citizen
from tests.service.test_application_groups import ALL, EVENT, FOOD, SOLE_TRADER

TWO: dict[str, dict[str, str]] = {FOOD: {}, SOLE_TRADER: {}}


async def complete(house: House, party: Party, draft: Application) -> None:
    """Fill a draft and give it what it needs."""
    guide = (await get_item(draft.item_code)).guide
    await fill_draft(party, draft.id, guide.form_example)
    for material in guide.materials:
        if material.required:
            await add_material(house.blobs, party, draft.id, material.id, photograph(), scan_needed=False)


async def handed_in(house: House) -> tuple[Party, list[Application]]:
    """Somebody whose two cases of a life event are under way."""
    party = Party.own((await verified_citizen(house)).id)
    group_id = await start_group(party, EVENT, TWO)
    for member in (await get_group(party, group_id)).members:
        await complete(house, party, member.application)
    outcomes = await submit_group(party, group_id, None)
    assert [one.problem for one in outcomes] == [None, None]
    return party, [one.application for one in outcomes]


async def done(party: Party) -> list[Message]:
    """The messages that all has ended."""
    return await Message.filter(citizen_id=party.citizen_id, kind="life_event_done")


async def test_what_is_complete_is_submitted_and_what_is_not_says_what_it_lacks(quiet: House) -> None:
    """Each by itself, in the event's order; again, it answers the same numbers and goes on."""
    party = Party.own((await verified_citizen(quiet)).id)
    group_id = await start_group(party, EVENT, ALL)
    members = {one.application.item_code: one.application for one in (await get_group(party, group_id)).members}
    await complete(quiet, party, members[FOOD])
    first = await submit_group(party, group_id, None)
    assert [one.application.item_code for one in first] == list(members)
    by_item = {one.application.item_code: one for one in first}
    assert by_item[FOOD].problem is None
    assert by_item[FOOD].application.case_no
    assert isinstance(by_item[SOLE_TRADER].problem, FormInvalidError | MaterialsMissingError)
    await complete(quiet, party, members[SOLE_TRADER])
    both = await asyncio.gather(submit_group(party, group_id, None), submit_group(party, group_id, None))
    for again in both:
        numbers = {one.application.item_code: one.application.case_no for one in again}
        assert numbers[FOOD] == by_item[FOOD].application.case_no
        assert numbers[SOLE_TRADER] == (await Application.get(id=members[SOLE_TRADER].id)).case_no is not None


async def test_a_group_shows_how_far_all_are(quiet: House) -> None:
    """As far as the one farthest behind, and the latest day of those under way."""
    party = Party.own((await verified_citizen(quiet)).id)
    group_id = await start_group(party, EVENT, TWO)
    group = await get_group(party, group_id)
    first, second = (one.application for one in group.members)
    assert (group.state, group.count(GroupState.FILLING), group.promised_on) == (GroupState.FILLING, 2, None)
    await complete(quiet, party, first)
    await submit_group(party, group_id, None)
    group = await get_group(party, group_id)
    assert (group.state, group.count(GroupState.UNDER_WAY)) == (GroupState.FILLING, 1)
    await complete(quiet, party, second)
    await submit_group(party, group_id, None)
    group = await get_group(party, group_id)
    days = [one.application.promised_on for one in group.members]
    assert None not in days
    assert (group.state, group.promised_on) == (GroupState.UNDER_WAY, max(day for day in days if day))
    await withdraw_application(party, first.id, "")
    assert (await get_group(party, group_id)).state is GroupState.UNDER_WAY
    await Application.filter(id=second.id).update(promised_on=None)
    assert (await get_group(party, group_id)).promised_on is None
    await withdraw_application(party, second.id, "")
    assert (await get_group(party, group_id)).state is GroupState.DONE


async def test_the_last_end_is_told_once(quiet: House) -> None:
    """Not before; a case that ends once more after it tells nothing."""
    party, (first, second) = await handed_in(quiet)
    await withdraw_application(party, first.id, "")
    assert await done(party) == []
    await withdraw_application(party, second.id, "")
    (message,) = await done(party)
    assert message.link == f"/life-event-applications/{first.group_id}"
    async with transaction():
        case = await lock_case(str(first.case_no))
        await move(case, Cause.REFUSED, None)
    assert len(await done(party)) == 1


async def test_two_that_end_at_the_same_moment_tell_it_once(quiet: House) -> None:
    """Neither takes the other for one under way: both transactions are open when both have moved."""
    for _ in range(3):
        party, cases = await handed_in(quiet)
        gate = asyncio.Barrier(2)

        async def end(case: Application, gate: asyncio.Barrier = gate) -> None:
            async with transaction():
                locked = await lock_case(str(case.case_no))
                await gate.wait()
                await move(locked, Cause.REFUSED, None)

        await asyncio.gather(*(end(case) for case in cases))
        assert len(await done(party)) == 1
        assert await Application.filter(group_id=cases[0].group_id, state=State.REFUSED).count() == 2


async def test_a_key_submits_one_group_however_often_it_comes(quiet: House) -> None:
    """At once and again it answers the same; another group or application with it is refused and stays as it is."""
    party = Party.own((await verified_citizen(quiet)).id)
    groups = [await start_group(party, EVENT, TWO) for _ in range(2)]
    first, other = [[one.application for one in (await get_group(party, group_id)).members] for group_id in groups]
    for draft in (*first, *other):
        await complete(quiet, party, draft)
    key = uuid4().hex
    at_once = await asyncio.gather(*(submit_group(party, groups[0], key) for _ in range(4)))
    numbers = {tuple(one.application.case_no for one in outcomes) for outcomes in at_once}
    again = await submit_group(party, groups[0], key)
    assert numbers == {tuple(one.application.case_no for one in again)}
    assert all(next(iter(numbers)))
    for refused in (submit_group(party, groups[1], key), submit_application(party, other[0].id, key)):
        with pytest.raises(IdempotencyKeyReusedError):
            await refused
    assert await Application.filter(group_id=groups[1], state=State.DRAFT).count() == len(other)
    assert all(one.application.case_no for one in await submit_group(party, groups[1], uuid4().hex))


async def test_a_key_goes_on_where_a_first_was_completed_later(quiet: House) -> None:
    """What is submitted under it by then bears it; the rest follows without a conflict of its own."""
    party = Party.own((await verified_citizen(quiet)).id)
    group_id, key = await start_group(party, EVENT, TWO), uuid4().hex
    first, second = [one.application for one in (await get_group(party, group_id)).members]
    await complete(quiet, party, second)
    outcomes = await submit_group(party, group_id, key)
    assert [bool(one.application.case_no) for one in outcomes] == [False, True]
    await complete(quiet, party, first)
    outcomes = await submit_group(party, group_id, key)
    assert [one.problem for one in outcomes] == [None, None]
    assert all(one.application.case_no for one in outcomes)


def test_a_phone_submits_a_group(phone: Phone) -> None:
    """What a draft lacks is told as a request for it alone would be."""
    chosen = {"items": [{"item_code": code} for code in TWO]}
    group = phone.http.post(f"/api/v1/life-events/{EVENT}/applications", json=chosen).json()
    assert (group["state"], group["counts"]) == ("filling", {"filling": 2, "under_way": 0, "done": 0})
    assert all(one["application"]["revision"] == one["asked"]["revision"] == 1 for one in group["items"])
    path = f"/api/v1/life-event-applications/{group['id']}"
    told = phone.http.post(f"{path}/submission").json()["items"]
    assert [one["state"] for one in told] == ["draft", "draft"]
    assert {one["problem"]["code"] for one in told} == {"form_invalid"}
    assert all(one["problem"]["message"] and one["problem"]["context"]["fields"] for one in told)
    broken = phone.http.post(f"{path}/submission", headers={"Idempotency-Key": "x" * 129})
    assert error_of(broken) == (422, "idempotency_key_invalid")
    unknown = "/api/v1/life-event-applications/00000000-0000-4000-8000-000000000000/submission"
    assert error_of(phone.http.post(unknown)) == (404, "application_not_found")
