"""Handing a case over: once, and asked about before it is sent again."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from app.applications.models import Application, State
from app.approvals.models import Delivery, DeliveryState
from app.approvals.ports import FeedPage, RemoteCase
from app.approvals.tasks import deliver_case, deliver_withdrawal
from app.bootstrap import House
from app.kit.ports import AmbiguousError, PortError, RefusedError, TryLaterError
from tests.partners import leading_to
from tests.service.cases import FORM, trip_item, verified_citizen


class System:
    """An approval system that keeps what it gets, and fails as it is told: before keeping it, or after."""

    def __init__(self) -> None:
        self.cases: list[str] = []
        self.withdrawn: set[str] = set()
        self.before: PortError | None = None
        self.after: PortError | None = None
        self.asked = 0

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """It knows no idempotency: a case sent twice is two."""
        assert case["applicant"]["id_number"]
        if self.before:
            raise self.before
        self.cases.append(case_no)
        if self.after:
            raise self.after

    async def send_supplement(self, case_no: str, supplement: dict[str, Any]) -> None:
        """Not of use here."""

    async def send_withdrawal(self, case_no: str, reason: str) -> None:
        """Keep it."""
        del reason
        if self.before:
            raise self.before
        self.withdrawn.add(case_no)
        if self.after:
            raise self.after

    async def send_notice(self, case_no: str, notice: dict[str, Any]) -> None:
        """Not of use here."""

    async def get_case(self, case_no: str) -> RemoteCase | None:
        """What it has."""
        self.asked += 1
        return RemoteCase([], frozenset(), case_no in self.withdrawn) if case_no in self.cases else None

    async def events_after(self, cursor: str) -> FeedPage:
        """Nothing."""
        return FeedPage([], cursor)


@pytest.fixture
async def case_no(house: House) -> str:
    """The number of a submitted case that the worker knows nothing of."""
    moment, number = datetime.now(UTC), f"t{uuid.uuid4().hex}"
    await Application.create(
        citizen=await verified_citizen(house),
        item_code=await trip_item(),
        item_name="食品经营许可（新办）",
        state=State.SUBMITTED,
        form=FORM,
        case_no=number,
        submitted_at=moment,
        created_at=moment,
        updated_at=moment,
    )
    return number


async def state(case_no: str) -> DeliveryState:
    """How the delivery of the case stands."""
    return (await Delivery.get(case_no=case_no, kind="case")).state


async def test_a_case_is_handed_over_once(case_no: str) -> None:
    """A job that runs again sends nothing more."""
    system = System()
    for _ in range(3):
        await deliver_case(leading_to(system), case_no)
    assert (system.cases, await state(case_no)) == ([case_no], DeliveryState.DELIVERED)


async def test_what_was_certainly_not_sent_is_sent_again(case_no: str) -> None:
    """Without asking."""
    system = System()
    system.before = TryLaterError("unreachable")
    with pytest.raises(TryLaterError):
        await deliver_case(leading_to(system), case_no)
    assert await state(case_no) is DeliveryState.WAITING
    system.before = None
    await deliver_case(leading_to(system), case_no)
    assert (system.cases, system.asked) == ([case_no], 0)


async def test_after_no_answer_it_asks_and_does_not_send_what_arrived(case_no: str) -> None:
    """The system knows no idempotency and still has one case."""
    system = System()
    system.after = AmbiguousError("no_answer")
    with pytest.raises(AmbiguousError):
        await deliver_case(leading_to(system), case_no)
    await deliver_case(leading_to(system), case_no)
    assert (system.cases, system.asked, await state(case_no)) == ([case_no], 1, DeliveryState.DELIVERED)


async def test_after_no_answer_it_asks_and_sends_what_did_not_arrive(case_no: str) -> None:
    """The request was lost on its way."""
    system = System()
    system.before = AmbiguousError("no_answer")
    with pytest.raises(AmbiguousError):
        await deliver_case(leading_to(system), case_no)
    system.before = None
    await deliver_case(leading_to(system), case_no)
    assert (system.cases, system.asked) == ([case_no], 1)


async def test_a_delivery_that_a_killed_worker_left_is_asked_about(case_no: str) -> None:
    """Its row says that it was on its way."""
    system = System()
    system.cases.append(case_no)
    moment = datetime.now(UTC)
    await Delivery.create(
        case_no=case_no, kind="case", state=DeliveryState.SENDING, created_at=moment, updated_at=moment
    )
    await deliver_case(leading_to(system), case_no)
    assert (system.cases, await state(case_no)) == ([case_no], DeliveryState.DELIVERED)


async def test_a_refusal_stands_with_its_reason(case_no: str) -> None:
    """It is not repeated; staff will see why."""
    system = System()
    system.before = RefusedError("status_422")
    await deliver_case(leading_to(system), case_no)
    system.before = None
    await deliver_case(leading_to(system), case_no)
    delivery = await Delivery.get(case_no=case_no)
    assert (system.cases, delivery.state, delivery.reason) == ([], DeliveryState.REFUSED, "status_422")


async def test_a_withdrawal_is_asked_about_like_a_case(case_no: str) -> None:
    """It arrived, the answer did not."""
    system = System()
    await deliver_case(leading_to(system), case_no)
    system.after = AmbiguousError("no_answer")
    with pytest.raises(AmbiguousError):
        await deliver_withdrawal(leading_to(system), case_no)
    system.after = RefusedError("sent twice")
    await deliver_withdrawal(leading_to(system), case_no)
    assert (await Delivery.get(case_no=case_no, kind="withdrawal")).state is DeliveryState.DELIVERED


pytestmark = pytest.mark.usefixtures("house")
