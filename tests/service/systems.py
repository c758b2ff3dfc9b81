"""Approval systems within the test's own process, and connectors to them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from app.applications.models import Application, State
from app.approvals.connectors import Connector, Connectors
from app.approvals.drain import Drains
from app.approvals.ports import Event, FeedPage, RemoteCase
from app.approvals.tasks import deliver_case
from app.bootstrap import House
from app.kit import clock
from app.kit.ports import PortError
from tests.service.cases import FORM, trip_item, verified_citizen

Job = Callable[[Drains, str], Awaitable[None]]


class System:
    """An approval system that keeps what it gets, and fails as it is told: before keeping it, or after."""

    def __init__(self) -> None:
        self.cases: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.said: list[tuple[str, str]] = []
        self.told: dict[str, list[Event]] = {}
        self.before: PortError | None = None
        self.after: PortError | None = None
        self.calls = self.asked = 0

    async def _keep(self, case_no: str, what: str) -> None:
        self.calls += 1
        if self.before:
            raise self.before
        self.said.append((case_no, what))
        if self.after:
            raise self.after

    async def send_case(self, case_no: str, case: dict[str, Any]) -> None:
        """It knows no idempotency: a case sent twice is two."""
        assert case["applicant"]["id_number"]
        if not self.before:
            self.cases.append(case_no)
            self.sent.append(case)
        await self._keep(case_no, "case")

    async def send_supplement(self, case_no: str, supplement: dict[str, Any]) -> None:
        """Keep it under its id."""
        await self._keep(case_no, supplement["supplement_id"])

    async def send_notice(self, case_no: str, notice: dict[str, Any]) -> None:
        """Keep it under its id."""
        self.notices.append(notice)
        await self._keep(case_no, notice["notice_id"])

    async def send_withdrawal(self, case_no: str, reason: str) -> None:
        """Keep it."""
        del reason
        await self._keep(case_no, "withdrawal")

    async def get_case(self, case_no: str) -> RemoteCase | None:
        """What it has."""
        self.asked += 1
        if case_no not in self.cases:
            return None
        said = {what for number, what in self.said if number == case_no}
        return RemoteCase(self.told.get(case_no, []), frozenset(said), "withdrawal" in said, frozenset(said))

    @property
    def withdrawn(self) -> set[str]:
        """The cases of which it was told that they were withdrawn."""
        return {case_no for case_no, what in self.said if what == "withdrawal"}

    async def events_after(self, cursor: str) -> FeedPage:
        """Every event in one feed, ten to a page; the cursor counts."""
        every = [event for events in self.told.values() for event in events]
        page = every[int(cursor) : int(cursor) + 10]
        return FeedPage(page, str(int(cursor) + len(page)))


def one_way(system: System, *, per_second: float = 1000.0, concurrency: int = 4) -> Drains:
    """Drains with one connector of a name that no other test has, to this system."""
    connector = Connector(f"t{uuid4().hex[:20]}", system, per_second, concurrency, 60)
    return Drains(Connectors([connector], connector.name, {}), 20.0)


async def drain(drains: Drains) -> datetime | None:
    """Let every connector send what it may; when the last may send again."""
    return [await drains.drain(connector) for connector in drains.connectors][-1]


async def hand_over(connectors: Connectors, case_no: str, job: Job = deliver_case) -> None:
    """Do a job of the delegation for a case and send what it wrote down."""
    drains = Drains(connectors, 20.0)
    await job(drains, case_no)
    await drain(drains)


async def submitted_case(house: House, **columns: Any) -> Application:
    """A submitted case that no worker knows of."""
    moment = clock.now()
    return await Application.create(
        **{
            "citizen": columns.pop("citizen", None) or await verified_citizen(house),
            "item_code": await trip_item(),
            "item_name": "食品经营许可（新办）",
            "state": State.SUBMITTED,
            "form": FORM,
            "case_no": f"t{uuid4().hex}",
            "submitted_at": moment,
            "created_at": moment,
            "updated_at": moment,
            **columns,
        }
    )
