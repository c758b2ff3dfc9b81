"""Several approval systems: each case goes to its department's, stays there, and no other speaks for it."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from app.applications.models import Material, Scan
from app.applications.rules import Cause
from app.applications.service import submit_application
from app.approvals.connectors import Connector, Connectors
from app.approvals.errors import CaseUnknownError
from app.approvals.feed import ask_case, read_feed
from app.approvals.files import read_for
from app.approvals.inbox import keep_event, take_callback
from app.approvals.models import Delivery, FeedCursor, InboxEvent
from app.approvals.ports import Event, FeedPage, RemoteCase
from app.approvals.tasks import deliver_withdrawal
from app.bootstrap import House
from app.kit.db import transaction
from app.kit.errors import NotFoundError
from app.kit.signing import Signer
from app.mandates.party import Party
from tests.service.cases import ready_draft, verified_citizen
from tests.service.systems import System, hand_over, submitted_case

DEPARTMENT = "scjg"


class Telling(System):
    """An approval system that tells of these events, whoever asks."""

    def __init__(self, *events: Event) -> None:
        super().__init__()
        self.events = list(events)

    async def get_case(self, case_no: str) -> RemoteCase | None:
        """All it has to tell."""
        del case_no
        return RemoteCase(self.events, frozenset(), False)

    async def events_after(self, cursor: str) -> FeedPage:
        """All it has to tell, and then nothing."""
        return FeedPage(self.events if cursor == "0" else [], "1")


@pytest.fixture
async def case_no(house: House) -> str:
    """The number of a case of the trip's item, submitted, that nobody knows of."""
    return str((await submitted_case(house)).case_no)


@pytest.fixture
async def names() -> AsyncIterator[tuple[str, str]]:
    """The names of two connectors, whose places in their feeds are forgotten afterwards."""
    one, other = (f"c{uuid.uuid4().hex[:12]}" for _ in range(2))
    yield one, other
    await FeedCursor.filter(id__in=[one, other]).delete()


def two(names: tuple[str, str], one: System, other: System, departments: dict[str, str]) -> Connectors:
    """Two connectors, of which the first takes every department's cases that ``departments`` does not name."""
    made = [
        Connector(name, system, 1000.0, 4, 60, Signer(f"client-{name}", b"secret"))
        for name, system in zip(names, (one, other), strict=True)
    ]
    return Connectors(made, names[0], departments)


def received(case_no: str) -> Event:
    """The receipt of a case."""
    return Event(uuid.uuid4().hex, case_no, 1, Cause.RECEIVED, datetime.now(UTC), {})


async def test_a_case_goes_to_its_departments_system(names: tuple[str, str], case_no: str) -> None:
    """And to no other."""
    one, other = System(), System()
    connectors = two(names, one, other, {DEPARTMENT: names[1]})
    await hand_over(connectors, case_no)
    assert (one.cases, other.cases) == ([], [case_no])
    assert (await Delivery.get(case_no=case_no)).connector == names[1]


async def test_a_case_of_any_other_department_goes_to_the_default(names: tuple[str, str], case_no: str) -> None:
    """Where the settings name none for it."""
    one, other = System(), System()
    await hand_over(two(names, one, other, {"mz": names[1]}), case_no)
    assert (one.cases, other.cases) == ([case_no], [])


async def test_a_case_stays_where_it_went_when_the_settings_change(names: tuple[str, str], case_no: str) -> None:
    """Its withdrawal follows it, and so do its events."""
    one, other = System(), System()
    await hand_over(two(names, one, other, {}), case_no)
    changed = two(names, one, other, {DEPARTMENT: names[1]})
    await hand_over(changed, case_no, deliver_withdrawal)
    assert (one.withdrawn, other.withdrawn) == ({case_no}, set())
    assert await changed.name_of(case_no) == names[0]


async def test_a_delivery_from_before_names_went_through_the_default(names: tuple[str, str], case_no: str) -> None:
    """Whatever its department has today."""
    moment = datetime.now(UTC)
    await Delivery.create(case_no=case_no, kind="case", created_at=moment, updated_at=moment)
    assert await two(names, System(), System(), {DEPARTMENT: names[1]}).name_of(case_no) == names[0]


async def test_a_system_does_not_speak_for_anothers_case(names: tuple[str, str], case_no: str) -> None:
    """Neither by a callback, nor when it is asked, nor in its feed."""
    event = received(case_no)
    connectors = two(names, System(), telling := Telling(event), {})
    await hand_over(connectors, case_no)
    with pytest.raises(CaseUnknownError):
        await take_callback(connectors, names[1], event, uuid.uuid4().hex)
    await read_feed(connectors, names[1])
    assert telling.events
    assert not await InboxEvent.exists(case_no=case_no)
    async with transaction():
        assert await keep_event(connectors, names[0], event)


async def test_a_case_is_asked_about_where_it_went(names: tuple[str, str], case_no: str) -> None:
    """The other system would tell something else."""
    event = received(case_no)
    connectors = two(names, Telling(received(case_no)), Telling(event), {DEPARTMENT: names[1]})
    await ask_case(connectors, case_no)
    assert [row.event_id for row in await InboxEvent.filter(case_no=case_no)] == [event.event_id]


async def test_each_feed_has_a_place_of_its_own(names: tuple[str, str], case_no: str) -> None:
    """What one system told does not move the place in the other's feed."""
    event = received(case_no)
    connectors = two(names, System(), Telling(event), {DEPARTMENT: names[1]})
    await read_feed(connectors, names[0])
    await read_feed(connectors, names[1])
    assert await InboxEvent.exists(event_id=event.event_id)
    assert {row.id: row.cursor for row in await FeedCursor.filter(id__in=names)} == {names[1]: "1"}


async def test_a_file_goes_to_its_cases_system_alone(house: House) -> None:
    """To another system there is no such file, whatever is known of it, and to none before it is handed in."""
    citizen = await verified_citizen(house)
    case = await submit_application(Party.own(citizen.id), (await ready_draft(house, citizen)).id, None)
    (material,) = await Material.filter(application=case)
    await Material.filter(id=material.id).update(scan=Scan.CLEAN)
    number = str(case.case_no)
    _, content = await read_for(house.connectors, "city", house.blobs, number, material.id)
    assert content
    for scan in Scan:
        await Material.filter(id=material.id).update(scan=scan)
        with pytest.raises(NotFoundError):
            await read_for(house.connectors, "civil_affairs", house.blobs, number, material.id)
    await Material.filter(id=material.id).update(handed_in_at=None)
    with pytest.raises(NotFoundError):
        await read_for(house.connectors, "city", house.blobs, number, material.id)


def test_a_caller_is_known_by_its_client_id(names: tuple[str, str]) -> None:
    """And a stranger is nobody."""
    connectors = two(names, System(), System(), {})
    found = connectors.of_client(f"client-{names[1]}")
    assert found is not None
    assert found.name == names[1]
    assert connectors.of_client("client") is None


pytestmark = pytest.mark.usefixtures("house")
