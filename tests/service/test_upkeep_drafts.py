"""Drafts and publication by two: nobody overwrites the unread, nobody publishes their own, everything happens once."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from pydantic import ValidationError

from app.audit.models import AuditRecord
from app.audit.service import first_broken
from app.bootstrap import House
from app.catalogue.errors import ItemNotFoundError
from app.catalogue.guide import Guide
from app.catalogue.models import Item, ItemVersion, Theme, VersionOrigin, VersionState
from app.catalogue.queries import get_guide, get_item
from app.catalogue.service import lock_publishing, publish_guides
from app.finding.queries import search_items
from app.identity.errors import OutsideOwnScopeError
from app.identity.models import Staff
from app.identity.rules import EVERY_DEPARTMENT, Duty
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.db import transaction
from app.kit.errors import DomainError
from app.upkeep import drafts, history, reviews
from app.upkeep.desk import Draft, Editor
from app.upkeep.errors import (
    DraftNotFoundError,
    DraftStaleError,
    DraftStateError,
    EffectPastError,
    GuideFaultyError,
    ItemExistsError,
    OwnDraftError,
    PublishingBusyError,
    VersionOutdatedError,
)

FOOD = "11230800JB0000017Q3000131001001"
USCC = FOOD[:18]
REGION = "230800"


async def editor(department: str = "scjg", region: str | None = REGION) -> Editor:
    """A member of staff who keeps items."""
    member = await Staff.create(
        username=f"t{uuid4().hex}",
        password_hash="none",
        name="王编辑",
        office="法规科",
        department=department,
        region=region,
        duties=[Duty.EDIT_ITEMS],
        created_at=clock.now(),
    )
    return Editor(member.id, Scope.of(member))


@pytest.fixture
async def item(quiet: House) -> AsyncIterator[dict[str, Any]]:
    """The guide of an item that nobody published; it is gone after the test."""
    del quiet
    guide = (await get_item(FOOD)).guide.model_dump(mode="json")
    guide["basic_code"] = f"0001{uuid4().int % 10**8:08}"
    guide["item_code"] = f"{USCC}3{guide['basic_code']}"
    guide["name"] = f"示例{guide['basic_code']}许可"
    yield guide
    await ItemVersion.filter(item_code=guide["item_code"]).delete()
    await Item.filter(item_code=guide["item_code"]).delete()


async def proposed(author: Editor, guide: dict[str, Any], *, days: int = 0) -> Draft:
    """A draft of a guide, proposed for so many days from today; begun anew where the item was published before."""
    code = guide["item_code"]
    begun = (
        await drafts.begin_draft(author, code)
        if await ItemVersion.exists(item_code=code, state=VersionState.PUBLISHED)
        else await drafts.begin_item(author, code, "scjg", REGION)
    )
    saved = await drafts.save_draft(author, begun.version.id, begun.version.revision, guide)
    day = clock.today() + timedelta(days=days)
    return await drafts.propose_draft(author, saved.version.id, saved.version.revision, day, "更新")


async def published(author: Editor, reviewer: Editor, guide: dict[str, Any], *, days: int = 0) -> ItemVersion:
    """A version of a guide, published by another than its author."""
    draft = await proposed(author, guide, days=days)
    return await reviews.publish_draft(reviewer, draft.version.id, draft.version.revision)


async def at_once(*steps: Awaitable[Any]) -> tuple[list[Any], list[DomainError]]:
    """What came of steps that began together: results and refusals."""
    outcomes = await asyncio.gather(*steps, return_exceptions=True)
    unexpected = [one for one in outcomes if isinstance(one, BaseException) and not isinstance(one, DomainError)]
    assert not unexpected, unexpected
    refused = [one for one in outcomes if isinstance(one, DomainError)]
    return [one for one in outcomes if not isinstance(one, DomainError)], refused


async def actions(code: str) -> list[str]:
    """What the audit of an item says, whose chain is whole."""
    chain = f"item:{code}"
    assert await first_broken(chain) is None
    return [entry.action for entry in await AuditRecord.filter(chain=chain).order_by("position")]


async def test_an_item_comes_from_an_empty_draft_to_citizens(item: dict[str, Any]) -> None:
    """Begun with nothing, saved unfinished, finished, proposed, published by another; in guide, lists and search."""
    author, reviewer, code = await editor(), await editor(), item["item_code"]
    begun = await drafts.begin_item(author, code, "scjg", REGION)
    assert "missing" in {problem.code for problem in begun.problems}
    half = {name: item[name] for name in ("item_code", "department", "region", "name")}
    saved = await drafts.save_draft(author, begun.version.id, begun.version.revision, half)
    assert saved.guide == half
    assert {problem.path for problem in saved.problems} >= {"steps", "form_schema"}
    with pytest.raises(GuideFaultyError):
        await drafts.propose_draft(author, saved.version.id, saved.version.revision, clock.today(), "新办")
    whole = await drafts.save_draft(author, saved.version.id, saved.version.revision, item)
    draft = await drafts.propose_draft(author, whole.version.id, whole.version.revision, clock.today(), "新办")
    with pytest.raises(ItemNotFoundError):
        await get_guide(code)
    version = await reviews.publish_draft(reviewer, draft.version.id, draft.version.revision)
    assert (version.number, version.author_id, version.reviewer_id) == (1, author.staff_id, reviewer.staff_id)
    assert json.loads((await get_guide(code)).guide) == (await get_item(code)).guide.model_dump(mode="json")
    assert (await Item.get(item_code=code)).version == 1
    assert [entry.item_code for entry in (await search_items(item["name"], "", "", None)).items][:1] == [code]
    assert await actions(code) == [
        "draft_begun",
        "draft_saved",
        "draft_saved",
        "draft_proposed",
        "version_published",
    ]


async def test_a_save_of_what_was_not_read_overwrites_nothing(item: dict[str, Any]) -> None:
    """Of two that began from one revision the first is kept, the other is told the present one."""
    author, colleague = await editor(), await editor()
    draft = (await drafts.begin_item(author, item["item_code"], "scjg", REGION)).version
    first = await drafts.save_draft(author, draft.id, draft.revision, {**item, "visits": 1})
    with pytest.raises(DraftStaleError) as refused:
        await drafts.save_draft(colleague, draft.id, draft.revision, {**item, "visits": 2})
    assert refused.value.context == {"revision": first.version.revision}
    for step in (
        drafts.propose_draft(author, draft.id, draft.revision, clock.today(), "更新"),
        drafts.delete_draft(author, draft.id, draft.revision),
    ):
        with pytest.raises(DraftStaleError):
            await step
    assert (await drafts.get_draft(author, draft.id)).guide["visits"] == 1


async def test_of_saves_at_once_one_is_kept_whole(item: dict[str, Any]) -> None:
    """By eight colleagues, from one revision."""
    author = await editor()
    draft = (await drafts.begin_item(author, item["item_code"], "scjg", REGION)).version
    colleagues = [await editor() for _ in range(8)]
    saves = (
        drafts.save_draft(one, draft.id, draft.revision, {**item, "visits": n}) for n, one in enumerate(colleagues)
    )
    kept, refused = await at_once(*saves)
    assert len(kept) == 1
    assert {type(error) for error in refused} == {DraftStaleError}
    after = await ItemVersion.get(id=draft.id)
    assert json.loads(after.guide)["visits"] == kept[0].guide["visits"]
    winner = colleagues[kept[0].guide["visits"]]
    assert after.writers == sorted([str(author.staff_id), str(winner.staff_id)])
    assert await actions(item["item_code"]) == ["draft_begun", "draft_saved"]


async def test_a_proposal_is_of_what_was_read_whoever_saves_at_once(item: dict[str, Any]) -> None:
    """Either the draft is proposed as it was, or it is a draft as it was saved."""
    author, colleague = await editor(), await editor()
    for visits in range(1, 6):
        begun = (await drafts.begin_item(author, item["item_code"], "scjg", REGION)).version
        draft = (await drafts.save_draft(author, begun.id, begun.revision, item)).version
        done, _ = await at_once(
            drafts.propose_draft(author, draft.id, draft.revision, clock.today(), "更新"),
            drafts.save_draft(colleague, draft.id, draft.revision, {**item, "visits": visits}),
        )
        assert len(done) == 1
        after = await ItemVersion.get(id=draft.id)
        assert json.loads(after.guide)["visits"] == (item["visits"] if after.state is VersionState.PROPOSED else visits)


async def test_what_is_saved_is_not_deleted_by_whoever_has_not_read_it(item: dict[str, Any]) -> None:
    """At once: the draft is gone as it was, or it is there as it was saved."""
    author, colleague = await editor(), await editor()
    for _ in range(8):
        draft = (await drafts.begin_item(author, item["item_code"], "scjg", REGION)).version
        saved, refused = await at_once(
            drafts.save_draft(colleague, draft.id, draft.revision, item),
            drafts.delete_draft(author, draft.id, draft.revision),
        )
        assert (len(saved), len(refused)) == (1, 1)
        assert await ItemVersion.exists(id=draft.id) is (saved != [None])


async def test_drafts_of_one_item_are_begun_at_once_in_one_whole_audit(item: dict[str, Any]) -> None:
    """The chain has no gap and no fork."""
    author = await editor()
    done, refused = await at_once(*(drafts.begin_item(author, item["item_code"], "scjg", REGION) for _ in range(6)))
    assert (len(done), refused) == (6, [])
    assert await actions(item["item_code"]) == ["draft_begun"] * 6


async def test_nobody_who_wrote_reviews(item: dict[str, Any]) -> None:
    """Neither the author nor a colleague who saved in between, however it came to be proposed."""
    author, colleague, reviewer = await editor(), await editor(), await editor()
    draft = await proposed(author, item)
    saved = await drafts.save_draft(colleague, draft.version.id, draft.version.revision, {**item, "visits": 1})
    again = await drafts.propose_draft(author, draft.version.id, saved.version.revision, clock.today(), "更新")
    for writer in (author, colleague):
        with pytest.raises(OwnDraftError):
            await reviews.publish_draft(writer, draft.version.id, again.version.revision)
        with pytest.raises(OwnDraftError):
            await reviews.reject_draft(writer, draft.version.id, again.version.revision, "不行")
    assert (await ItemVersion.get(id=draft.version.id)).state is VersionState.PROPOSED
    await reviews.publish_draft(reviewer, draft.version.id, again.version.revision)


async def test_whoever_proposes_has_written(item: dict[str, Any]) -> None:
    """Day and note are theirs."""
    author, proposer = await editor(), await editor()
    draft = (await drafts.begin_item(author, item["item_code"], "scjg", REGION)).version
    saved = (await drafts.save_draft(author, draft.id, draft.revision, item)).version
    ready = (await drafts.propose_draft(proposer, draft.id, saved.revision, clock.today(), "更新")).version
    with pytest.raises(OwnDraftError):
        await reviews.publish_draft(proposer, draft.id, ready.revision)


async def test_of_reviewers_at_once_one_decides(item: dict[str, Any]) -> None:
    """Published once, with one record, whoever else publishes or rejects."""
    draft = (await proposed(await editor(), item)).version
    several = [await editor() for _ in range(6)]
    steps: list[Awaitable[ItemVersion]] = [reviews.publish_draft(one, draft.id, draft.revision) for one in several[:4]]
    steps += [reviews.reject_draft(one, draft.id, draft.revision, "不行") for one in several[4:]]
    decided, refused = await at_once(*steps)
    assert len(decided) == 1
    assert {type(error) for error in refused} <= {DraftStaleError, DraftNotFoundError, DraftStateError}
    after = await ItemVersion.get(id=draft.id)
    assert after.reviewer_id == decided[0].reviewer_id
    assert after.state is decided[0].state
    ends = [name for name in await actions(item["item_code"]) if name in {"version_published", "draft_rejected"}]
    assert len(ends) == 1


async def test_what_was_changed_after_its_proposal_is_not_published_as_it(item: dict[str, Any]) -> None:
    """A draft again, at another revision: the reviewer reads it anew."""
    author, reviewer = await editor(), await editor()
    draft = (await proposed(author, item)).version
    changed = (await drafts.save_draft(author, draft.id, draft.revision, {**item, "visits": 1})).version
    with pytest.raises(DraftStaleError):
        await reviews.publish_draft(reviewer, draft.id, draft.revision)
    with pytest.raises(DraftStateError):
        await reviews.publish_draft(reviewer, draft.id, changed.revision)
    again = (await drafts.propose_draft(author, draft.id, changed.revision, clock.today(), "更新")).version
    with pytest.raises(DraftStaleError):
        await reviews.publish_draft(reviewer, draft.id, draft.revision)
    await reviews.publish_draft(reviewer, draft.id, again.revision)
    assert (await get_item(item["item_code"])).guide.visits == 1


async def test_a_save_and_a_publication_at_once_leave_what_was_read(item: dict[str, Any]) -> None:
    """Either it is published as it was proposed, or it is a draft as it was saved."""
    author, reviewer = await editor(), await editor()
    for visits in range(1, 6):
        draft = (await proposed(author, {**item, "visits": 0})).version
        done, _ = await at_once(
            reviews.publish_draft(reviewer, draft.id, draft.revision),
            drafts.save_draft(author, draft.id, draft.revision, {**item, "visits": visits}),
        )
        assert len(done) == 1
        after = await ItemVersion.get(id=draft.id)
        assert json.loads(after.guide)["visits"] == (0 if after.state is VersionState.PUBLISHED else visits)


async def test_of_drafts_of_one_item_published_at_once_one_is(item: dict[str, Any]) -> None:
    """It is in the lists, and the others are told its number."""
    author = await editor()
    await published(author, await editor(), item)
    ready = [(await proposed(author, {**item, "visits": n})).version for n in range(1, 6)]
    reviewers = [await editor() for _ in ready]
    steps = (reviews.publish_draft(who, one.id, one.revision) for who, one in zip(reviewers, ready, strict=True))
    done, refused = await at_once(*steps)
    assert [(one.code, one.context) for one in refused] == [("version_outdated", {"number": 2})] * 4
    listed = await Item.get(item_code=item["item_code"])
    assert (listed.version, listed.visits) == (2, json.loads(done[0].guide)["visits"])


async def test_a_version_of_a_coming_day_waits_for_it(item: dict[str, Any]) -> None:
    """Published and not yet in effect."""
    author, reviewer, code = await editor(), await editor(), item["item_code"]
    await published(author, reviewer, item)
    await published(author, reviewer, {**item, "visits": 3}, days=400)
    assert (await get_item(code)).version == (await Item.get(item_code=code)).version == 1
    with clock.travel(timedelta(days=400)):
        assert (await get_item(code)).guide.visits == 3


async def test_a_proposal_names_today_or_later_and_a_day_that_went_by_is_today(item: dict[str, Any]) -> None:
    """Nothing is in effect before it was published."""
    author, reviewer = await editor(), await editor()
    draft = (await drafts.begin_item(author, item["item_code"], "scjg", REGION)).version
    saved = (await drafts.save_draft(author, draft.id, draft.revision, item)).version
    yesterday = clock.today() - timedelta(days=1)
    with pytest.raises(EffectPastError):
        await drafts.propose_draft(author, draft.id, saved.revision, yesterday, "更新")
    ready = (await drafts.propose_draft(author, draft.id, saved.revision, clock.today(), "更新")).version
    with clock.travel(timedelta(days=5)):
        version = await reviews.publish_draft(reviewer, draft.id, ready.revision)
        assert version.effective_on == clock.today()


async def test_a_rejected_draft_comes_back_better(item: dict[str, Any]) -> None:
    """With the reason, which goes with the next save."""
    author, reviewer = await editor(), await editor()
    draft = (await proposed(author, item)).version
    rejected = await reviews.reject_draft(reviewer, draft.id, draft.revision, "时限不对")
    assert (rejected.state, rejected.reason, rejected.reviewer_id) == (
        VersionState.REJECTED,
        "时限不对",
        reviewer.staff_id,
    )
    with pytest.raises(DraftStateError):
        await reviews.publish_draft(reviewer, draft.id, rejected.revision)
    saved = (await drafts.save_draft(author, draft.id, rejected.revision, {**item, "visits": 1})).version
    assert (saved.state, saved.reason) == (VersionState.DRAFT, "")
    again = (await drafts.propose_draft(author, draft.id, saved.revision, clock.today(), "更正")).version
    assert (await reviews.publish_draft(reviewer, draft.id, again.revision)).number == 1


async def test_an_item_ends_by_two_and_can_come_back(item: dict[str, Any]) -> None:
    """Out of guide and lists, kept in the history; a draft that ends has nothing to be written."""
    author, reviewer, code = await editor(), await editor(), item["item_code"]
    await published(author, reviewer, item)
    ending = await drafts.begin_draft(author, code, ends=True)
    assert ending.problems == []
    with pytest.raises(DraftStateError):
        await drafts.save_draft(author, ending.version.id, ending.version.revision, item)
    ready = (
        await drafts.propose_draft(author, ending.version.id, ending.version.revision, clock.today(), "取消")
    ).version
    with pytest.raises(OwnDraftError):
        await reviews.publish_draft(author, ready.id, ready.revision)
    await reviews.publish_draft(reviewer, ready.id, ready.revision)
    with pytest.raises(ItemNotFoundError):
        await get_guide(code)
    assert not await Item.exists(item_code=code)
    (kept,) = [one for one in await all_kept(author) if one.item_code == code]
    assert (kept.name, kept.in_effect, kept.number, kept.offered) == (item["name"], None, 2, False)
    await published(author, reviewer, item)
    assert (await get_item(code)).version == 3


async def all_kept(who: Editor, state: VersionState | None = None) -> list[history.KeptItem]:
    """All pages of the items that somebody keeps."""
    found, cursor = [], None
    while True:
        page = await history.list_kept_items(who, state, cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_everybody_sees_what_they_keep(item: dict[str, Any]) -> None:
    """Each item once, in order, with what is being written, and by the state of that."""
    author, elsewhere = await editor(), await editor("ga")
    everywhere, below = await editor(EVERY_DEPARTMENT, None), await editor("scjg", "230822")
    draft = (await proposed(author, item)).version
    mine = await all_kept(author)
    codes = [one.item_code for one in mine]
    assert codes == sorted(set(codes))
    assert {FOOD, item["item_code"]} <= set(codes)
    assert [one.id for entry in mine for one in entry.drafts if entry.item_code == item["item_code"]] == [draft.id]
    assert [one.item_code for one in await all_kept(author, VersionState.PROPOSED)] == [item["item_code"]]
    assert await all_kept(author, VersionState.REJECTED) == []
    for other in (elsewhere, below):
        assert not {FOOD, item["item_code"]} & {one.item_code for one in await all_kept(other)}
    assert len(await all_kept(everywhere)) == await Item.all().count() + 1


async def test_what_lies_elsewhere_is_not_found(item: dict[str, Any]) -> None:
    """By another department or a county, whatever they try; a draft leaves nobody's region and department."""
    author, code = await editor(), item["item_code"]
    draft = (await proposed(author, item)).version
    for other in (await editor("ga"), await editor("scjg", "230822")):
        for step in (
            drafts.get_draft(other, draft.id),
            drafts.save_draft(other, draft.id, draft.revision, item),
            drafts.propose_draft(other, draft.id, draft.revision, clock.today(), "x"),
            drafts.delete_draft(other, draft.id, draft.revision),
            reviews.publish_draft(other, draft.id, draft.revision),
            reviews.reject_draft(other, draft.id, draft.revision, "x"),
            history.compare_draft(other, draft.id),
        ):
            with pytest.raises(DraftNotFoundError):
                await step
        with pytest.raises(OutsideOwnScopeError):
            await drafts.begin_item(other, code, "scjg", REGION)
        for look in (
            drafts.begin_draft(other, FOOD),
            history.check_item(other, FOOD),
            history.list_versions(other, FOOD, None),
            history.compare_versions(other, FOOD, 1, 1),
        ):
            with pytest.raises(ItemNotFoundError):
                await look
    for moved in ({"department": "ga"}, {"region": "230000"}):
        with pytest.raises(OutsideOwnScopeError):
            await drafts.save_draft(author, draft.id, draft.revision, {**item, **moved})


