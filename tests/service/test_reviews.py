"""Reviews: once a stage, in time, by whoever the case is; a comment is judged before it is public."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.applications.rules import Cause as CaseCause
from app.audit.models import AuditRecord
from app.audit.service import first_broken
from app.bootstrap import House
from app.identity.models import Citizen, WeChatAccount
from app.kit import clock, db
from app.kit.crypto import keyring
from app.kit.db import transaction
from app.kit.errors import DomainError
from app.kit.paging import decode_cursor
from app.kit.ports import TryLaterError
from app.mandates.party import Party
from app.notifications.models import Message
from app.privacy.deletion import delete_account, outlook
from app.privacy.parts import PARTS
from app.reviews import desk, queries, tasks
from app.reviews.definitions import terms
from app.reviews.errors import (
    CommentStateError,
    ReviewGivenError,
    ReviewNotFoundError,
    ReviewNotOpenError,
    ReviewReasonUnknownError,
)
from app.reviews.held import forget_reviews
from app.reviews.models import CommentState, Rectification, RectificationStep, Review, Stage
from app.reviews.rectification import call_back
from app.reviews.rectifying import Reached
from app.reviews.rules import Judgement, Tone
from app.reviews.service import CHECK_COMMENT, decide_comment, submit_review
from tests.people import make_person
from tests.service.cases import verified_citizen
from tests.service.reviewed import bad_review, decided_case, scope_of_new
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError, WeChatUnreachableError

_JOBS = "SELECT count(*) AS jobs FROM procrastinate_jobs WHERE task_name = $1 AND args ->> $2 = $3"


async def jobs_about(task: str, argument: str, id_: UUID) -> int:
    """How many jobs of a name were deferred about something."""
    found = await db.row(_JOBS, task, argument, str(id_))
    return int(found["jobs"]) if found else 0


async def test_a_stage_is_reviewed_once_and_the_same_again_is_the_same(quiet: House) -> None:
    citizen = await verified_citizen(quiet)
    party, case = Party.own(citizen.id), await decided_case(quiet, citizen)
    given = await submit_review(party, case.id, Stage.RESULT, 5, ["told_at_once", "fast_handling"], "很快")
    again = await submit_review(party, case.id, Stage.RESULT, 5, ["fast_handling", "told_at_once"], " 很快 ")
    assert again.id == given.id
    assert await jobs_about(CHECK_COMMENT, "review_id", given.id) == 1
    for level, comment in ((4, "很快"), (5, "很慢")):
        with pytest.raises(ReviewGivenError):
            await submit_review(party, case.id, Stage.RESULT, level, ["fast_handling", "told_at_once"], comment)
    other = await submit_review(party, case.id, Stage.ACCEPTANCE, 3, [], "")
    assert (other.comment_state, await Review.filter(application=case).count()) == (None, 2)
    assert not await Rectification.filter(review__application=case).exists()


async def test_twenty_at_once_are_one_review(quiet: House) -> None:
    citizen = await verified_citizen(quiet)
    party, case = Party.own(citizen.id), await decided_case(quiet, citizen)

    async def give(level: int) -> UUID | type[DomainError]:
        try:
            return (await submit_review(party, case.id, Stage.RESULT, level, [], "不好")).id
        except ReviewGivenError as error:
            return type(error)

    seen = await asyncio.gather(*(give(number % 2 + 1) for number in range(20)))
    assert len({one for one in seen if isinstance(one, UUID)}) == 1
    assert seen.count(ReviewGivenError) == 10
    assert await Review.filter(application=case).count() == 1
    assert await Rectification.filter(review__application=case).count() == 1


async def test_an_owner_and_their_proxies_at_once_give_one_review(quiet: House) -> None:
    """Whoever acts for the owner, the review is the case's."""
    owner, *proxies = [await verified_citizen(quiet) for _ in range(5)]
    case = await decided_case(quiet, owner)
    parties = [Party.own(owner.id), *(Party(actor_id=proxy.id, citizen_id=owner.id) for proxy in proxies)]
    given = await asyncio.gather(*(submit_review(one, case.id, Stage.RESULT, 1, [], "不好") for one in parties))
    assert len({review.id for review in given}) == 1


