"""What an applicant tells the office after the submission, and what comes back: hurries, contact data, results."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.applications.delivery import Reach, change_reach, result_of, result_sentence
from app.applications.errors import HurriedAlreadyError, PickUpPlaceUnknownError, StateForbidsError
from app.applications.events import apply_event
from app.applications.models import Application, Notice, NoticeKind, State, TimelineEntry
from app.applications.moving import lock_case
from app.applications.notices import hurry_case
from app.applications.rules import Cause
from app.applications.service import submit_application
from app.approvals.models import Delivery, DeliveryKind, DeliveryState
from app.approvals.tasks import deliver_case, deliver_notice
from app.bootstrap import House
from app.catalogue.queries import get_item
from app.kit import clock
from app.kit.db import transaction
from app.kit.ports import AmbiguousError
from app.kit.workdays import add_working_days
from app.mandates.party import Party
from app.notifications.models import Message
from tests.conftest import Phone, error_of
from tests.partners import leading_to
from tests.service.cases import ready_draft, trip_item, verified_citizen
from tests.service.systems import System, drain, hand_over, one_way

LATER = timedelta(minutes=20)
ELECTRONIC = {"method": "electronic"}
POST = {"method": "post", "receiver": "测试", "phone": "13900000009", "address": "佳木斯市示例路9号"}
NOBODY = {"phone": None, "address": None}
WITH_OFFICE = (State.DELIVERED, State.PRE_REVIEW, State.SUPPLEMENTED, State.ACCEPTED, State.UNDER_REVIEW)


async def submitted(house: House, state: State) -> tuple[Party, Application]:
    """Somebody with a case that stands so."""
    citizen = await verified_citizen(house)
    party, draft = Party.own(citizen.id), await ready_draft(house, citizen)
    case = await submit_application(party, draft.id, None)
    await Application.filter(id=case.id).update(state=state)
    return party, await Application.get(id=case.id)


@pytest.mark.parametrize("state", sorted(set(State) - {State.DRAFT}))
async def test_a_case_is_hurried_where_it_lies_with_the_office_and_its_clock_runs(quiet: House, state: State) -> None:
    """Elsewhere nobody there could hurry."""
    party, case = await submitted(quiet, state)
    if state in WITH_OFFICE:
        assert (await hurry_case(party, case.id, "请尽快", None)).application.state is state
        return
    with pytest.raises(StateForbidsError):
        await hurry_case(party, case.id, "请尽快", None)
    assert not await Notice.exists(application=case)


async def test_a_case_is_hurried_once_in_two_working_days(quiet: House) -> None:
    """On the second working day again; the timeline and the office's notice have the words."""
    party, case = await submitted(quiet, State.ACCEPTED)
    limits = (case.promised_on, case.statutory_on)
    hurried = await hurry_case(party, case.id, "家里等着开业", None)
    assert hurried.again_on == add_working_days(clock.today(), 2).day
    with pytest.raises(HurriedAlreadyError) as refused:
        await hurry_case(party, case.id, "再催", None)
    assert refused.value.context == {"again_on": hurried.again_on.isoformat()}
    entry = await TimelineEntry.filter(application=case).order_by("-id").first()
    assert entry
    assert (entry.kind, entry.state, entry.note) == ("hurry", State.ACCEPTED, "家里等着开业")
    stands = await Application.get(id=case.id)
    assert (stands.promised_on, stands.statutory_on) == limits
    days = (hurried.again_on - clock.today()).days
    with clock.travel(timedelta(days=days - 1)), pytest.raises(HurriedAlreadyError):
        await hurry_case(party, case.id, "再催", None)
    with clock.travel(timedelta(days=days)):
        await hurry_case(party, case.id, "再催", None)
    assert await Notice.filter(application=case).count() == 2


