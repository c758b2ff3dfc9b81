"""Drafts that nobody touches: warned of, lapsed, kept to be read, deleted; each in its turn and once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.applications import drafts, lapsing, queries
from app.applications.errors import NotADraftError, StateForbidsError
from app.applications.forgetting import forget_drafts
from app.applications.groups import get_group, start_group
from app.applications.materials.service import add_material
from app.applications.models import Application, Material, State, TimelineEntry
from app.applications.service import submit_application
from app.applications.tasks import end_untouched_drafts
from app.applications.terms import case_terms
from app.bootstrap import House
from app.kit import clock
from app.kit.db import transaction
from app.mandates.party import Party
from app.notifications.models import Message
from tests.service.cases import fill_draft, photograph, ready_draft, trip_item, verified_citizen
from tests.service.test_application_groups import ALL, EVENT

WARNED, LAPSES = case_terms().draft_warned_after.days, case_terms().draft_lapses_after.days


async def begun(house: House) -> tuple[Party, Application]:
    """Somebody with a draft."""
    party = Party.own((await verified_citizen(house)).id)
    return party, await drafts.start_application(party, await trip_item())


async def age(days: int, *ids: UUID) -> None:
    """Let days go by for these drafts alone."""
    by = timedelta(days=days)
    for one in await Application.filter(id__in=ids):
        warned_at = one.warned_at - by if one.warned_at else None
        await Application.filter(id=one.id).update(updated_at=one.updated_at - by, warned_at=warned_at)
    for material in await Material.filter(application_id__in=ids):
        await Material.filter(id=material.id).update(created_at=material.created_at - by)


async def told(party: Party) -> list[str]:
    """The kinds of message that the party has, the oldest first."""
    return [one.kind for one in await Message.filter(citizen_id=party.citizen_id).order_by("id")]


async def state(draft: Application) -> State:
    """Where the draft stands."""
    return (await Application.get(id=draft.id)).state


async def test_a_draft_is_warned_of_once_lapses_on_the_day_and_is_deleted_last(quiet: House) -> None:
    """Not a day early; the warning names the day, the timeline has the lapse, and the form can still be read."""
    party, draft = await begun(quiet)
    await fill_draft(party, draft.id, {"remark": "留着"})
    await age(WARNED - 1, draft.id)
    await end_untouched_drafts()
    assert await told(party) == []
    await age(1, draft.id)
    for _ in range(2):
        await end_untouched_drafts()
    assert await told(party) == ["draft_expiring"]
    day = clock.today() + timedelta(days=LAPSES)
    warning = await Message.get(citizen_id=party.citizen_id)
    assert f"{day.year}年{day.month}月{day.day}日" in warning.text
    await age(LAPSES - 1, draft.id)
    await end_untouched_drafts()
    assert await state(draft) is State.DRAFT
    await age(1, draft.id)
    touched_at = (await Application.get(id=draft.id)).updated_at
    for _ in range(2):
        await end_untouched_drafts()
    assert await told(party) == ["draft_expiring", "draft_expired"]
    detail = await queries.get_application(party, draft.id)
    assert (detail.application.state, detail.application.form["remark"]) == (State.EXPIRED, "留着")
    assert [entry.kind for entry in detail.timeline] == ["lapse"]
    assert detail.application.updated_at == touched_at
    with pytest.raises(NotADraftError):
        await fill_draft(party, draft.id, {"remark": "x"})
    with pytest.raises(StateForbidsError):
        await submit_application(party, draft.id, None)
    await forget_drafts(touched_at, 1000)
    assert await Application.exists(id=draft.id)
    await forget_drafts(touched_at + timedelta(seconds=1), 1000)
    assert not await Application.exists(id=draft.id)


async def test_no_draft_lapses_unwarned_nor_is_deleted_before_it_lapsed(quiet: House) -> None:
    """However long the nightly work was away."""
    party, draft = await begun(quiet)
    await age(1000, draft.id)
    await forget_drafts(clock.now(), 1000)
    await end_untouched_drafts()
    assert (await state(draft), await told(party)) == (State.DRAFT, ["draft_expiring"])


async def test_a_touch_puts_it_off_and_it_is_warned_of_anew(quiet: House) -> None:
    """A save, a photograph."""
    citizen = await verified_citizen(quiet)
    party, draft = Party.own(citizen.id), await ready_draft(quiet, citizen)
    for touch in ("save", "photograph"):
        await age(WARNED, draft.id)
        await end_untouched_drafts()
        if touch == "save":
            await fill_draft(party, draft.id, {"remark": touch})
        else:
            await add_material(quiet.blobs, party, draft.id, "site_photo", photograph(), scan_needed=False)
        await age(LAPSES, draft.id)
        await end_untouched_drafts()
        assert await state(draft) is State.DRAFT
    assert await told(party) == ["draft_expiring"] * 2


async def test_a_touch_of_a_mate_puts_it_off(quiet: House) -> None:
    """What was begun together for a life event lapses together."""
    party = Party.own((await verified_citizen(quiet)).id)
    group = await get_group(party, await start_group(party, EVENT, ALL))
    ids = [member.application.id for member in group.members]
    await age(WARNED, *ids)
    await end_untouched_drafts()
    assert await told(party) == ["draft_expiring"] * 3
    await fill_draft(party, ids[0], {"staff_count": 3})
    await age(LAPSES, *ids)
    await end_untouched_drafts()
    assert await Application.filter(id__in=ids, state=State.DRAFT).count() == 3
    await age(WARNED - LAPSES, *ids)
    await end_untouched_drafts()
    await age(LAPSES, *ids)
    await end_untouched_drafts()
    assert await Application.filter(id__in=ids, state=State.EXPIRED).count() == 3
    assert (await told(party)).count("life_event_done") == 1


async def test_two_workers_at_once_tell_and_move_once(quiet: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of one, so that both go over the same drafts."""
    monkeypatch.setattr(lapsing, "SLICE", 1)
    parties, ids = [], []
    for _ in range(3):
        party, draft = await begun(quiet)
        parties.append(party)
        ids.append(draft.id)
    await age(WARNED, *ids)
    await asyncio.gather(end_untouched_drafts(), end_untouched_drafts())
    await age(LAPSES, *ids)
    await asyncio.gather(end_untouched_drafts(), end_untouched_drafts())
    for party in parties:
        assert await told(party) == ["draft_expiring", "draft_expired"]
    assert await TimelineEntry.filter(application_id__in=ids).count() == 3