async def test_an_item_of_others_is_not_taken_over(item: dict[str, Any]) -> None:
    """By a draft of the same code that was begun before the item was published."""
    own, thief = await editor(), await editor("ga")
    begun = await drafts.begin_item(thief, item["item_code"], "ga", REGION)
    await published(own, await editor(), item)
    with pytest.raises(DraftNotFoundError):
        await drafts.get_draft(thief, begun.version.id)
    with pytest.raises(ItemExistsError):
        await drafts.begin_item(thief, item["item_code"], "ga", REGION)


async def test_a_guide_that_became_wrong_meanwhile_is_not_published(item: dict[str, Any]) -> None:
    """Its theme was given up while it waited."""
    theme = await Theme.create(code=f"t{uuid4().hex[:20]}", name="临时", audience="person", position=99)
    author, reviewer = await editor(), await editor()
    draft = (await proposed(author, {**item, "themes": [theme.code]})).version
    await theme.delete()
    with pytest.raises(GuideFaultyError) as refused:
        await reviews.publish_draft(reviewer, draft.id, draft.revision)
    assert [problem["path"] for problem in refused.value.context["problems"]] == ["themes.0"]
    assert (await ItemVersion.get(id=draft.id)).state is VersionState.PROPOSED


async def test_a_draft_keeps_the_code_of_its_item(item: dict[str, Any]) -> None:
    """Whatever stands in its guide."""
    author = await editor()
    draft = (await drafts.begin_item(author, item["item_code"], "scjg", REGION)).version
    food = (await get_item(FOOD)).guide.model_dump(mode="json")
    saved = await drafts.save_draft(author, draft.id, draft.revision, food)
    assert [problem.code for problem in saved.problems][:1] == ["item_code_of_another"]
    with pytest.raises(GuideFaultyError):
        await drafts.propose_draft(author, draft.id, saved.version.revision, clock.today(), "更新")


