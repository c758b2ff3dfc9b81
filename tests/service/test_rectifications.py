"""Bad reviews are called back, put right and asked about again, each step once."""

import asyncio
import base64
import re
from datetime import timedelta
from uuid import UUID

import pytest

from app.audit.models import AuditRecord
from app.audit.service import first_broken
from app.bootstrap import House
from app.identity.models import Citizen
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.errors import DomainError
from app.kit.paging import PAGE
from app.kit.workdays import add_working_days
from app.mandates.party import Party
from app.notifications.models import Message
from app.privacy.deletion import delete_account
from app.reviews import desk, queries
from app.reviews.definitions import terms
from app.reviews.errors import (
    RectificationNotFoundError,
    RectificationStateError,
    ReviewNotFoundError,
    TookPartError,
)
from app.reviews.models import Rectification, RectificationState, RectificationStep, Review
from app.reviews.rectification import answer, call_back, settle_unanswered, take_step
from app.reviews.rectifying import Cause, Reached
from miniapp_api.staff.rectifications import RectificationView, StepView
from tests.service.cases import verified_citizen
from tests.service.reviewed import bad_review, scope_of_new

_S = RectificationState


async def rectified(house: House, citizen: Citizen, scope: Scope) -> tuple[Review, Rectification]:
    """A bad review that was called back and put right."""
    review, rectification = await bad_review(house, citizen)
    await call_back(scope, rectification.id, Reached.AUTHOR, "说等了太久")
    return review, await take_step(scope, rectification.id, Cause.RECTIFY, "已经增加窗口")


async def state_of(rectification: Rectification) -> RectificationState:
    """Where it stands."""
    await rectification.refresh_from_db()
    return rectification.state


async def test_the_way_to_the_citizens_yes(quiet: House) -> None:
    citizen, scope = await verified_citizen(quiet), await scope_of_new()
    review, rectification = await bad_review(quiet, citizen)
    first = rectification.due_on
    with pytest.raises(RectificationStateError):
        await take_step(scope, rectification.id, Cause.RECTIFY, "没有回访")
    called = await call_back(scope, rectification.id, Reached.AUTHOR, "说等了太久")
    assert (called.due_on, first and first < called.rectify_by) == (called.rectify_by, True)
    done = await take_step(scope, rectification.id, Cause.RECTIFY, "已经增加窗口")
    assert (done.due_on, done.answer_by) == (None, clock.today() + timedelta(days=terms().answer_days))
    assert await Message.filter(citizen=citizen, kind="review_rectified").count() == 1
    party = Party.own(citizen.id)
    assert (await queries.get_own(party, review.id)).done == "已经增加窗口"
    for _ in range(2):
        await answer(party, review.id, satisfied=True, comment="可以")
    assert await state_of(rectification) is _S.CONFIRMED
    assert rectification.ended_at
    with pytest.raises(RectificationStateError):
        await answer(party, review.id, satisfied=False, comment="")
    steps = await RectificationStep.filter(rectification=rectification).order_by("id")
    assert [step.cause for step in steps] == [Cause.CALL_BACK, Cause.RECTIFY, Cause.CONFIRM]
    chain = f"rectification:{rectification.id}"
    assert await first_broken(chain) is None
    entries = await AuditRecord.filter(chain=chain).order_by("position")
    assert [entry.action for entry in entries] == ["opened", *(step.cause for step in steps)]
    assert not [entry for entry in entries if str(citizen.id) in f"{entry.actor} {entry.details}"]


async def test_not_satisfied_it_is_opened_anew_and_at_last_escalated(quiet: House) -> None:
    citizen, scope = await verified_citizen(quiet), await scope_of_new()
    review, rectification = await rectified(quiet, citizen, scope)
    party = Party.own(citizen.id)
    for round_ in range(1, terms().rounds):
        await answer(party, review.id, satisfied=False, comment="没有改")
        await answer(party, review.id, satisfied=False, comment="没有改")
        await rectification.refresh_from_db()
        assert (rectification.state, rectification.round) == (_S.REOPENED, round_ + 1)
        assert rectification.due_on
        await call_back(scope, rectification.id, Reached.OTHER, "家人说没有改")
        await take_step(scope, rectification.id, Cause.RECTIFY, "再次整改")
    await answer(party, review.id, satisfied=False, comment="还是没有改")
    assert await state_of(rectification) is _S.ESCALATED
    with pytest.raises(TookPartError):
        await take_step(scope, rectification.id, Cause.SETTLE, "自行了结")
    await take_step(await scope_of_new(department="*"), rectification.id, Cause.SETTLE, "约谈经办部门")
    assert await state_of(rectification) is _S.SETTLED
    assert (await queries.get_own(party, review.id)).done == "约谈经办部门"