@pytest.mark.parametrize(
    ("causes", "stage"),
    [
        ((), Stage.ACCEPTANCE),
        ((CaseCause.ACCEPTED,), Stage.RESULT),
        ((CaseCause.NOT_ACCEPTED,), Stage.RESULT),
    ],
)
async def test_a_stage_that_was_not_reached_is_not_reviewed(
    quiet: House, causes: tuple[CaseCause, ...], stage: Stage
) -> None:
    citizen = await verified_citizen(quiet)
    case = await decided_case(quiet, citizen, causes)
    with pytest.raises(ReviewNotOpenError):
        await submit_review(Party.own(citizen.id), case.id, stage, 5, [], "")


async def test_a_stage_is_reviewed_for_so_many_days(quiet: House) -> None:
    citizen = await verified_citizen(quiet)
    party, case = Party.own(citizen.id), await decided_case(quiet, citizen)
    with clock.travel(timedelta(days=terms().review_days, seconds=5)):
        assert not any(stage.open for stage in await queries.stages_of_case(party, case.id))
        with pytest.raises(ReviewNotOpenError):
            await submit_review(party, case.id, Stage.RESULT, 5, [], "")
    assert all(stage.open for stage in await queries.stages_of_case(party, case.id))


@pytest.mark.parametrize(("level", "reason"), [(5, "slow_handling"), (2, "fast_handling"), (1, "nothing")])
async def test_reasons_are_those_of_the_level(quiet: House, level: int, reason: str) -> None:
    citizen = await verified_citizen(quiet)
    case = await decided_case(quiet, citizen)
    with pytest.raises(ReviewReasonUnknownError):
        await submit_review(Party.own(citizen.id), case.id, Stage.RESULT, level, [reason], "")


async def test_who_it_was_is_kept_nowhere_in_the_comment(quiet: House) -> None:
    person = make_person()
    citizen = await verified_citizen(quiet, person)
    case = await decided_case(quiet, citizen)
    said = f"我是{person.name}，{person.id_number}，电话13800138000，请回电"
    review = await submit_review(Party.own(citizen.id), case.id, Stage.RESULT, 1, [], said)
    assert review.comment == "我是***，***，电话***，请回电"
    kept = await db.row("SELECT comment FROM reviews WHERE id = $1", review.id)
    assert kept
    assert keyring().open(bytes(kept["comment"]), "reviews.comment").decode() == review.comment
    chain = await AuditRecord.filter(chain=f"application:{case.id}", action="reviewed")
    assert [entry.details for entry in chain] == [{"stage": "result"}]


async def test_a_case_invites_its_citizen_once(quiet: House) -> None:
    citizen = await verified_citizen(quiet)
    case = await decided_case(quiet, citizen, (CaseCause.ACCEPTED, CaseCause.APPROVED, CaseCause.COMPLETED))
    assert await jobs_about("reviews.invite_review", "application_id", case.id) == 1
    for _ in range(3):
        await tasks.invite_review(str(case.id))
    assert await Message.filter(citizen=citizen, kind="review_invitation").count() == 1


@pytest.mark.parametrize(
    ("comment", "state"),
    [
        ("办得很快", CommentState.RELEASED),
        ("疑似", CommentState.UNDECIDED),
        ("违规", CommentState.RISKY),
        ("久未访问", CommentState.UNDECIDED),
    ],
)
async def test_a_comment_is_public_only_once_wechat_let_it_pass(
    quiet: House, comment: str, state: CommentState
) -> None:
    citizen = await verified_citizen(quiet)
    case = await decided_case(quiet, citizen)
    review = await submit_review(Party.own(citizen.id), case.id, Stage.RESULT, 5, [], comment)
    appid = quiet.settings.wechat.mini_program_appid

    async def public() -> list[str]:
        return [one.comment for one in (await queries.item_reviews(case.item_code)).comments if one.comment == comment]

    before = await public()
    for _ in range(2):
        await tasks.check_comment(quiet.content, appid, str(review.id))
    await review.refresh_from_db()
    assert review.comment_state is state
    assert len(await public()) - len(before) == (state is CommentState.RELEASED)