async def test_a_deleted_draft_is_gone_and_told(item: dict[str, Any]) -> None:
    """A published version is nobody's draft."""
    author, reviewer = await editor(), await editor()
    draft = (await drafts.begin_item(author, item["item_code"], "scjg", REGION)).version
    await drafts.delete_draft(author, draft.id, draft.revision)
    with pytest.raises(DraftNotFoundError):
        await drafts.get_draft(author, draft.id)
    assert await actions(item["item_code"]) == ["draft_begun", "draft_deleted"]
    version = await published(author, reviewer, item)
    with pytest.raises(DraftNotFoundError):
        await drafts.delete_draft(author, version.id, version.revision)


async def test_the_history_says_who_when_why_and_what(item: dict[str, Any]) -> None:
    """By the staff's names; the audit holds ids and names of fields alone."""
    author, reviewer, code = await editor(), await editor(), item["item_code"]
    await published(author, reviewer, item)
    second = await published(author, reviewer, {**item, "visits": 2})
    page = await history.list_versions(author, code, None)
    assert [(one.number, one.note) for one in page.items] == [(2, "更新"), (1, "更新")]
    assert await history.staff_names(page.items) == {author.staff_id: "王编辑", reviewer.staff_id: "王编辑"}
    (changed,) = await history.compare_versions(author, code, 1, 2)
    assert (changed.path, changed.before, changed.after) == ("visits", item["visits"], 2)
    back = await drafts.begin_draft(author, code, 1)
    assert (back.version.based_on, back.guide["visits"]) == (2, item["visits"])
    (undone,) = await history.compare_draft(author, back.version.id)
    assert (undone.path, undone.before, undone.after) == ("visits", 2, item["visits"])
    saved = await AuditRecord.filter(chain=f"item:{code}", action="draft_saved").order_by("-position").first()
    assert saved is not None
    assert saved.details == {"version": str(second.id), "fields": ["visits"]}
    assert "王编辑" not in str([entry.details for entry in await AuditRecord.filter(chain=f"item:{code}")])


