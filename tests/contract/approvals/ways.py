"""Both ways to an approval system, each with a means to steer its stand-in and to break it."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from app.approvals.connector import HttpApprovalSystem
from app.approvals.ports import ApprovalSystem, Event
from app.approvals.tables.front import FrontDatabase
from app.approvals.tables.system import TablesApprovalSystem
from app.bootstrap import House
from app.demo.plan import Plan
from app.kit.signed_http import SignedHttp
from tests.partners import approval_signer

T = TypeVar("T")
NUMBER = "11010519491231002X"
FILE = b"a photograph"


async def until(question: Callable[[], Awaitable[T]], wanted: Callable[[T], bool], *, within: float = 20.0) -> T:
    """Ask until the answer is the wanted one; fails with the last answer after ``within`` seconds."""
    deadline = time.monotonic() + within
    while not wanted(answer := await question()):
        assert time.monotonic() < deadline, answer
        await asyncio.sleep(0.02)
    return answer


def case_of(text: str = "办理", **changes: Any) -> dict[str, Any]:
    """A case as it is handed over; ``text`` stands in its form, where magic words are looked for."""
    return {
        "item_code": "11230800JB000006813002011002001",
        "item_name": "老年人优待证办理",
        "applicant": {"name": "张三", "id_number": NUMBER, "phone": "13800138000"},
        "form": {"remark": text},
        "materials": [],
        "submitted_at": "2026-03-02T09:00:00+08:00",
        **changes,
    }


def supplement_of(supplement_id: str, text: str = "已补") -> dict[str, Any]:
    """A supplement as it is handed over."""
    return {
        "supplement_id": supplement_id,
        "note": text,
        "form": {"remark": text},
        "materials": [],
        "submitted_at": "2026-03-02T10:00:00+08:00",
    }


async def read_file(_case_no: str, _file_id: str) -> bytes:
    """Every file of every case."""
    return FILE


class Cutting:
    """A proxy of one connection's bytes that, once armed, cuts the line when a word has passed to the server."""

    def __init__(self, address: str, port: int) -> None:
        self._address, self._remote = address, port
        self._word: bytes | None = None
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Cutting"]:
        """Listen on a port of its own."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    def cut_after(self, word: bytes) -> None:
        """Cut the next line over which this passes; the server has it by then."""
        self._word = word

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._address, self._remote)
        back = asyncio.create_task(self._back(there_reader, writer))
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                there_writer.write(data)
                await there_writer.drain()
                if self._word and self._word in data:
                    self._word = None
                    back.cancel()
                    break
        writer.close()
        await asyncio.sleep(0)
        there_writer.close()

    @staticmethod
    async def _back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()


@dataclass(slots=True)
class Way:
    """One connector's system; ``cut`` makes the next handing over of a case go unanswered."""

    name: str
    system: ApprovalSystem
    unreachable: ApprovalSystem
    cut: Callable[[], Awaitable[None]]
    control: httpx.AsyncClient

    async def steer(self, case_no: str, action: str, **more: Any) -> None:
        """One control action on a case."""
        answer = await self.control.post(f"/control/approvals/{case_no}", json={"action": action, **more})
        assert answer.is_success, answer.text

    async def listed(self, case_no: str) -> list[dict[str, Any]]:
        """The case as often as the stand-in lists it."""
        items = (await self.control.get("/control/approvals")).json()["items"]
        return [item for item in items if item["case_no"] == case_no]

    async def taken(self, text: str = "请等待") -> str:
        """A case that the stand-in has, and holds unless its text says otherwise."""
        case_no = f"w{uuid.uuid4().hex}"
        await self.system.send_case(case_no, case_of(text))
        await until(lambda: self.kinds(case_no), lambda kinds: "received" in kinds)
        return case_no

    async def events(self, case_no: str) -> list[Event]:
        """What the system tells of a case when it is asked."""
        remote = await self.system.get_case(case_no)
        return remote.events if remote else []

    async def kinds(self, case_no: str) -> list[str]:
        """The kinds of what it tells, in order."""
        return [event.kind.value for event in await self.events(case_no)]

    async def told(self, case_no: str) -> list[str]:
        """The kinds of what its feed tells of a case, from the start on."""
        cursor, found = "0", dict[str, Event]()
        while True:
            page = await self.system.events_after(cursor)
            found |= {event.event_id: event for event in page.events if event.case_no == case_no}
            if page.next_cursor == cursor:
                return [event.kind.value for event in found.values()]
            cursor = page.next_cursor


@asynccontextmanager
async def over_http(house: House, plan: Plan) -> AsyncIterator[Way]:
    """The connector over signed HTTP, to the running stand-in."""
    signer = approval_signer(house.settings)
    async with (
        httpx.AsyncClient(base_url=plan.sandbox_url, trust_env=False, timeout=5) as http,
        httpx.AsyncClient(base_url="http://127.0.0.1:9", trust_env=False, timeout=5) as nowhere,
    ):

        async def cut() -> None:
            fault = {"point": "approvals.receive.after", "action": "drop"}
            assert (await http.post("/control/faults", json=fault)).status_code == 201

        system, unreachable = (HttpApprovalSystem(SignedHttp(one, signer)) for one in (http, nowhere))
        yield Way("http", system, unreachable, cut, http)


@asynccontextmanager
async def over_tables(plan: Plan) -> AsyncIterator[Way]:
    """The connector over exchange tables, through a line that can be cut, to the front database of the stand-in."""
    parts = urlsplit(plan.front_url)
    line = Cutting(parts.hostname or "", parts.port or 0)
    async with line.running():
        url = plan.front_url.replace(f":{parts.port}/", f":{line.port}/")
        nowhere = plan.front_url.replace(f":{parts.port}/", ":9/")
        async with (
            httpx.AsyncClient(base_url=plan.sandbox_url, trust_env=False, timeout=5) as http,
            FrontDatabase.opened(url, 5.0, 2) as front,
            FrontDatabase.opened(nowhere, 5.0, 2) as none,
        ):

            async def cut() -> None:
                line.cut_after(b"COMMIT;")

            system, unreachable = (TablesApprovalSystem("civil_affairs", one, read_file) for one in (front, none))
            yield Way("tables", system, unreachable, cut, http)
