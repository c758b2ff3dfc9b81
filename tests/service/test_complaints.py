"""Complaints come to the supervision, go on to departments, are answered in time, and tell of nobody who wants that."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.audit.models import AuditRecord
from app.audit.service import first_broken
from app.bootstrap import House
from app.complaints import queries
from app.complaints.definitions import terms
from app.complaints.errors import (
    ComplaintAnsweredError,
    ComplaintNotFoundError,
    ComplaintSubjectUnknownError,
    DepartmentUnknownError,
)
from app.complaints.models import About, Complaint, ComplaintKind, ComplaintState, ComplaintStep
from app.complaints.service import accept_complaint, answer_complaint, hand_on, write_complaint
from app.complaints.subjects import Subject
from app.complaints.watching import task_key, watch_complaints
from app.identity.staff_accounts import Scope
from app.kit import clock
from app.kit.errors import DomainError, RateLimitedError
from app.kit.paging import PAGE, encode_cursor
from app.kit.workdays import add_working_days
from app.notifications.models import Message, StaffTask
from app.privacy.deletion import delete_account
from tests.service.cases import ready_draft, trip_item, verified_citizen
from tests.service.complained import a_complaint
from tests.service.reviewed import scope_of_new

_S = ComplaintState


async def supervision(**columns: str | None) -> Scope:
    """Who receives complaints first."""
    return await scope_of_new(department="*", **columns)


async def told(complaint: Complaint, kind: str) -> list[str]:
    """The texts of a kind of message that its citizen got."""
    return [one.text for one in await Message.filter(citizen_id=complaint.citizen_id, kind=kind)]


async def test_the_way_to_the_answer(quiet: House) -> None:
    """Received, taken up, answered; the citizen is told of both, once, and reads the answer."""
    citizen, scope = await verified_citizen(quiet), await supervision()
    complaint = await a_complaint(citizen)
    today = clock.today()
    assert (complaint.state, len(complaint.number)) == (_S.RECEIVED, 14)
    assert complaint.due_on == add_working_days(today, terms().accept_working_days).day
    assert complaint.answer_by == add_working_days(today, terms().answer_working_days[ComplaintKind.COMPLAINT]).day
    for _ in range(2):
        accepted = await accept_complaint(scope, complaint.id)
        assert (accepted.state, accepted.due_on) == (_S.ACCEPTED, complaint.answer_by)
    (text,) = await told(complaint, "complaint_accepted")
    assert complaint.number in text
    for _ in range(2):
        answered = await answer_complaint(scope, complaint.id, "已经增加窗口")
        assert (answered.state, answered.due_on) == (_S.ANSWERED, None)
    (text,) = await told(complaint, "complaint_answered")
    assert text.endswith(f"{terms().office}于{text.split('于')[2].split('答复')[0]}答复：已经增加窗口")
    own = await queries.get_own(citizen.id, complaint.id)
    assert (own.answer, own.office) == ("已经增加窗口", terms().office)
    for again in (answer_complaint(scope, complaint.id, "另一个答复"), accept_complaint(scope, complaint.id)):
        with pytest.raises(ComplaintAnsweredError):
            await again
    steps = await queries.steps_of(answered)
    assert [one.step.cause for one in steps] == ["accept", "answer"]
    chain = f"complaint:{complaint.id}"
    assert await first_broken(chain) is None
    assert not [one for one in await AuditRecord.filter(chain=chain) if str(citizen.id) in f"{one.actor} {one.details}"]


async def test_it_comes_to_the_supervision_and_to_a_department_only_where_that_hands_it_on(quiet: House) -> None:
    """Whoever is complained about learns nothing by itself; what was handed on keeps its days."""
    citizen, scope, department = await verified_citizen(quiet), await supervision(), await scope_of_new()
    complaint = await a_complaint(citizen, subject=Subject(About.ITEM, await trip_item()))
    with pytest.raises(ComplaintNotFoundError):
        await queries.find_complaint(department, complaint.id)
    with pytest.raises(DepartmentUnknownError):
        await hand_on(scope, complaint.id, "nobody", "请处理")
    for _ in range(2):
        handed = await hand_on(scope, complaint.id, "scjg", "请核实")
    assert (handed.state, handed.due_on, handed.department) == (_S.RECEIVED, complaint.due_on, "scjg")
    assert [one.office for one in await queries.steps_of(handed)] == ["佳木斯市市场监督管理局"]
    with pytest.raises(ComplaintNotFoundError):
        await queries.find_complaint(await scope_of_new(department="ga"), complaint.id)
    await accept_complaint(department, complaint.id)
    await answer_complaint(department, complaint.id, "已经整改")
    (text,) = await told(complaint, "complaint_answered")
    assert "佳木斯市市场监督管理局于" in text
    with pytest.raises(ComplaintAnsweredError):
        await hand_on(scope, complaint.id, "*", "退回")


async def test_a_department_further_down_gets_it_within_its_own_region(quiet: House) -> None:
    """What concerns the whole city comes to a township's government as its own; one of its county stays there."""
    citizen, scope = await verified_citizen(quiet), await supervision()
    complaint = await a_complaint(citizen)
    township = await scope_of_new(department="mjgz", region="230822108")
    await hand_on(scope, complaint.id, "mjgz", "请核实")
    assert (await queries.find_complaint(township, complaint.id)).region == "230822108"
    about_county = await a_complaint(citizen, subject=Subject(About.HALL, "230822"))
    assert (await hand_on(scope, about_county.id, "scjg", "请核实")).region == "230822"
    await queries.find_complaint(await scope_of_new(), about_county.id)