class Away:
    """A WeChat that cannot be had, for one reason."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def check(self, content: str, *, openid: str, scene: object) -> object:
        """Raise."""
        del content, openid, scene
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        WeChatUnreachableError("/x", "ConnectError"),
        WeChatAmbiguousError("/x", "status 500"),
        WeChatRefusedError("/x", -1, "busy"),
        WeChatRefusedError("/x", 45009, "quota"),
    ],
)
async def test_while_wechat_is_away_a_comment_stays_hidden_and_is_asked_again(quiet: House, error: Exception) -> None:
    review, _ = await bad_review(quiet, await verified_citizen(quiet), "很慢")
    appid = quiet.settings.wechat.mini_program_appid
    with pytest.raises(TryLaterError):
        await tasks.check_comment(Away(error), appid, str(review.id))  # type: ignore[arg-type]  # never answers
    await review.refresh_from_db()
    assert review.comment_state is CommentState.CHECKING


async def test_a_writer_whom_wechat_does_not_know_is_left_to_the_supervision(quiet: House) -> None:
    citizen = await verified_citizen(quiet)
    review, _ = await bad_review(quiet, citizen, "很慢")
    await WeChatAccount.filter(citizen=citizen).delete()
    await tasks.check_comment(quiet.content, quiet.settings.wechat.mini_program_appid, str(review.id))
    await review.refresh_from_db()
    assert review.comment_state is CommentState.UNDECIDED


async def test_the_supervision_decides_what_is_left_to_it_within_its_scope(quiet: House) -> None:
    review, _ = await bad_review(quiet, await verified_citizen(quiet), "疑似")
    scope = await scope_of_new()
    with pytest.raises(CommentStateError):
        await decide_comment(scope, review.id, Judgement.RELEASE, None)
    await tasks.check_comment(quiet.content, quiet.settings.wechat.mini_program_appid, str(review.id))
    for elsewhere in (await scope_of_new(department="ga"), await scope_of_new(region="230822")):
        with pytest.raises(ReviewNotFoundError):
            await decide_comment(elsewhere, review.id, Judgement.RELEASE, None)
    for judgement, state in (
        (Judgement.RELEASE, CommentState.RELEASED),
        (Judgement.RELEASE, CommentState.RELEASED),
        (Judgement.WITHHOLD, CommentState.WITHHELD),
        (Judgement.RELEASE, CommentState.RELEASED),
    ):
        reason = "insult" if judgement is Judgement.WITHHOLD else None
        assert (await decide_comment(scope, review.id, judgement, reason)).comment_state is state
    assert await AuditRecord.filter(chain=f"review:{review.id}").count() == 4
    assert await first_broken(f"review:{review.id}") is None


async def test_what_wechat_refused_nobody_releases(quiet: House) -> None:
    review, _ = await bad_review(quiet, await verified_citizen(quiet), "违规")
    await tasks.check_comment(quiet.content, quiet.settings.wechat.mini_program_appid, str(review.id))
    with pytest.raises(CommentStateError):
        await decide_comment(await scope_of_new(), review.id, Judgement.RELEASE, None)


async def test_reviews_are_listed_within_a_scope(quiet: House) -> None:
    review, _ = await bad_review(quiet, await verified_citizen(quiet), "不好")

    async def listed(tone: Tone | None, **columns: str | None) -> bool:
        page = await desk.list_reviews(await scope_of_new(**columns), tone, None, None, None)
        return review.id in {one.review.id for one in page.items}

    assert await listed(None)
    assert await listed(Tone.BAD, region="230800")
    assert await listed(None, department="*")
    assert not await listed(Tone.GOOD)
    assert not await listed(None, department="ga")
    assert not await listed(None, region="230822")


async def deleted(citizen: Citizen) -> None:
    """Delete a citizen's account."""
    await delete_account(citizen.id, by=citizen.id, actor=f"citizen:{citizen.id}", mandate_id=None)


async def in_copy(citizen: Citizen, name: str) -> int:
    """How many rows of a part a citizen's copy has."""
    return await next(part for part in PARTS if part.name == name).count(citizen.id)


