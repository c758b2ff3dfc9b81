"""What every connector holds to, whatever it speaks."""

import uuid

import pytest

from app.kit.ports import AmbiguousError, RefusedError, TryLaterError
from tests.contract.approvals.ways import Way, case_of, supplement_of, until

FULL_WAY = ["received", "accepted", "special_procedure", "resumed", "approved", "completed"]


async def test_an_unknown_case_is_none(way: Way) -> None:
    """Before it is handed over."""
    assert await way.system.get_case(f"w{uuid.uuid4().hex}") is None


async def test_a_case_is_there_once_however_often_it_comes(way: Way) -> None:
    """And the system can be asked about it."""
    case_no = await way.taken()
    await way.system.send_case(case_no, case_of("请等待"))
    assert len(await way.listed(case_no)) == 1
    remote = await way.system.get_case(case_no)
    assert remote is not None
    assert (remote.supplements, remote.withdrawn, remote.notices) == (frozenset(), False, frozenset())
    assert await way.kinds(case_no) == ["received"]


async def test_a_case_goes_its_way_and_each_step_is_told_in_order(way: Way) -> None:
    """Asked about the case, and in the feed, with the reason and the decision."""
    case_no = await way.taken("请暂停")
    await until(lambda: way.kinds(case_no), lambda kinds: "completed" in kinds)
    assert await way.kinds(case_no) == FULL_WAY
    assert await way.told(case_no) == FULL_WAY
    events = {event.kind.value: event for event in await way.events(case_no)}
    assert events["special_procedure"].data["reason"]
    assert set(events["approved"].data) == {"decision_no", "valid_from"}
    assert events["approved"].data["decision_no"]
    assert len({event.event_id for event in events.values()}) == len(FULL_WAY)


async def test_what_is_asked_again_has_the_same_ids(way: Way) -> None:
    """So that it is kept once."""
    case_no = await way.taken()
    assert await way.events(case_no) == await way.events(case_no)


async def test_a_supplement_is_asked_for_and_handed_over_once(way: Way) -> None:
    """With what is said; then the case goes on."""
    case_no = await way.taken()
    await way.steer(case_no, "supplement", note="请补充照片")
    events = await until(lambda: way.events(case_no), lambda events: len(events) == 2)
    assert (events[1].kind.value, events[1].data["note"]) == ("supplement_requested", "请补充照片")
    guid = str(uuid.uuid4())
    for _ in range(2):
        await way.system.send_supplement(case_no, supplement_of(guid))
    remote = await way.system.get_case(case_no)
    assert remote is not None
    assert remote.supplements == {guid}
    await until(lambda: way.listed(case_no), lambda listed: listed[0]["supplements"] == 1)


async def test_a_withdrawal_is_known(way: Way) -> None:
    """Once, however often it is said."""
    case_no = await way.taken()
    for _ in range(2):
        await way.system.send_withdrawal(case_no, "申请人撤回")
    remote = await way.system.get_case(case_no)
    assert remote is not None
    assert remote.withdrawn
    await until(lambda: way.listed(case_no), lambda listed: listed[0]["withdrawn"])


async def test_a_withdrawal_after_the_decision_is_refused(way: Way) -> None:
    """For good."""
    case_no = await way.taken()
    await way.steer(case_no, "refuse", note="不符合条件")
    events = await until(lambda: way.events(case_no), lambda events: len(events) == 3)
    assert (events[2].kind.value, events[2].data["reason"]) == ("refused", "不符合条件")
    with pytest.raises(RefusedError):
        await way.system.send_withdrawal(case_no, "申请人撤回")


async def test_a_notice_is_known_and_moves_nothing(way: Way) -> None:
    """Once, however often it is said."""
    case_no, notice = await way.taken(), {"notice_id": str(uuid.uuid4()), "kind": "hurry"}
    for _ in range(2):
        await way.system.send_notice(case_no, notice)
    remote = await way.system.get_case(case_no)
    assert remote is not None
    assert remote.notices == {notice["notice_id"]}
    listed = await until(lambda: way.listed(case_no), lambda listed: bool(listed[0]["notices"]))
    assert (listed[0]["notices"], await way.kinds(case_no)) == (["hurry"], ["received"])


async def test_what_belongs_to_no_case_is_refused(way: Way) -> None:
    """A supplement, a withdrawal, a notice."""
    nowhere = f"w{uuid.uuid4().hex}"
    with pytest.raises(RefusedError):
        await way.system.send_supplement(nowhere, supplement_of(str(uuid.uuid4())))
    with pytest.raises(RefusedError):
        await way.system.send_withdrawal(nowhere, "申请人撤回")
    with pytest.raises(RefusedError):
        await way.system.send_notice(nowhere, {"notice_id": str(uuid.uuid4()), "kind": "hurry"})


async def test_steps_are_told_one_by_one(way: Way) -> None:
    """Also those that many systems leave out, and what comes after the end."""
    case_no = await way.taken()
    for action in ("pre_review", "accept", "review", "approve", "ready", "suspend", "reinstate", "suspend", "revoke"):
        await way.steer(case_no, action)
    wanted = ["received", "pre_review", "accepted", "under_review", "approved", "completed", "result_ready"]
    wanted += ["licence_suspended", "licence_resumed", "licence_suspended", "licence_revoked"]
    await until(lambda: way.kinds(case_no), lambda kinds: len(kinds) == len(wanted))
    assert await way.kinds(case_no) == wanted


async def test_a_supplement_that_never_came_lets_the_case_expire(way: Way) -> None:
    """With the reason."""
    case_no = await way.taken()
    await way.steer(case_no, "supplement")
    await way.steer(case_no, "expire", note="逾期未补正")
    await until(lambda: way.kinds(case_no), lambda kinds: "expired" in kinds)
    assert await way.kinds(case_no) == ["received", "supplement_requested", "expired"]


async def test_a_case_that_is_not_accepted_says_why(way: Way) -> None:
    """And nothing follows."""
    case_no = await way.taken("请不予受理")
    events = await until(lambda: way.events(case_no), lambda events: len(events) == 2)
    assert events[1].kind.value == "not_accepted"
    assert events[1].data.get("reason") or events[1].data.get("note")


async def test_what_cannot_be_reached_is_tried_later(way: Way) -> None:
    """Everything that is said or asked: certainly nothing was done."""
    system, case_no = way.unreachable, f"w{uuid.uuid4().hex}"
    with pytest.raises(TryLaterError):
        await system.send_case(case_no, case_of())
    with pytest.raises(TryLaterError):
        await system.send_supplement(case_no, supplement_of("s"))
    with pytest.raises(TryLaterError):
        await system.send_withdrawal(case_no, "")
    with pytest.raises(TryLaterError):
        await system.send_notice(case_no, {"notice_id": "n", "kind": "hurry"})
    with pytest.raises(TryLaterError):
        await system.get_case(case_no)
    with pytest.raises(TryLaterError):
        await system.events_after("0")


async def test_a_case_that_was_sent_without_an_answer_is_found(way: Way) -> None:
    """The line was cut when it was there: nobody knows, so the system is asked."""
    case_no = f"w{uuid.uuid4().hex}"
    await way.cut()
    with pytest.raises(AmbiguousError):
        await way.system.send_case(case_no, case_of("请等待"))

    async def there() -> bool:
        return await way.system.get_case(case_no) is not None

    assert await until(there, bool)
    await way.system.send_case(case_no, case_of("请等待"))
    await until(lambda: way.listed(case_no), lambda listed: len(listed) == 1)
