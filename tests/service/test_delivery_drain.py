"""The drain under load: its pace, its breaker, several workers, and a system that is away for a day."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.applications.models import Application, Material, Scan
from app.approvals.claims import Claim, Outcome, Pause, claim, record
from app.approvals.connectors import Connector
from app.approvals.drain import Drains
from app.approvals.models import Breaker, Channel, Delivery, DeliveryState
from app.approvals.ports import RemoteCase
from app.approvals.rules import FAILURES_TO_OPEN, PROBE_EVERY
from app.approvals.tasks import deliver_case
from app.bootstrap import House
from app.identity.models import Citizen
from app.kit import clock
from app.kit.ports import AmbiguousError, TryLaterError
from tests.service.cases import verified_citizen
from tests.service.holding import while_held
from tests.service.systems import System, drain, one_way, submitted_case

PAST_THE_PROBE = PROBE_EVERY + timedelta(seconds=1)


@pytest.fixture
async def citizen(house: House) -> Citizen:
    """Somebody with many cases."""
    return await verified_citizen(house)


async def queued(house: House, drains: Drains, citizen: Citizen, many: int) -> list[str]:
    """So many cases that wait, the oldest first."""
    numbers = [str((await submitted_case(house, citizen=citizen)).case_no) for _ in range(many)]
    for case_no in numbers:
        await deliver_case(drains, case_no)
    return numbers


async def channel(drains: Drains) -> Channel:
    """What is known of the only connector."""
    return await Channel.get(connector=next(iter(drains.connectors)).name)


class Slow(System):
    """Answers in the next turn of the loop or the one after, and notes when each call began and how many were open."""

    def __init__(self) -> None:
        super().__init__()
        self.began: list[datetime] = []
        self.open = self.most = 0

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """Take a moment."""
        self.began.append(clock.now())
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0.02)
        self.open -= 1
        await super().send_case(case_no, case)


async def test_several_workers_keep_one_pace_and_send_each_case_once(house: House, citizen: Citizen) -> None:
    """All drains together stay below the rate and the concurrency of the connector."""
    system = Slow()
    first = one_way(system, per_second=100.0, concurrency=2)
    numbers = await queued(house, first, citizen, 30)
    workers = [first, *(Drains(first.connectors, 20.0) for _ in range(3))]
    await asyncio.gather(*(drain(worker) for worker in workers))
    assert sorted(system.cases) == sorted(numbers)
    assert system.most <= 2
    took = (system.began[-1] - system.began[0]).total_seconds()
    # Five may begin at one moment.
    assert len(numbers) - 5 <= took * 100 + 1


async def test_claims_lie_a_pace_apart(house: House, citizen: Citizen) -> None:
    """The pace is a row that every worker reads: whoever asks too early is told when."""
    drains = one_way(System(), per_second=2.0)
    await queued(house, drains, citizen, 2)
    (connector,) = drains.connectors
    assert isinstance(await claim(connector, timedelta(seconds=20)), list)
    step = await claim(connector, timedelta(seconds=20))
    assert isinstance(step, Pause)
    assert step.paced
    with clock.travel(timedelta(seconds=0.5)):
        assert isinstance(await claim(connector, timedelta(seconds=20)), list)


async def claimed(connector: Connector) -> list[Claim]:
    """What may be sent at this moment, of which there is something."""
    step = await claim(connector, timedelta(seconds=20))
    assert isinstance(step, list)
    return step


async def test_a_quick_system_is_given_a_slice_at_once(house: House, citizen: Citizen) -> None:
    """A twentieth of a second's deliveries, the oldest first, then as long a pause; to see whether it is back, one."""
    drains = one_way(System(), per_second=100.0, concurrency=8)
    numbers = await queued(house, drains, citizen, 9)
    (connector,) = drains.connectors
    with clock.travel(timedelta(seconds=1)):
        first = [one.delivery.case_no for one in await claimed(connector)]
        step = await claim(connector, timedelta(seconds=20))
    assert first == numbers[:5]
    assert isinstance(step, Pause)
    assert step.paced
    with clock.travel(timedelta(seconds=2)):
        assert [one.delivery.case_no for one in await claimed(connector)] == numbers[5:8]
        assert isinstance(await claim(connector, timedelta(seconds=20)), Pause)
    await Channel.filter(connector=connector.name).update(breaker=Breaker.OPEN, probe_at=None)
    with clock.travel(timedelta(seconds=30)):
        (probe,) = await claimed(connector)
        assert probe.ask