async def test_of_two_drafts_begun_side_by_side_one_is_published(item: dict[str, Any]) -> None:
    """The other would undo it unseen; begun anew it shows what it changes."""
    author, reviewer = await editor(), await editor()
    await published(author, reviewer, item)
    one, other = await proposed(author, {**item, "visits": 2}), await proposed(author, {**item, "visits": 3})
    await reviews.publish_draft(reviewer, one.version.id, one.version.revision)
    with pytest.raises(VersionOutdatedError) as refused:
        await reviews.publish_draft(reviewer, other.version.id, other.version.revision)
    assert refused.value.context == {"number": 2}
    assert (await published(author, reviewer, {**item, "visits": 3})).number == 3


async def test_an_edit_shows_what_it_undoes_of_a_planned_version(item: dict[str, Any]) -> None:
    """Its differences are those to the newest version, whose day is still to come."""
    author, reviewer, code = await editor(), await editor(), item["item_code"]
    await published(author, reviewer, item)
    await published(author, reviewer, {**item, "visits": 2}, days=30)
    draft = await drafts.begin_draft(author, code)
    assert (draft.version.based_on, draft.guide["visits"]) == (2, item["visits"])
    assert [one.path for one in await history.compare_draft(author, draft.version.id)] == ["visits"]


async def test_the_same_text_holds_from_today_though_it_is_planned(item: dict[str, Any]) -> None:
    """What is planned for later is not what holds by today."""
    author, reviewer, guide = await editor(), await editor(), Guide.model_validate(item)
    await published(author, reviewer, item, days=30)
    async with transaction():
        await lock_publishing()
        assert await publish_guides([guide], clock.today(), VersionOrigin.TABLES) == 1
        assert await publish_guides([guide], clock.today(), VersionOrigin.TABLES) == 0