async def test_calls_that_reach_nobody_leave_the_clock_running(quiet: House) -> None:
    scope = await scope_of_new()
    _, rectification = await bad_review(quiet, await verified_citizen(quiet))
    due = rectification.due_on
    for _ in range(terms().call_attempts - 1):
        missed = await call_back(scope, rectification.id, Reached.NOBODY, "无人接听")
        assert (missed.state, missed.due_on) == (_S.OPENED, due)
    assert (await call_back(scope, rectification.id, Reached.NOBODY, "无人接听")).state is _S.CALLED_BACK


async def test_where_nobody_is_left_to_call_one_try_is_enough(quiet: House) -> None:
    citizen, scope = await verified_citizen(quiet), await scope_of_new()
    _, rectification = await bad_review(quiet, citizen)
    await delete_account(citizen.id, by=citizen.id, actor="citizen", mandate_id=None)
    assert (await desk.contact(scope, rectification.id)).phone is None
    called = await call_back(scope, rectification.id, Reached.NOBODY, "账号已注销")
    assert called.state is _S.CALLED_BACK
    await take_step(scope, rectification.id, Cause.RECTIFY, "已经增加窗口")


async def test_groundless_takes_two(quiet: House) -> None:
    citizen = await verified_citizen(quiet)
    proposer, decider = await scope_of_new(), await scope_of_new()
    review, rectification = await bad_review(quiet, citizen)
    with pytest.raises(RectificationStateError):
        await take_step(proposer, rectification.id, Cause.PROPOSE_GROUNDLESS, "没有回访")
    await call_back(await scope_of_new(), rectification.id, Reached.AUTHOR, "说点错了")
    await take_step(proposer, rectification.id, Cause.PROPOSE_GROUNDLESS, "并无此事")
    for cause in (Cause.CONFIRM_GROUNDLESS, Cause.REJECT_GROUNDLESS):
        with pytest.raises(TookPartError):
            await take_step(proposer, rectification.id, cause, "自己认定")
    rejected = await take_step(decider, rectification.id, Cause.REJECT_GROUNDLESS, "仍有疑点")
    assert (rejected.state, rejected.due_on) == (_S.CALLED_BACK, rejected.rectify_by)
    await take_step(proposer, rectification.id, Cause.PROPOSE_GROUNDLESS, "已查监控")
    await take_step(await scope_of_new(), rectification.id, Cause.CONFIRM_GROUNDLESS, "属实，并无此事")
    assert await state_of(rectification) is _S.GROUNDLESS
    assert await Message.filter(citizen=citizen, kind="review_groundless").count() == 1
    assert (await queries.get_own(Party.own(citizen.id), review.id)).done == "属实，并无此事"


async def test_two_supervisors_at_once_take_one_step(quiet: House) -> None:
    citizen = await verified_citizen(quiet)
    _, rectification = await bad_review(quiet, citizen)

    async def take(scope: Scope) -> bool:
        try:
            await call_back(scope, rectification.id, Reached.AUTHOR, "说等了太久")
        except RectificationStateError:
            return False
        return True

    scopes = [await scope_of_new() for _ in range(8)]
    assert sum(await asyncio.gather(*(take(scope) for scope in scopes))) == 1
    assert await RectificationStep.filter(rectification=rectification).count() == 1