async def test_a_worker_whose_clock_is_wrong_stops_no_other(house: House, citizen: Citizen) -> None:
    """What it wrote of the next turn and the next probe lies days ahead, and nobody waits so long."""
    drains = one_way(System(), per_second=2.0)
    await queued(house, drains, citizen, 3)
    (connector,) = drains.connectors
    with clock.travel(timedelta(days=2)):
        assert isinstance(await claim(connector, timedelta(seconds=20)), list)
    assert isinstance(await claim(connector, timedelta(seconds=20)), list)
    far_off = {"breaker": Breaker.OPEN, "probe_at": clock.now() + timedelta(days=2), "next_at": None}
    await Channel.filter(connector=connector.name).update(**far_off)
    assert isinstance(await claim(connector, timedelta(seconds=20)), list)


async def test_what_a_wrong_clock_put_off_is_sent_when_it_is_right_again(house: House, citizen: Citizen) -> None:
    """A rest until tomorrow ends at once, as does the claim of a worker that died in its wrong tomorrow."""
    drains = one_way(System())
    rested, died = await queued(house, drains, citizen, 2)
    (connector,) = drains.connectors
    with clock.travel(timedelta(days=1)):
        first, second = await claimed(connector)
        assert [one.delivery.case_no for one in (first, second)] == [rested, died]
        await record(connector, first, Outcome(DeliveryState.WAITING, "unreachable", None))
    found = [(one.delivery.case_no, one.ask) for one in await claimed(connector)]
    assert found == [(rested, False), (died, True)]


async def test_a_worker_whose_clock_is_a_little_ahead_keeps_its_claim(house: House, citizen: Citizen) -> None:
    """And its delivery counts among those that are under way."""
    drains = one_way(System(), concurrency=1)
    await queued(house, drains, citizen, 2)
    (connector,) = drains.connectors
    with clock.travel(timedelta(seconds=15)):
        assert isinstance(await claim(connector, timedelta(seconds=20)), list)
    assert isinstance(await claim(connector, timedelta(seconds=20)), Pause)


async def test_a_lost_claims_record_changes_nothing(house: House, citizen: Citizen) -> None:
    """A worker that was held up finds its delivery in other hands."""
    drains = one_way(System())
    (case_no,) = await queued(house, drains, citizen, 1)
    (connector,) = drains.connectors
    (held_up,) = await claimed(connector)
    with clock.travel(timedelta(seconds=21)):
        (other,) = await claimed(connector)
        assert other.ask
        await record(connector, held_up, Outcome(DeliveryState.REFUSED, "late", answered=True))
    row = await Delivery.get(case_no=case_no)
    assert (row.state, row.attempts) == (DeliveryState.SENDING, 2)


async def test_a_system_that_is_away_costs_one_probe_an_interval(house: House, citizen: Citizen) -> None:
    """Some failures in a row open the breaker, whatever waits; a probe that succeeds closes it and all goes at once."""
    system = System()
    drains = one_way(system, concurrency=1)
    numbers = await queued(house, drains, citizen, 12)
    system.before = TryLaterError("unreachable")
    for _ in range(3):
        await drain(drains)
    assert (system.calls, (await channel(drains)).breaker) == (FAILURES_TO_OPEN, Breaker.OPEN)
    with clock.travel(PAST_THE_PROBE):
        for _ in range(3):
            await drain(drains)
        assert (system.calls, (await channel(drains)).breaker) == (FAILURES_TO_OPEN + 1, Breaker.OPEN)
        system.before = None
        await drain(drains)
        assert system.cases == []
        with clock.travel(PAST_THE_PROBE):
            await drain(drains)
    assert (await channel(drains)).breaker is Breaker.CLOSED
    assert sorted(system.cases) == sorted(numbers)


async def test_a_failure_makes_room_only_when_it_is_counted(house: House, citizen: Citizen) -> None:
    """So that nothing is sent after the last one that is borne and before the breaker opens."""
    drains = one_way(System(), concurrency=1)
    (case_no,) = await queued(house, drains, citizen, 1)
    (connector,) = drains.connectors
    (failed,) = await claimed(connector)

    async def still_under_way() -> None:
        assert (await Delivery.get(case_no=case_no)).state is DeliveryState.SENDING

    await while_held(
        lambda: Channel.select_for_update().get(connector=connector.name),
        record(connector, failed, Outcome(DeliveryState.WAITING, "unreachable", answered=False)),
        still_under_way,
    )
    assert (await Delivery.get(case_no=case_no)).state is DeliveryState.WAITING
    assert (await channel(drains)).failures == 1