async def test_of_many_hurries_at_once_one_is_taken_and_a_repeated_one_is_the_same(quiet: House) -> None:
    """The key tells a bad network from a second wish."""
    party, case = await submitted(quiet, State.ACCEPTED)
    keys = [uuid4().hex for _ in range(5)]
    outcomes = await asyncio.gather(
        *(hurry_case(party, case.id, "请尽快", key) for key in keys), return_exceptions=True
    )
    (won,) = [number for number, one in enumerate(outcomes) if not isinstance(one, HurriedAlreadyError)]
    again = await hurry_case(party, case.id, "请尽快", keys[won])
    assert again.notice.id == (await Notice.get(application=case)).id


async def test_a_notice_reaches_the_office_once(quiet: House) -> None:
    """After the case itself; where the answer is lost, the office is asked before anything is sent again."""
    party, case = await submitted(quiet, State.ACCEPTED)
    case_no, system = str(case.case_no), System()
    drains, notice = one_way(system), (await hurry_case(party, case.id, "请尽快", None)).notice
    await deliver_case(drains, case_no)
    await drain(drains)
    system.after = AmbiguousError("no_answer")
    await deliver_notice(drains, case_no, str(notice.id))
    await drain(drains)
    for _ in range(2):
        await deliver_notice(drains, case_no, str(notice.id))
        with clock.travel(LATER):
            await drain(drains)
    (sent,) = system.notices
    assert {"notice_id": str(notice.id), "kind": "hurry", "text": "请尽快"}.items() <= sent.items()
    delivery = await Delivery.get(case_no=case_no, kind=DeliveryKind.NOTICE)
    assert (delivery.state, delivery.reference) == (DeliveryState.DELIVERED, str(notice.id))


async def test_how_a_result_comes_is_chosen_on_the_draft_and_goes_with_the_case(quiet: House) -> None:
    """It counts as a change of the draft, and no office is told of it by itself."""
    citizen = await verified_citizen(quiet)
    party, draft = Party.own(citizen.id), await ready_draft(quiet, citizen)
    seen = (await Application.get(id=draft.id)).revision
    contact = {"phone": "13900000001", "address": "示例路1号"}
    for _ in range(2):
        changed = await change_reach(party, draft.id, Reach(contact, POST))
        assert changed.revision == seen + 1
    assert not await Notice.exists(application_id=draft.id)
    case, system = await submit_application(party, draft.id, None), System()
    await hand_over(leading_to(system), str(case.case_no))
    (sent,) = system.sent
    assert (sent["contact"], sent["delivery"]) == (contact, POST)


async def test_without_a_word_the_result_is_electronic(quiet: House) -> None:
    """And the applicant is reached as they are known."""
    party, case = await submitted(quiet, State.SUBMITTED)
    del party
    system = System()
    await hand_over(leading_to(system), str(case.case_no))
    (sent,) = system.sent
    assert (sent["contact"], sent["delivery"]) == ({"phone": sent["applicant"]["phone"], "address": None}, ELECTRONIC)


async def test_a_change_after_the_submission_is_told_to_the_office(quiet: House) -> None:
    """Once; the timeline says that it was, and nothing of it stands there."""
    party, case = await submitted(quiet, State.ACCEPTED)
    for _ in range(2):
        await change_reach(party, case.id, Reach({"phone": "13900000002", "address": None}, POST))
    notice, system = await Notice.get(application=case), System()
    drains = one_way(system)
    await deliver_case(drains, str(case.case_no))
    await deliver_notice(drains, str(case.case_no), str(notice.id))
    await drain(drains)
    expected = {"kind": NoticeKind.CONTACT, "contact": {"phone": "13900000002", "address": None}, "delivery": POST}
    assert expected.items() <= system.notices[0].items()
    entry = await TimelineEntry.get(application=case, kind="contact")
    assert (entry.state, entry.note) == (State.ACCEPTED, None)


@pytest.mark.parametrize("state", [State.COMPLETED, State.REFUSED, State.WITHDRAWN, State.EXPIRED, State.NOT_ACCEPTED])
async def test_nothing_is_changed_after_the_end(quiet: House, state: State) -> None:
    """Nobody there would read it."""
    party, case = await submitted(quiet, state)
    with pytest.raises(StateForbidsError):
        await change_reach(party, case.id, Reach(NOBODY, POST))
    assert (await Application.get(id=case.id)).delivery is None