async def test_an_answer_that_races_the_end_of_its_time_is_one_end(quiet: House) -> None:
    """Yes, no and the night at once: one of them counts."""
    scope = await scope_of_new()
    for _ in range(5):
        citizen = await verified_citizen(quiet)
        review, rectification = await rectified(quiet, citizen, scope)
        await Rectification.filter(id=rectification.id).update(answer_by=clock.today() - timedelta(days=1))

        async def say(satisfied: bool, citizen_id: UUID = citizen.id, review_id: UUID = review.id) -> None:
            try:
                await answer(Party.own(citizen_id), review_id, satisfied=satisfied, comment="")
            except RectificationStateError:
                return

        await asyncio.gather(say(True), say(False), settle_unanswered(), say(True))
        steps = await RectificationStep.filter(rectification=rectification).order_by("id")
        assert len(steps) == 3
        assert await state_of(rectification) is steps[-1].after


async def test_without_an_answer_it_is_over_after_its_time(quiet: House) -> None:
    scope = await scope_of_new()
    _, rectification = await rectified(quiet, await verified_citizen(quiet), scope)
    await settle_unanswered()
    assert await state_of(rectification) is _S.RECTIFIED
    with clock.travel(timedelta(days=terms().answer_days + 1)):
        assert await settle_unanswered() >= 1
        assert await settle_unanswered() == 0
    assert await state_of(rectification) is _S.UNANSWERED


async def test_what_is_overdue_comes_first(quiet: House) -> None:
    scope = await scope_of_new(department="*")
    done = (await rectified(quiet, await verified_citizen(quiet), await scope_of_new()))[1]
    fresh = (await bad_review(quiet, await verified_citizen(quiet)))[1]
    late = (await bad_review(quiet, await verified_citizen(quiet)))[1]
    await Rectification.filter(id=late.id).update(due_on=clock.today() - timedelta(days=2))

    async def listed(*, overdue: bool = False, state: RectificationState | None = None) -> list[UUID]:
        found, cursor = [], None
        while True:
            page = await desk.list_rectifications(scope, state, overdue=overdue, cursor=cursor)
            found += page.items
            if (cursor := page.next_cursor) is None:
                break
        wanted = {done.id, fresh.id, late.id}
        assert len(found) == len({one.rectification.id for one in found})
        assert all(one.overdue for one in found if overdue or one.rectification.id == late.id)
        return [one.rectification.id for one in found if one.rectification.id in wanted]

    assert await listed() == [late.id, fresh.id, done.id]
    assert await listed(overdue=True) == [late.id]
    assert await listed(state=_S.RECTIFIED) == [done.id]