async def test_time_outs_open_the_breaker_and_a_lost_probe_is_followed_by_another(
    house: House, citizen: Citizen
) -> None:
    """Half-open is what a probe leaves behind whose worker died."""
    system = System()
    drains = one_way(system, concurrency=1)
    numbers = await queued(house, drains, citizen, FAILURES_TO_OPEN + 1)
    system.after = AmbiguousError("no_answer")
    await drain(drains)
    (connector,) = drains.connectors
    system.after = None
    with clock.travel(PAST_THE_PROBE):
        assert isinstance(await claim(connector, timedelta(seconds=20)), list)
        assert isinstance(await claim(connector, timedelta(seconds=20)), Pause)
        assert (await channel(drains)).breaker is Breaker.HALF_OPEN
    with clock.travel(3 * PAST_THE_PROBE):
        await drain(drains)
    assert sorted(system.cases) == sorted(numbers)


async def test_one_case_that_the_system_chokes_on_holds_up_no_other(house: House, citizen: Citizen) -> None:
    """It fails by itself ever more rarely; the breaker is about the system."""
    system = Choking()
    drains = one_way(system, concurrency=1)
    system.bad, *others = await queued(house, drains, citizen, 10)
    moved = timedelta()
    for _ in range(2 * FAILURES_TO_OPEN):
        with clock.travel(moved):
            await drain(drains)
        moved += PAST_THE_PROBE
    assert system.cases == others
    assert (await Delivery.get(case_no=system.bad)).state is DeliveryState.SENDING
    with clock.travel(moved):
        later = await queued(house, drains, citizen, 3)
        for _ in range(2):
            with clock.travel(PAST_THE_PROBE):
                await drain(drains)
    assert system.cases == [*others, *later]


class Choking(System):
    """It gives no answer about one case."""

    bad = ""

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """Choke on it."""
        if case_no == self.bad:
            raise AmbiguousError("status_500")
        await super().send_case(case_no, case)


pytestmark = pytest.mark.usefixtures("house")


async def test_a_probe_that_cannot_be_prepared_leaves_its_turn_to_the_next(house: House, citizen: Citizen) -> None:
    """Files that wait for the scanner say nothing of the system: what can be sent finds out whether it is back."""
    system = System()
    drains = one_way(system, concurrency=1)
    waiting = await queued(house, drains, citizen, 3)
    for case_no in waiting:
        await unscanned_file(await Application.get(case_no=case_no))
    (ready,) = await queued(house, drains, citizen, 1)
    name = next(iter(drains.connectors)).name
    opened = {"breaker": Breaker.OPEN, "failures": FAILURES_TO_OPEN, "probe_at": clock.now()}
    await Channel.update_or_create(connector=name, defaults=opened)
    await drain(drains)
    assert system.cases == [ready]
    assert (await channel(drains)).breaker is Breaker.CLOSED


async def unscanned_file(application: Application) -> Material:
    """A file that was handed in and waits for the scanner."""
    return await Material.create(
        application=application,
        material_id="floor_plan",
        content_type="image/jpeg",
        size=1,
        width=1,
        height=1,
        sha256="0" * 64,
        blob_key=f"materials/{uuid4().hex}",
        scan=Scan.PENDING,
        handed_in_at=clock.now(),
        created_at=clock.now(),
    )


async def test_a_fault_of_ours_while_sending_is_recorded_and_rests(house: House, citizen: Citizen) -> None:
    """It holds no place among those in flight, and its connector goes on with the others."""

    class Faulty(System):
        async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
            if case_no == broken:
                raise KeyError("a fault")
            await super().send_case(case_no, case)

        async def get_case(self, case_no: str) -> RemoteCase | None:
            if case_no == unreadable:
                raise AttributeError("a fault")
            return await super().get_case(case_no)

    system = Faulty()
    drains = one_way(system, concurrency=1)
    broken, unreadable, other = await queued(house, drains, citizen, 3)
    await Delivery.filter(case_no=unreadable).update(state=DeliveryState.SENDING)
    await drain(drains)
    assert system.cases == [other]
    for case_no, reason in ((broken, "KeyError"), (unreadable, "AttributeError")):
        row = await Delivery.get(case_no=case_no)
        assert (row.state, row.reason, row.claimed_until) == (DeliveryState.SENDING, reason, None)
        assert row.due_at
        assert row.due_at > row.updated_at
