"""Handing a case over: once, in order, and asked about before it is sent again."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.applications.models import Application, Supplement
from app.approvals.drain import Drains
from app.approvals.models import Delivery, DeliveryState
from app.approvals.tasks import deliver_case, deliver_supplement, deliver_withdrawal
from app.bootstrap import House
from app.kit import clock
from app.kit.ports import AmbiguousError, RefusedError, TryLaterError
from tests.service.systems import System, drain, one_way, submitted_case

LATER = timedelta(minutes=20)


@pytest.fixture
async def case_no(house: House) -> str:
    """The number of a submitted case that the worker knows nothing of."""
    return str((await submitted_case(house)).case_no)


@pytest.fixture
def system() -> System:
    """An approval system that has nothing yet."""
    return System()


@pytest.fixture
def drains(system: System) -> Drains:
    """The drain that leads to it."""
    return one_way(system)


async def delivery(case_no: str, kind: str = "case") -> Delivery:
    """The delivery of a case."""
    return await Delivery.get(case_no=case_no, kind=kind)


async def test_a_case_is_handed_over_once(system: System, drains: Drains, case_no: str) -> None:
    """A job that runs again writes nothing more, and a drain sends nothing more."""
    for _ in range(3):
        await deliver_case(drains, case_no)
        await drain(drains)
    row = await delivery(case_no)
    assert (system.cases, row.state, row.attempts) == ([case_no], DeliveryState.DELIVERED, 1)


async def test_what_was_certainly_not_sent_is_sent_again(system: System, drains: Drains, case_no: str) -> None:
    """Without asking, but not before it rested."""
    system.before = TryLaterError("unreachable")
    await deliver_case(drains, case_no)
    again = await drain(drains)
    row = await delivery(case_no)
    assert (row.state, row.reason, row.due_at) == (DeliveryState.WAITING, "unreachable", again)
    system.before = None
    with clock.travel(LATER):
        await drain(drains)
    assert (system.cases, system.asked) == ([case_no], 0)


async def test_after_no_answer_it_asks_and_does_not_send_what_arrived(
    system: System, drains: Drains, case_no: str
) -> None:
    """The system knows no idempotency and still has one case."""
    system.after = AmbiguousError("no_answer")
    await deliver_case(drains, case_no)
    await drain(drains)
    assert (await delivery(case_no)).state is DeliveryState.SENDING
    with clock.travel(LATER):
        await drain(drains)
    assert (system.cases, system.asked) == ([case_no], 1)
    assert (await delivery(case_no)).state is DeliveryState.DELIVERED


async def test_after_no_answer_it_asks_and_sends_what_did_not_arrive(
    system: System, drains: Drains, case_no: str
) -> None:
    """The request was lost on its way."""
    system.before = AmbiguousError("no_answer")
    await deliver_case(drains, case_no)
    await drain(drains)
    system.before = None
    with clock.travel(LATER):
        await drain(drains)
    assert (system.cases, system.asked) == ([case_no], 1)


async def test_a_delivery_that_a_killed_worker_left_is_asked_about(
    system: System, drains: Drains, case_no: str
) -> None:
    """Its row says that it was on its way; whoever claimed it has it until the claim lapses."""
    await deliver_case(drains, case_no)
    system.cases.append(case_no)
    claimed_until = clock.now() + timedelta(seconds=30)
    await Delivery.filter(case_no=case_no).update(state="sending", attempts=1, claimed_until=claimed_until)
    assert await drain(drains) == claimed_until
    assert system.asked == 0
    with clock.travel(timedelta(seconds=31)):
        await drain(drains)
    assert (system.cases, system.asked) == ([case_no], 1)
    assert (await delivery(case_no)).state is DeliveryState.DELIVERED


async def test_a_refusal_stands_with_its_reason(system: System, drains: Drains, case_no: str) -> None:
    """It is not repeated; staff will see why. Nothing else is said of a case that the system does not have."""
    system.before = RefusedError("status_422")
    await deliver_case(drains, case_no)
    await drain(drains)
    system.before = None
    await deliver_case(drains, case_no)
    await deliver_withdrawal(drains, case_no)
    with clock.travel(LATER):
        await drain(drains)
    row = await delivery(case_no)
    assert (system.calls, row.state, row.reason) == (1, DeliveryState.REFUSED, "status_422")


async def test_a_withdrawal_is_asked_about_like_a_case(system: System, drains: Drains, case_no: str) -> None:
    """It arrived, the answer did not."""
    await deliver_case(drains, case_no)
    await drain(drains)
    system.after = AmbiguousError("no_answer")
    await deliver_withdrawal(drains, case_no)
    await drain(drains)
    system.after = RefusedError("sent twice")
    with clock.travel(LATER):
        await drain(drains)
    assert (await delivery(case_no, "withdrawal")).state is DeliveryState.DELIVERED


async def test_a_case_goes_before_what_follows_it(house: House, system: System, drains: Drains) -> None:
    """However the rows came about, and also where the case has to rest."""
    case: Application = await submitted_case(house)
    case_no, moment = str(case.case_no), clock.now()
    supplements = [
        str((await Supplement.create(application=case, note="", form={}, created_at=moment)).id) for _ in range(2)
    ]
    await deliver_withdrawal(drains, case_no)
    for supplement_id in supplements:
        await deliver_supplement(drains, case_no, supplement_id)
    await deliver_case(drains, case_no)
    system.before = TryLaterError("unreachable")
    await drain(drains)
    assert system.calls == 1
    system.before = None
    with clock.travel(LATER):
        await drain(drains)
    assert system.said == [(case_no, what) for what in ("case", *supplements, "withdrawal")]


async def test_what_cannot_be_read_rests_and_is_sent_when_it_can(system: System, drains: Drains, case_no: str) -> None:
    """A fault of ours says nothing of the system, and holds up no other case."""
    await deliver_case(drains, case_no)
    lost = str(uuid4())
    await Delivery.filter(case_no=case_no).update(kind="supplement", reference=lost)
    await drain(drains)
    row = await delivery(case_no, "supplement")
    assert (row.state, row.reason, system.calls) == (DeliveryState.WAITING, "NotFoundError", 0)


pytestmark = pytest.mark.usefixtures("house")