async def test_with_the_account_all_goes_that_leads_to_the_person(quiet: House) -> None:
    citizen, other = await verified_citizen(quiet), await verified_citizen(quiet)
    review, rectification = await bad_review(quiet, citizen, "不好")
    kept, _ = await bad_review(quiet, other, "也不好")
    await call_back(await scope_of_new(), rectification.id, Reached.AUTHOR, "住在示例路1号")
    for part in ("reviews", "rectifications", "rectification_steps"):
        assert await in_copy(citizen, part) == 1
    assert "reviews" in {going.kind for going in (await outlook(citizen.id)).goes}
    await deleted(citizen)
    for part in ("reviews", "rectifications", "rectification_steps"):
        assert await in_copy(citizen, part) == 0
    await review.refresh_from_db()
    assert (review.level, review.reasons) == (1, ["slow_handling"])
    assert (review.application_id, review.author_id, review.comment, review.comment_state) == (None,) * 4
    assert [step.note for step in await RectificationStep.filter(rectification=rectification)] == [None]
    await kept.refresh_from_db()
    assert (kept.comment, kept.author_id) == ("也不好", other.id)


async def test_a_proxys_account_leaves_the_others_review(quiet: House) -> None:
    owner, proxy = await verified_citizen(quiet), await verified_citizen(quiet)
    case = await decided_case(quiet, owner)
    acting = Party(actor_id=proxy.id, citizen_id=owner.id)
    review = await submit_review(acting, case.id, Stage.RESULT, 4, [], "代办也方便")
    assert await in_copy(proxy, "reviews") == await in_copy(owner, "reviews") == 1
    await deleted(proxy)
    await review.refresh_from_db()
    assert (review.author_id, review.application_id, review.comment) == (None, case.id, "代办也方便")
    assert (await in_copy(proxy, "reviews"), await in_copy(owner, "reviews")) == (0, 1)


async def test_after_their_time_reviews_are_of_nobody(quiet: House) -> None:
    review, _ = await bad_review(quiet, await verified_citizen(quiet), "不好")
    for before, kept in ((review.created_at, "不好"), (clock.now(), None)):
        async with transaction():
            await forget_reviews(before, 500)
        await review.refresh_from_db()
        assert (review.comment, review.application_id is None) == (kept, kept is None)
    assert (review.author_id, review.level) == (None, 1)
    async with transaction():
        assert await forget_reviews(clock.now(), 500) == 0


async def test_no_id_and_no_cursor_tells_when_a_review_was_given(quiet: House) -> None:
    """Neither its own nor its rectification's: staff see them. Pages go by the time all the same."""
    citizen = await verified_citizen(quiet)
    review, rectification = await bad_review(quiet, citizen, "不好")
    assert {review.id.version, rectification.id.version} == {4}
    now = clock.now()
    moments = [now - timedelta(minutes=n // 2) for n in range(30)]
    columns: dict[str, Any] = {
        "stage": "result",
        "item_code": "x",
        "item_name": "x",
        "region": "230800",
        "level": 5,
        "reasons": [],
    }
    made = [await Review.create(department="newest", created_at=moment, **columns) for moment in moments]
    scope = await scope_of_new(department="newest")
    first = await desk.list_reviews(scope, None, None, None, None)
    second = await desk.list_reviews(scope, None, None, None, first.next_cursor)
    seen = [one.review for one in (*first.items, *second.items)]
    assert sorted(one.id for one in seen) == sorted(one.id for one in made)
    assert [one.created_at for one in seen] == moments
    assert decode_cursor(first.next_cursor, str) == (str(first.items[-1].review.id),)
    await Review.filter(department="newest").delete()


async def test_few_reviews_are_not_counted_in_public(quiet: House) -> None:
    """Whoever had a case of a rare item would be known by its level; from five on there are counts."""
    del quiet
    code = "11230800JB0000017Q3000731001001"
    plain: dict[str, Any] = {"stage": "result", "item_code": code, "item_name": "x", "department": "scjg"}
    plain |= {"region": "230800", "reasons": [], "created_at": clock.now()}
    made = [await Review.create(**plain, level=2) for _ in range(4)]
    few = await queries.item_reviews(code)
    assert (few.total, few.counts, few.satisfaction) == (4, {}, None)
    made.append(await Review.create(**plain, level=5))
    many = await queries.item_reviews(code)
    assert (many.total, many.counts[2], many.counts[5], many.satisfaction) == (5, 4, 1, 0.2)
    await Review.filter(id__in=[review.id for review in made]).delete()