async def test_pages_leave_nothing_out_and_repeat_nothing(quiet: House) -> None:
    """Rows with one due day, with another and without one, beyond a page of each."""
    scope, made = await scope_of_new(department="paging"), []
    for number in range(65):
        review = await Review.create(
            stage="result",
            item_code="x",
            item_name="x",
            department="paging",
            region="230800",
            level=1,
            reasons=[],
            created_at=clock.now(),
        )
        due = (clock.today(), clock.today() + timedelta(days=1), None)[number % 3]
        made.append(
            await Rectification.create(review=review, due_on=due, rectify_by=clock.today(), opened_at=clock.now())
        )
    seen, cursor = [], None
    while True:
        page = await desk.list_rectifications(scope, None, overdue=False, cursor=cursor)
        seen += [one.rectification for one in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(one.id for one in seen) == sorted(one.id for one in made)
    days = [one.due_on for one in seen]
    assert days == sorted(days, key=lambda day: (day is None, day or clock.today()))
    await Review.filter(department="paging").delete()


def days_in(told: str) -> set[str]:
    """Every day that a text tells, also within a cursor."""
    words = [told, *(base64.urlsafe_b64decode(word + "==").decode("latin-1") for word in re.findall(r"\w{24,}", told))]
    return {day for word in words for day in re.findall(r"20\d\d-\d\d-\d\d", word)}


async def test_no_day_tells_whose_review_it_is(quiet: House) -> None:
    """Neither the list, its cursor nor the steps: the clock stands beside the contact, for as long as there is one."""
    scope = await scope_of_new()
    citizen = await verified_citizen(quiet)
    review, rectification = await bad_review(quiet, citizen)
    due = clock.today() - timedelta(days=30)
    await Rectification.filter(id=rectification.id).update(due_on=due)
    contact = await desk.contact(scope, rectification.id)
    assert (contact.due_on, contact.rectify_by) == (due, rectification.rectify_by)
    found, _ = await desk.get_rectification(scope, rectification.id)
    told = [RectificationView.of(found).model_dump_json()]
    for _ in range(PAGE + 1):
        await Rectification.create(
            review=await copied(review), due_on=due, rectify_by=rectification.rectify_by, opened_at=clock.now()
        )
    page = await desk.list_rectifications(scope, None, overdue=True, cursor=None)
    assert page.next_cursor
    told += [page.next_cursor, *(RectificationView.of(one).model_dump_json() for one in page.items)]
    assert not days_in(" ".join(told))
    await call_back(scope, rectification.id, Reached.AUTHOR, "说等了太久")
    await take_step(scope, rectification.id, Cause.RECTIFY, "已经增加窗口")
    await answer(Party.own(citizen.id), review.id, satisfied=True, comment="")
    found, steps = await desk.get_rectification(scope, rectification.id)
    assert not days_in(RectificationView.of(found).model_dump_json())
    assert [StepView.of(step).at is None for step in steps] == [False, False, True]
    await Review.filter(id__not=review.id, item_name="x").delete()


async def copied(review: Review) -> Review:
    """Another bad review of the same item, of nobody."""
    return await Review.create(
        stage=review.stage,
        item_code=review.item_code,
        item_name="x",
        department=review.department,
        region=review.region,
        level=1,
        reasons=[],
        created_at=review.created_at - timedelta(days=400),
    )


async def test_what_is_due_is_told_without_its_day(quiet: House) -> None:
    """Soon from the day it is opened until it is overdue; what rests is neither."""
    scope = await scope_of_new()
    _, rectification = await bad_review(quiet, await verified_citizen(quiet))
    last = add_working_days(clock.today(), terms().call_back_working_days + 1).day
    for due, expected in (
        (rectification.due_on, (False, True)),
        (clock.today(), (False, True)),
        (last, (False, True)),
        (last + timedelta(days=1), (False, False)),
        (clock.today() - timedelta(days=1), (True, False)),
        (None, (False, False)),
    ):
        await Rectification.filter(id=rectification.id).update(due_on=due)
        found, _ = await desk.get_rectification(scope, rectification.id)
        assert (found.overdue, found.due_soon) == expected, due


async def test_elsewhere_it_is_not_there(quiet: House) -> None:
    citizen, stranger = await verified_citizen(quiet), await verified_citizen(quiet)
    review, rectification = await bad_review(quiet, citizen)
    for scope in (await scope_of_new(department="ga"), await scope_of_new(region="230822")):
        for asked in (
            desk.get_rectification(scope, rectification.id),
            desk.contact(scope, rectification.id),
            call_back(scope, rectification.id, Reached.AUTHOR, "x"),
            take_step(scope, rectification.id, Cause.RECTIFY, "x"),
        ):
            with pytest.raises(RectificationNotFoundError):
                await asked
    refused: tuple[type[DomainError], ...] = (ReviewNotFoundError,)
    with pytest.raises(refused):
        await answer(Party.own(stranger.id), review.id, satisfied=True, comment="")


async def test_who_wrote_it_stands_behind_the_contact_alone(quiet: House) -> None:
    citizen, scope = await verified_citizen(quiet), await scope_of_new()
    await Citizen.filter(id=citizen.id).update(phone=None)
    review, rectification = await bad_review(quiet, citizen)
    found = await desk.contact(scope, rectification.id)
    assert (found.name, bool(found.case_no)) == (citizen.name, True)
    chain = AuditRecord.filter(chain=f"rectification:{rectification.id}", action="contact_read")
    assert [entry.actor async for entry in chain] == [scope.name]
    await call_back(scope, rectification.id, Reached.AUTHOR, "说等了太久")
    await take_step(scope, rectification.id, Cause.RECTIFY, "已经增加窗口")
    await answer(Party.own(citizen.id), review.id, satisfied=True, comment="")
    with pytest.raises(RectificationNotFoundError):
        await desk.contact(scope, rectification.id)