async def test_a_result_is_fetched_where_the_item_has_a_window(quiet: House) -> None:
    """Another hall is refused with those that are."""
    party, case = await submitted(quiet, State.ACCEPTED)
    halls = [window.hall for window in (await get_item(await trip_item())).guide.windows if window.hall]
    await change_reach(party, case.id, Reach(NOBODY, {"method": "pick_up", "hall": halls[0]}))
    with pytest.raises(PickUpPlaceUnknownError) as refused:
        await change_reach(party, case.id, Reach(NOBODY, {"method": "pick_up", "hall": "nowhere"}))
    assert refused.value.context == {"halls": halls}


async def test_a_result_on_paper_is_shown_and_told(quiet: House) -> None:
    """Where it is and until when; the case stays where it was, and its office is named in messages."""
    party, case = await submitted(quiet, State.APPROVED)
    data = {"method": "pick_up", "place": "市政务大厅3号窗口", "until": "2026年12月31日", "note": "请带身份证", "x": 1}
    async with transaction():
        locked = await lock_case(str(case.case_no))
        await apply_event(locked, Cause.RESULT_READY, 1, clock.now(), data)
    stands = await Application.get(id=case.id)
    assert (stands.state, stands.result) == (State.APPROVED, {key: data[key] for key in data if key != "x"})
    message = await Message.get(citizen_id=party.citizen_id, kind="result_ready")
    assert "请于2026年12月31日前到市政务大厅3号窗口领取；请带身份证" in message.text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {"method": "post", "carrier": "邮政", "tracking_no": "EA1"},
            "已由邮政寄出，运单号EA1",
        ),
        ({"method": "pick_up", "place": "大厅"}, "请到大厅领取"),
        ({"method": "pick_up"}, "请联系办理部门领取"),
        ({"method": ["x"], "place": {"a": 1}, "note": None}, "请联系办理部门领取"),
        ({"note": "三楼"}, "三楼"),
    ],
)
def test_a_result_is_said_as_far_as_it_is_known(data: dict[str, Any], sentence: str) -> None:
    """Whatever the other system leaves out or sends beside."""
    assert result_sentence(result_of(data)) == sentence


async def test_messages_name_the_office(quiet: House) -> None:
    """The department of the item's guide."""
    party, case = await submitted(quiet, State.DELIVERED)
    async with transaction():
        await apply_event(await lock_case(str(case.case_no)), Cause.ACCEPTED, 1, clock.now(), {})
    office = (await get_item(await trip_item())).department_name
    message = await Message.get(citizen_id=party.citizen_id, kind="accepted")
    assert office
    assert f"由{office}受理" in message.text


def test_a_phone_says_how_a_result_comes(phone: Phone) -> None:
    """Each way has what it needs, and no other; the case shows it."""
    draft = phone.draft()
    path = f"/api/v1/applications/{draft['id']}"
    assert phone.http.get(path).json()["reach"] == {"contact": NOBODY, "delivery": ELECTRONIC}
    said = phone.http.put(f"{path}/contact", json={"contact": NOBODY, "delivery": POST})
    assert (said.status_code, said.json()["revision"]) == (200, draft["revision"] + 1)
    assert phone.http.get(path).json()["reach"] == {"contact": NOBODY, "delivery": POST}
    for wrong in (
        {"contact": NOBODY, "delivery": {**POST, "phone": "12"}},
        {"contact": NOBODY, "delivery": {"method": "post"}},
        {"contact": NOBODY, "delivery": {**ELECTRONIC, "hall": "x"}},
        {"contact": {"phone": "x", "address": None}, "delivery": ELECTRONIC},
        {"delivery": ELECTRONIC},
    ):
        answer = phone.http.put(f"{path}/contact", json=wrong)
        assert error_of(answer) == (422, "field_invalid"), wrong
    answer = phone.http.put(f"{path}/contact", json={"contact": NOBODY, "delivery": {"method": "pick_up", "hall": "x"}})
    assert error_of(answer) == (422, "pick_up_place_unknown")
    assert error_of(phone.http.post(f"{path}/hurries", json={"text": "x"})) == (409, "state_forbids")
