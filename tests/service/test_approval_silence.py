"""What never came: the feed alone carries a case, and where the feed lost it too the system is asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.applications.models import Application, State
from app.approvals.drain import Drains
from app.approvals.feed import keep_all, read_feed
from app.approvals.inbox import apply_events
from app.approvals.models import Breaker, Channel, Delivery, FeedCursor, InboxEvent
from app.approvals.ports import RemoteCase
from app.approvals.silence import SILENT_AFTER, ask_silent
from app.approvals.tasks import deliver_case
from app.bootstrap import House
from app.kit import clock
from app.kit.ports import AmbiguousError
from tests.service.systems import System, drain, one_way, submitted_case
from tests.service.test_approval_inbox import IN_ORDER, events_of, outcome

LATER = SILENT_AFTER + timedelta(minutes=1)


@pytest.fixture
def system() -> System:
    """An approval system that pushes nothing."""
    return System()


@pytest.fixture
def drains(system: System) -> Drains:
    """The drain that leads to it."""
    return one_way(system)


async def delivered(house: House, drains: Drains) -> Application:
    """A case that has arrived."""
    case = await submitted_case(house)
    await deliver_case(drains, str(case.case_no))
    await drain(drains)
    return case


def name_of(drains: Drains) -> str:
    """The name of the only connector."""
    return next(iter(drains.connectors)).name


async def test_the_feed_alone_carries_a_case_to_its_end(quiet: House, system: System, drains: Drains) -> None:
    """Nothing was ever pushed."""
    case = await delivered(quiet, drains)
    system.told[str(case.case_no)] = events_of(case)
    await read_feed(drains.connectors, name_of(drains))
    await apply_events(str(case.case_no))
    assert await outcome(case) == IN_ORDER
    await FeedCursor.filter(id=name_of(drains)).delete()


async def test_a_silent_case_is_asked_about_once_a_day(quiet: House, system: System, drains: Drains) -> None:
    """Not before it is silent for long, not again so soon, and not once it is over."""
    case = await delivered(quiet, drains)
    case_no, events = str(case.case_no), events_of(case)
    assert await ask_silent(drains.connectors, name_of(drains)) == 0
    system.told[case_no] = events[:3]
    with clock.travel(LATER):
        assert await ask_silent(drains.connectors, name_of(drains)) == 1
        await apply_events(case_no)
        assert (await outcome(case))[0] is State.ACCEPTED
        assert await ask_silent(drains.connectors, name_of(drains)) == 0
    system.told[case_no] = events
    with clock.travel(2 * LATER):
        assert await ask_silent(drains.connectors, name_of(drains)) == 1
        await apply_events(case_no)
    with clock.travel(3 * LATER):
        assert await ask_silent(drains.connectors, name_of(drains)) == 0
    assert await outcome(case) == IN_ORDER


async def test_a_gap_that_stays_is_asked_about_within_two_hours(quiet: House, system: System, drains: Drains) -> None:
    """Though something was heard of the case."""
    case = await delivered(quiet, drains)
    first, second, *_ = events_of(case)
    system.told[str(case.case_no)] = [second]
    await read_feed(drains.connectors, name_of(drains))
    await FeedCursor.filter(id=name_of(drains)).delete()
    system.told[str(case.case_no)] = [first, second]
    with clock.travel(timedelta(minutes=61)):
        assert await ask_silent(drains.connectors, name_of(drains)) == 1
        assert await InboxEvent.filter(case_no=case.case_no).count() == 2


async def test_a_system_that_is_away_is_not_asked_on(quiet: House, drains: Drains, system: System) -> None:
    """The first failure ends the round, and an open breaker lets none begin."""
    for _ in range(3):
        await delivered(quiet, drains)

    class Away(System):
        async def get_case(self, case_no: str) -> None:
            await super().get_case(case_no)
            raise AmbiguousError("no_answer")

    away = Away()
    object.__setattr__(next(iter(drains.connectors)), "system", away)
    with clock.travel(LATER):
        assert await ask_silent(drains.connectors, name_of(drains)) == 0
        assert away.asked == 1
        await Channel.filter(connector=name_of(drains)).update(
            breaker=Breaker.OPEN, probe_at=clock.now() + timedelta(seconds=9)
        )
        assert await ask_silent(drains.connectors, name_of(drains)) == 0
        assert away.asked == 1


async def test_a_case_that_alone_gets_no_answer_holds_up_no_other(quiet: House, drains: Drains, system: System) -> None:
    """It ends the round; the next one begins with the others."""
    cases = [str((await delivered(quiet, drains)).case_no) for _ in range(2)]
    (connector,) = drains.connectors

    class Broken(System):
        async def get_case(self, case_no: str) -> RemoteCase | None:
            asked.append(case_no)
            if case_no == cases[0]:
                raise AmbiguousError("unreadable_answer")
            return await system.get_case(case_no)

    asked: list[str] = []
    object.__setattr__(connector, "system", Broken())
    with clock.travel(LATER):
        assert await ask_silent(drains.connectors, connector.name) == 0
        assert await ask_silent(drains.connectors, connector.name) == 1
    assert asked == cases


async def test_an_open_breaker_is_closed_by_a_question_where_nothing_waits(
    quiet: House, drains: Drains, system: System
) -> None:
    """Or a connector that has nothing to send would never ask again."""
    await delivered(quiet, drains)
    opened = {"breaker": Breaker.OPEN, "failures": 5, "probe_at": clock.now()}
    await Channel.filter(connector=name_of(drains)).update(**opened)
    with clock.travel(LATER):
        assert await ask_silent(drains.connectors, name_of(drains)) == 1
    assert system.asked == 1
    assert (await Channel.get(connector=name_of(drains))).breaker is Breaker.CLOSED


async def test_what_was_delivered_before_connectors_had_names_is_the_default_ones(
    quiet: House, drains: Drains, system: System
) -> None:
    """It is asked about as well, and what staff had tried anew is sent."""
    case_no = str((await delivered(quiet, drains)).case_no)
    await Delivery.filter(case_no=case_no).update(connector=None)
    with clock.travel(LATER):
        assert await ask_silent(drains.connectors, name_of(drains)) == 1
    assert system.asked == 1


async def test_what_happened_in_the_future_happened_when_it_was_heard_of(quiet: House, drains: Drains) -> None:
    """A system whose clock is wrong moves no limit for ever, and what comes after is not overtaken."""
    case = await delivered(quiet, drains)
    first, second, *_ = events_of(case)
    wrong = replace(first, sequence=None, occurred_at=datetime(9999, 12, 31, 23, tzinfo=UTC))
    (connector,) = drains.connectors
    await keep_all(drains.connectors, connector, [wrong])
    assert (await InboxEvent.get(case_no=case.case_no)).occurred_at <= clock.now()
    await keep_all(drains.connectors, connector, [replace(second, sequence=None, occurred_at=clock.now())])
    await apply_events(str(case.case_no))
    assert [event.moved for event in await InboxEvent.filter(case_no=case.case_no)] == [True, True]