async def test_the_same_again_is_one_complaint(quiet: House) -> None:
    """Also both at once; another text, or the same after the answer, is another."""
    citizen, scope = await verified_citizen(quiet), await supervision()
    first, second = await asyncio.gather(a_complaint(citizen), a_complaint(citizen))
    assert first.id == second.id
    assert (await a_complaint(citizen, "另一件事")).id != first.id
    await answer_complaint(scope, first.id, "已经处理")
    assert (await a_complaint(citizen)).id != first.id


async def test_more_than_a_day_allows_are_refused_until_the_first_is_a_day_old(quiet: House) -> None:
    """The same again is no further one."""
    citizen = await verified_citizen(quiet)
    for number in range(terms().most_a_day):
        await a_complaint(citizen, f"第{number}件")
    await a_complaint(citizen, "第0件")
    with pytest.raises(RateLimitedError) as refused:
        await a_complaint(citizen, "再一件")
    seconds = refused.value.context["retry_after"]
    assert 86_000 < seconds <= 86_400
    with clock.travel(timedelta(seconds=seconds)):
        await a_complaint(citizen, "再一件")


async def test_what_it_is_about_is_there_and_ones_own(quiet: House) -> None:
    """An item, a hall, a case of mine; nothing else, and nobody else's case."""
    citizen, other = await verified_citizen(quiet), await verified_citizen(quiet)
    case, item = await ready_draft(quiet, citizen), await trip_item()
    for subject, region in (
        (Subject(About.ITEM, item), "230800"),
        (Subject(About.CASE, str(case.id)), "230800"),
        (Subject(About.HALL, "city"), "230800"),
    ):
        found = await a_complaint(citizen, subject=subject)
        assert (found.region, found.about_name is not None) == (region, True)
    for subject in (
        Subject(About.ITEM, "nothing"),
        Subject(About.HALL, "nothing"),
        Subject(About.CASE, "nothing"),
        Subject(About.CASE, str(uuid4())),
    ):
        with pytest.raises(ComplaintSubjectUnknownError):
            await a_complaint(citizen, subject=subject)
    with pytest.raises(ComplaintSubjectUnknownError):
        await a_complaint(other, subject=Subject(About.CASE, str(case.id)))
    assert not await Complaint.filter(citizen=other).exists()


async def test_whoever_wants_it_stays_unknown(quiet: House) -> None:
    """The contact is there only where the citizen allowed it, and each reading is recorded."""
    citizen, scope = await verified_citizen(quiet), await supervision()
    unnamed = await a_complaint(citizen, named=False)
    with pytest.raises(ComplaintNotFoundError):
        await queries.contact(scope, unnamed.id)
    named = await a_complaint(citizen)
    with pytest.raises(ComplaintNotFoundError):
        await queries.contact(await scope_of_new(), named.id)
    assert (await queries.contact(scope, named.id)).name == citizen.name
    records = await AuditRecord.filter(chain=f"complaint:{named.id}", action="contact_read")
    assert [one.actor for one in records] == [scope.name]