async def test_publishing_gives_way_to_an_import_that_runs(quiet: House, item: dict[str, Any]) -> None:
    """It is refused soon, the draft stays as it was, and it is published once the import has ended."""
    author, reviewer = await editor(), await editor()
    draft = await proposed(author, item)
    importing = await asyncpg.connect(quiet.settings.database_url.get_secret_value())
    try:
        await importing.execute("SELECT pg_advisory_lock(7201311424)")
        with pytest.raises(PublishingBusyError):
            await reviews.publish_draft(reviewer, draft.version.id, draft.version.revision)
    finally:
        await importing.close()
    assert (await reviews.publish_draft(reviewer, draft.version.id, draft.version.revision)).number == 1


async def test_a_name_that_widens_is_found(item: dict[str, Any]) -> None:
    """One character may stand for eighteen; more than fifty keywords, or longer ones, are no keywords."""
    author, reviewer = await editor(), await editor()
    wide = {**item, "keywords": ["\ufdfa" * 64], "name": "\ufdfa" * 200}
    version = await published(author, reviewer, wide)
    assert (await Item.get(item_code=item["item_code"])).version == version.number
    for keywords in (["字"] * 51, ["字" * 65], [""]):
        with pytest.raises(ValidationError):
            Guide.model_validate({**item, "keywords": keywords})
