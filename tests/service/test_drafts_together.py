"""One draft on several devices: nobody writes over what they have not seen, and no reply that was lost hurts."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from app.applications import drafts, filling
from app.applications.discarding import discard_draft
from app.applications.drafts import MOST_DRAFTS
from app.applications.errors import (
    ApplicationNotFoundError,
    DraftOutdatedError,
    NotADraftError,
    TooManyDraftsError,
)
from app.applications.groups import get_group, start_group
from app.applications.models import Application, Material, State
from app.applications.service import submit_application
from app.audit.models import AuditRecord
from app.bootstrap import House
from app.catalogue.errors import FormInvalidError
from app.kit import db
from app.mandates.party import Party
from tests.conftest import Phone, error_of
from tests.service.cases import fill_draft, insist, ready_draft, trip_item, verified_citizen
from tests.service.test_application_groups import ALL, EVENT


async def begun(house: House) -> tuple[Party, Application]:
    """Somebody with a draft."""
    party = Party.own((await verified_citizen(house)).id)
    return party, await drafts.start_application(party, await trip_item())


async def now(draft: Application) -> Application:
    """The draft as it stands."""
    return await Application.get(id=draft.id)


async def test_of_two_who_save_at_once_one_wins_and_the_other_is_told_and_merges(quiet: House) -> None:
    """Both have seen the same revision and mean the same field; the loser reads again and saves anew."""
    party, draft = await begun(quiet)
    for number in range(6):
        seen = (await now(draft)).revision
        texts = [f"甲{number}", f"乙{number}"]
        outcomes = await asyncio.gather(
            *(filling.save_form(party, draft.id, {"remark": text}, seen) for text in texts), return_exceptions=True
        )
        (lost,) = [one for one in outcomes if isinstance(one, BaseException)]
        (won,) = [one for one in outcomes if isinstance(one, filling.Saved)]
        assert isinstance(lost, DraftOutdatedError)
        assert lost.context == {"revision": seen + 1} == {"revision": won.application.revision}
        stands = await now(draft)
        assert stands.form["remark"] == texts[outcomes.index(won)]
        merged = await filling.save_form(party, draft.id, {"business_name": f"丙{number}"}, lost.context["revision"])
        assert merged.application.form["remark"] == stands.form["remark"]
        assert merged.application.form["business_name"] == f"丙{number}"


async def test_no_word_of_many_who_save_at_once_is_lost(quiet: House) -> None:
    """Each puts in a field of their own, and reads again where they were too late."""
    party, draft = await begun(quiet)
    form: dict[str, Any] = {"remark": "备注", "business_name": "小店", "business_site": "示例路1号", "site_area": 20}
    await asyncio.gather(*(insist(party, draft.id, {name: value}) for name, value in form.items()))
    stands = await now(draft)
    assert form.items() <= stands.form.items()
    assert stands.revision == draft.revision + len(form)


async def test_a_save_whose_reply_was_lost_is_done_when_it_comes_again(quiet: House) -> None:
    """With the old revision: the draft holds it already. Once somebody else changed it, it is told."""
    party, draft = await begun(quiet)
    first = await filling.save_form(party, draft.id, {"remark": "一"}, draft.revision)
    again = await filling.save_form(party, draft.id, {"remark": "一"}, draft.revision)
    assert again.application.revision == first.application.revision == draft.revision + 1
    await fill_draft(party, draft.id, {"remark": "二"})
    with pytest.raises(DraftOutdatedError):
        await filling.save_form(party, draft.id, {"remark": "一"}, draft.revision)
    assert (await now(draft)).form["remark"] == "二"


async def test_what_changes_nothing_and_what_is_refused_leave_the_revision(quiet: House) -> None:
    """It counts changes."""
    party, draft = await begun(quiet)
    await fill_draft(party, draft.id, {})
    with pytest.raises(FormInvalidError):
        await fill_draft(party, draft.id, {"site_area": 10**9})
    assert (await now(draft)).revision == draft.revision


async def test_mates_of_a_life_event_move_their_revisions_and_the_answer_says_so(quiet: House) -> None:
    """Whoever has one of them open is told by its own revision."""
    party = Party.own((await verified_citizen(quiet)).id)
    group = await get_group(party, await start_group(party, EVENT, ALL))
    trader, food, fire = (member.application for member in group.members)
    saved = await filling.save_form(party, trader.id, {"trade_name": "桂兰小吃店"}, trader.revision)
    assert {one.id: one.revision for one in saved.mates} == {food.id: food.revision + 1, fire.id: fire.revision + 1}
    with pytest.raises(DraftOutdatedError):
        await filling.save_form(party, food.id, {"business_name": "别的店"}, food.revision)
    assert (await now(trader)).form["trade_name"] == "桂兰小吃店"
    alone = await filling.save_form(party, trader.id, {"staff_count": 3}, saved.application.revision)
    assert alone.mates == []


async def test_an_old_save_that_comes_again_writes_into_no_mate(quiet: House) -> None:
    """Though its own draft holds it: the mate may have been told otherwise since."""
    party = Party.own((await verified_citizen(quiet)).id)
    group = await get_group(party, await start_group(party, EVENT, ALL))
    trader, food, _ = (member.application for member in group.members)
    await filling.save_form(party, trader.id, {"trade_name": "桂兰小吃店"}, trader.revision)
    proxy = Party(party.actor_id, party.citizen_id, matters=(f"item:{food.item_code}",))
    await fill_draft(proxy, food.id, {"business_name": "代办店"})
    await filling.save_form(party, trader.id, {"trade_name": "桂兰小吃店"}, trader.revision)
    assert (await now(food)).form["business_name"] == "代办店"


async def test_nobody_submits_what_they_have_not_seen(quiet: House) -> None:
    """Where they say what they saw; a submission whose reply was lost is answered all the same."""
    citizen = await verified_citizen(quiet)
    party, draft = Party.own(citizen.id), await ready_draft(quiet, citizen)
    seen = (await now(draft)).revision
    await fill_draft(party, draft.id, {"remark": "另一台手机"})
    with pytest.raises(DraftOutdatedError):
        await submit_application(party, draft.id, None, seen)
    assert (await now(draft)).state is State.DRAFT
    case = await submit_application(party, draft.id, None, seen + 1)
    assert (await submit_application(party, draft.id, None, seen)).case_no == case.case_no


def test_phones_are_told_over_http(phone: Phone) -> None:
    """Every view of a draft has the revision, a save must name one, and a submission may."""
    draft = phone.draft()
    path = f"/api/v1/applications/{draft['id']}"
    seen = draft["revision"]
    assert phone.http.get(path).json()["revision"] == phone.http.get(f"{path}/form").json()["revision"] == seen
    assert phone.http.get("/api/v1/applications").json()["items"][0]["revision"] == seen
    wrong_bodies: list[dict[str, Any]] = [{"form": {}}, {"form": {}, "revision": 0}, {"form": {}, "revision": 2**40}]
    for wrong in wrong_bodies:
        assert error_of(phone.http.patch(path, json=wrong)) == (422, "field_invalid")
    saved = phone.http.patch(path, json={"revision": seen, "form": {"remark": uuid4().hex}}).json()
    assert (saved["revision"], saved["mates"]) == (seen + 1, [])
    late = phone.http.patch(path, json={"revision": seen, "form": {"remark": "x"}})
    assert error_of(late) == (409, "draft_outdated")
    assert late.json()["context"] == {"revision": seen + 1}
    answered = phone.http.put(f"{path}/answers", json={"revision": seen + 1, "answers": {}}).json()
    assert (answered["revision"], answered["mates"]) == (seen + 1, [])
    assert error_of(phone.http.post(f"{path}/submission", params={"revision": seen})) == (409, "draft_outdated")


async def test_a_draft_that_nobody_wants_is_deleted_with_its_files(quiet: House) -> None:
    """By whose it is alone, and never a case; its audit says so."""
    citizen = await verified_citizen(quiet)
    party, stranger = Party.own(citizen.id), Party.own((await verified_citizen(quiet)).id)
    draft, case = await ready_draft(quiet, citizen), await ready_draft(quiet, citizen)
    await submit_application(party, case.id, None)
    key = (await Material.get(application=draft)).blob_key
    with pytest.raises(ApplicationNotFoundError):
        await discard_draft(stranger, draft.id)
    with pytest.raises(NotADraftError):
        await discard_draft(party, case.id)
    await discard_draft(party, draft.id)
    assert not await Application.exists(id=draft.id)
    assert await db.row("SELECT 1 FROM doomed_blobs WHERE blob_key = $1", key)
    last = await AuditRecord.filter(chain=f"application:{draft.id}").order_by("-position").first()
    assert last is not None
    assert last.action == "draft_discarded"


async def test_drafts_are_fifty_at_most(quiet: House) -> None:
    """The next one is refused until another has gone, also of those that begin at once."""
    party, draft = await begun(quiet)
    moment = draft.created_at
    plain: dict[str, Any] = {
        "citizen_id": party.citizen_id,
        "item_code": draft.item_code,
        "item_name": draft.item_name,
        "form": {},
    }
    rows = [Application(**plain, created_at=moment, updated_at=moment) for _ in range(MOST_DRAFTS - 2)]
    await Application.bulk_create(rows)
    started = (drafts.start_application(party, draft.item_code) for _ in range(3))
    outcomes = await asyncio.gather(*started, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, TooManyDraftsError)]
    assert [one.context for one in refused] == [{"limit": MOST_DRAFTS}] * 2
    await discard_draft(party, draft.id)
    await drafts.start_application(party, draft.item_code)
