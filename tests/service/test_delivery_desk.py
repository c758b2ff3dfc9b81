"""The desk: staff see where cases hang, and have them tried anew, once and with a reason."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.applications.models import Application, State
from app.applications.rules import Cause
from app.approvals.desk import Redriven, redrive
from app.approvals.drain import Drains
from app.approvals.errors import DeliveryNotFoundError, NothingToRedriveError
from app.approvals.inbox import apply_events, keep_event
from app.approvals.models import Delivery, DeliveryState, InboxEvent, Redrive
from app.approvals.ports import Event
from app.approvals.standstills import Hanging, Standstill, list_loads, list_standstills
from app.approvals.tasks import deliver_case
from app.audit.models import AuditRecord
from app.bootstrap import House
from app.catalogue.models import Item
from app.identity.rules import EVERY_DEPARTMENT
from app.identity.staff_accounts import Scope
from app.kit import clock, db
from app.kit.db import transaction
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError
from tests.service.systems import System, drain, one_way, submitted_case

A_WEEK = timedelta(days=7)
CITY = Scope("staff:test", None, EVERY_DEPARTMENT, UUID(int=7))


@pytest.fixture
async def house(quiet: House) -> AsyncIterator[House]:
    """A house without a worker, in which nothing else hangs."""
    await _forget()
    yield quiet
    await _forget()


async def _forget() -> None:
    for model in (Delivery, InboxEvent, Redrive):
        await model.all().delete()


@pytest.fixture
def system() -> System:
    """An approval system that has nothing yet."""
    return System()


@pytest.fixture
def drains(system: System) -> Drains:
    """The drain that leads to it."""
    return one_way(system)


async def handed(house: House, drains: Drains, **columns: Any) -> str:
    """The number of a case that a drain did with what it could."""
    case_no = str((await submitted_case(house, **columns)).case_no)
    await deliver_case(drains, case_no)
    await drain(drains)
    return case_no


async def hanging(scope: Scope = CITY, after: timedelta = A_WEEK) -> list[Hanging]:
    """All that hangs after a while."""
    with clock.travel(after):
        return (await list_standstills(scope, None, None, None)).items


async def redriven(which: Hanging, reason: str = "已与部门核实", after: timedelta = A_WEEK) -> Redriven:
    """Have something tried anew after a while."""
    with clock.travel(after):
        return await redrive(CITY, which.id, reason)


async def test_each_way_to_hang_is_listed_and_counted(house: House) -> None:
    """The oldest first, with the last reason; what arrived and was answered hangs nowhere."""
    ways = (
        (TryLaterError("unreachable"), Standstill.WAITING),
        (AmbiguousError("no_answer"), Standstill.AMBIGUOUS),
        (RefusedError("status_422"), Standstill.REFUSED),
        (None, Standstill.NO_ANSWER),
    )
    made, ways_out = [], []
    for failure, _ in ways:
        system = System()
        system.before = failure
        ways_out.append(one_way(system))
        made.append(await handed(house, ways_out[-1]))
    answered = await handed(house, drains := one_way(System()))
    await Application.filter(case_no=answered).update(state=State.ACCEPTED)
    found = await hanging()
    assert [(one.case_no, one.standstill) for one in found] == [
        (case_no, way) for case_no, (_, way) in zip(made, ways, strict=True)
    ]
    assert [one.reason for one in found] == ["unreachable", "no_answer", "status_422", None]
    with clock.travel(A_WEEK):
        page = await list_standstills(CITY, Standstill.REFUSED, "case", None)
    assert [one.case_no for one in page.items] == [made[2]]
    assert page.counts == {**dict.fromkeys(Standstill, 1), Standstill.GAP: 0}
    assert [one.standstill for one in await hanging(after=timedelta())] == [Standstill.REFUSED]
    loads = {load.connector: (load.waiting, load.breaker) for load in await list_loads()}
    assert [loads[next(iter(one.connectors)).name] for one in (*ways_out, drains)] == [
        (many, "closed") for many in (1, 1, 0, 0, 0)
    ]


async def test_pages_follow_each_other(house: House, drains: Drains, system: System) -> None:
    """Nothing is shown twice or left out."""
    system.before = RefusedError("status_422")
    citizen = (await submitted_case(house)).citizen
    made = [await handed(house, drains, citizen=citizen) for _ in range(23)]
    first = await list_standstills(CITY, None, None, None)
    second = await list_standstills(CITY, None, None, first.next_cursor)
    assert [one.case_no for one in (*first.items, *second.items)] == made
    assert (second.next_cursor, first.counts[Standstill.REFUSED]) == (None, 23)


async def test_staff_see_and_redrive_their_own_region_and_department_alone(
    house: House, drains: Drains, system: System
) -> None:
    """Anything else is not there."""
    system.before = RefusedError("status_422")
    case_no = await handed(house, drains)
    item = await Item.get(item_code=(await Application.get(case_no=case_no)).item_code)
    own = Scope("staff:own", item.region, item.department, UUID(int=1))
    others = (Scope("staff:a", "230822", EVERY_DEPARTMENT, UUID(int=2)), Scope("staff:b", None, "ga", UUID(int=3)))
    (found,) = await hanging(own)
    for scope in others:
        assert await hanging(scope) == []
        with pytest.raises(DeliveryNotFoundError):
            await redrive(scope, found.id, "x")
    with pytest.raises(DeliveryNotFoundError):
        await redrive(own, uuid4(), "x")


async def test_what_was_refused_is_sent_anew_once(house: House, drains: Drains, system: System) -> None:
    """With who and why: the reason sealed in a row, the audit naming the row."""
    system.before = RefusedError("status_422")
    case_no = await handed(house, drains)
    (found,) = await hanging()
    first = await redriven(found)
    assert await redriven(found, "再次点击") == first
    system.before = None
    with clock.travel(A_WEEK):
        await drain(drains)
    assert system.cases == [case_no]
    (kept,) = await Redrive.filter(case_no=case_no)
    assert (kept.reason, kept.staff_id) == ("已与部门核实", CITY.staff_id)
    stored = await db.row("SELECT encode(reason, 'escape') AS reason FROM redrives WHERE id = $1", kept.id)
    assert stored
    assert "核实" not in str(stored["reason"])
    application = await Application.get(case_no=case_no)
    (record,) = await AuditRecord.filter(chain=f"application:{application.id}", action="redriven")
    assert (record.actor, record.details["redrive"], record.details["standstill"]) == (
        "staff:test",
        str(kept.id),
        "refused",
    )
    with pytest.raises(NothingToRedriveError):
        await redriven(found, after=timedelta())


async def test_what_may_have_arrived_is_asked_about_and_not_sent_again(
    house: House, drains: Drains, system: System
) -> None:
    """Also where it was delivered without a word; what the answer says of events is kept."""
    case_no = await handed(house, drains)
    event = Event(uuid4().hex, case_no, 1, Cause.RECEIVED, clock.now(), {})
    system.told[case_no] = [event]
    (found,) = await hanging()
    assert found.standstill is Standstill.NO_ANSWER
    await redriven(found)
    with clock.travel(A_WEEK):
        await drain(drains)
    assert (system.cases, system.asked) == ([case_no], 1)
    assert await InboxEvent.exists(event_id=event.event_id)


async def test_what_the_system_lost_is_sent_again(house: House, drains: Drains, system: System) -> None:
    """It had said that it has the case, and knows nothing of it."""
    case_no = await handed(house, drains)
    system.cases.clear()
    (found,) = await hanging()
    await redriven(found)
    with clock.travel(A_WEEK):
        await drain(drains)
    assert (system.cases, system.asked) == ([case_no], 1)


async def test_behind_a_gap_the_missing_event_is_asked_for(house: House, drains: Drains, system: System) -> None:
    """What waits names the sequence that is missing; asking twice at once asks once."""
    case_no = await handed(house, drains)
    async with transaction():
        await keep_event(
            drains.connectors,
            next(iter(drains.connectors)).name,
            Event(uuid4().hex, case_no, 3, Cause.ACCEPTED, clock.now(), {}),
        )
    await apply_events(case_no)
    found = next(one for one in await hanging() if one.standstill is Standstill.GAP)
    assert (found.case_no, found.missing, found.kind) == (case_no, 1, "event")
    await db.execute("DELETE FROM procrastinate_jobs")
    first = await redriven(found)
    assert await redriven(found) == first
    jobs = await db.rows("SELECT task_name, args FROM procrastinate_jobs")
    assert [job["task_name"] for job in jobs] == ["approvals.ask_case"]


async def test_a_redrive_and_the_drain_send_it_once(house: House, drains: Drains, system: System) -> None:
    """Whichever is first: the other finds it waiting, on its way, or done."""
    system.before = TryLaterError("unreachable")
    made = [await handed(house, drains) for _ in range(4)]
    system.before = None
    found = await hanging()
    with clock.travel(A_WEEK):
        results = await asyncio.gather(
            *(redrive(CITY, one.id, "x") for one in found for _ in range(3)),
            *(drain(worker) for worker in (drains, Drains(drains.connectors, 20.0))),
            return_exceptions=True,
        )
        await drain(drains)
    assert sorted(system.cases) == sorted(made)
    assert {type(one) for one in results if isinstance(one, BaseException)} <= {NothingToRedriveError}
    assert {row.state for row in await Delivery.all()} == {DeliveryState.DELIVERED}