async def test_what_is_overdue_becomes_a_task_once_and_the_next_step_closes_it(quiet: House) -> None:
    """Each limit has a task of its own; on its last day nothing is overdue yet."""
    await Complaint.all().delete()
    citizen, scope = await verified_citizen(quiet), await supervision()
    complaint = await a_complaint(citizen)
    assert complaint.due_on
    key = task_key(complaint)
    with clock.travel(timedelta(days=(complaint.due_on - clock.today()).days)):
        await watch_complaints()
        assert not await StaffTask.filter(key=key).exists()
    with clock.travel(timedelta(days=(complaint.due_on - clock.today()).days + 1)):
        for _ in range(2):
            await watch_complaints()
        task = await StaffTask.get(key=key)
        assert (task.duty, task.region, task.closed_at) == ("supervise", None, None)
        assert complaint.number in task.note
        late = await queries.list_complaints(scope, None, None, overdue=True, cursor=None)
        assert complaint.id in {one.id for one in late.items}
        accepted = await accept_complaint(scope, complaint.id)
        await task.refresh_from_db()
        assert task.closed_at is not None
    with clock.travel(timedelta(days=(complaint.answer_by - clock.today()).days + 1)):
        await watch_complaints()
        assert await StaffTask.filter(key=task_key(accepted), closed_at=None).exists()
        await answer_complaint(scope, complaint.id, "抱歉，晚了")
        assert not await StaffTask.filter(key__contains=str(complaint.id), closed_at=None).exists()


async def test_the_list_begins_with_what_is_due_first_and_leaves_nothing_out(quiet: House) -> None:
    """Over several pages; those that were answered come last."""
    await Complaint.all().delete()
    for number in range(PAGE + 3):
        if number % terms().most_a_day == 0:
            citizen = await verified_citizen(quiet)
        await a_complaint(citizen, f"第{number}件")
    scope, seen, cursor = await supervision(), [], None
    answered = await Complaint.all().order_by("id").first()
    assert answered
    await answer_complaint(scope, answered.id, "已经处理")
    while True:
        page = await queries.list_complaints(scope, None, None, overdue=False, cursor=cursor)
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert len({one.id for one in seen}) == len(seen) == PAGE + 3
    assert seen[-1].id == answered.id
    assert [
        one.id for one in (await queries.list_complaints(scope, _S.ANSWERED, None, overdue=False, cursor=None)).items
    ] == [answered.id]
    county = await supervision(region="230803")
    assert not (await queries.list_complaints(county, None, None, overdue=False, cursor=None)).items
    for bad in ("x", encode_cursor(str(uuid4())), encode_cursor("x")):
        with pytest.raises(DomainError) as refused:
            await queries.list_complaints(scope, None, None, overdue=False, cursor=bad)
        assert refused.value.code == "invalid_cursor"


async def test_with_the_account_it_goes(quiet: House) -> None:
    """Also what was not answered, with the task about it."""
    citizen = await verified_citizen(quiet)
    complaint = await a_complaint(citizen)
    await hand_on(await supervision(), complaint.id, "scjg", "请核实")
    with clock.travel(timedelta(days=10)):
        await watch_complaints()
    await delete_account(citizen.id, by=citizen.id, actor="citizen", mandate_id=None)
    assert not await Complaint.filter(id=complaint.id).exists()
    assert not await ComplaintStep.filter(complaint_id=complaint.id).exists()
    assert not await StaffTask.filter(key=task_key(complaint), closed_at=None).exists()


async def test_a_suggestion_has_its_own_days(quiet: House) -> None:
    """And is called what it is."""
    citizen = await verified_citizen(quiet)
    found = await write_complaint(citizen.id, ComplaintKind.SUGGESTION, "请加一个窗口", None, named=False)
    days = terms().answer_working_days[ComplaintKind.SUGGESTION]
    assert found.answer_by == add_working_days(clock.today(), days).day
    await accept_complaint(await supervision(), found.id)
    (text,) = await told(found, "complaint_accepted")
    assert text.startswith("您的建议")