async def test_a_worker_that_dies_in_between_leaves_whole_drafts_and_the_next_goes_on(quiet: House) -> None:
    """It dies while it waits for the second, which somebody saves at this moment: that lapses by no worker."""
    (party, first), (other, second) = await begun(quiet), await begun(quiet)
    await age(WARNED, first.id, second.id)
    await end_untouched_drafts()
    await age(LAPSES, first.id, second.id)
    held, go_on = asyncio.Event(), asyncio.Event()

    async def save_slowly() -> None:
        async with transaction():
            draft = await Application.select_for_update().get(id=second.id)
            held.set()
            await go_on.wait()
            draft.updated_at = clock.now()
            await draft.save(update_fields=["updated_at"])

    saving = asyncio.ensure_future(save_slowly())
    await held.wait()
    work, another = (asyncio.ensure_future(end_untouched_drafts()) for _ in range(2))
    while await state(first) is State.DRAFT:  # noqa: ASYNC110  # another task changes it in the database
        await asyncio.sleep(0.01)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    go_on.set()
    await asyncio.gather(saving, another)
    assert (await state(first), await state(second)) == (State.EXPIRED, State.DRAFT)
    await end_untouched_drafts()
    assert (await told(party), await told(other)) == (["draft_expiring", "draft_expired"], ["draft_expiring"])
