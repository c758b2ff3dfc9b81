"""A day without the approval system: citizens go on, and when it is back all arrives once, in order, at its pace."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.applications.models import Application
from app.applications.service import submit_application, withdraw_application
from app.approvals.connector import HttpApprovalSystem
from app.approvals.connectors import Connector, Connectors
from app.approvals.drain import Drains
from app.approvals.models import Delivery, DeliveryState
from app.approvals.rules import FAILURES_TO_OPEN
from app.approvals.tasks import deliver_case, deliver_withdrawal
from app.bootstrap import House
from app.kit import clock
from app.kit.signed_http import SignedHttp
from app.kit.signing import Signer
from app.mandates.party import Party
from app.notifications.models import Message
from tests.service.cases import ready_draft, verified_citizen
from tests.service.systems import drain, submitted_case

HOURS, CASES_AN_HOUR, PER_SECOND, CONCURRENCY = 25, 12, 50.0, 4


@dataclass(slots=True)
class Server:
    """An approval system over real HTTP that takes whatever comes, and notes when."""

    port: int
    said: list[tuple[str, str]] = field(default_factory=list)
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    at: list[datetime] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while head := await _head(reader):
            self.at.append(clock.now())
            request, *lines = head.split("\r\n")
            sizes = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length")]
            body = json.loads(await reader.readexactly(int(sizes[0]))) if sizes else {}
            path = request.split()[1]
            if path == "/approvals":
                self.said.append((body["case_no"], "case"))
                self.cases[body["case_no"]] = body
            else:
                self.said.append((path.split("/")[2], path.split("/")[3]))
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
        writer.close()


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return ""


@pytest.fixture
async def server() -> Server:
    """The address of a system that is away."""
    probe = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    return Server(port)


@pytest.fixture
async def drains(server: Server) -> AsyncIterator[Drains]:
    """The drain that leads there."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=5, trust_env=False) as http:
        system = HttpApprovalSystem(SignedHttp(http, Signer("test", b"secret")))
        name = f"t{uuid4().hex[:20]}"
        yield Drains(Connectors([Connector(name, system, PER_SECOND, CONCURRENCY, 60)], name, {}), 20.0)


async def test_a_day_away_loses_nothing(quiet: House, server: Server, drains: Drains) -> None:
    """It costs a probe an hour and no storm; receipts and limits are the citizens', not the delivery's."""
    citizen = await verified_citizen(quiet)
    party, numbers, receipts = Party.own(citizen.id), [], {}
    for hour in range(HOURS):
        with clock.travel(timedelta(hours=hour)):
            draft = await ready_draft(quiet, citizen)
            receipt = await submit_application(party, draft.id, None)
            receipts[str(receipt.case_no)] = receipt
            today = [str(receipt.case_no)]
            today += [str((await submitted_case(quiet, citizen=citizen)).case_no) for _ in range(CASES_AN_HOUR - 1)]
            for case_no in today:
                await deliver_case(drains, case_no)
            numbers += today
            await drain(drains)
            if hour % 5 == 4:
                await withdraw_application(party, draft.id, "")
                await deliver_withdrawal(drains, str(receipt.case_no))
    withdrawn = {str(case.case_no) for case in await Application.filter(citizen_id=citizen.id, state="withdrawn")}
    assert len(numbers) >= 300
    assert (
        sum(row.attempts for row in await Delivery.filter(case_no__in=numbers)) < FAILURES_TO_OPEN + CONCURRENCY + HOURS
    )

    listening = await asyncio.start_server(server.serve, "127.0.0.1", server.port)
    async with listening:
        with clock.travel(timedelta(hours=HOURS)):
            await drain(drains)
    assert Counter(server.said) == Counter(
        [*((case_no, "case") for case_no in numbers), *((case_no, "withdrawal") for case_no in withdrawn)]
    )
    assert {row.state for row in await Delivery.filter(case_no__in=numbers)} == {DeliveryState.DELIVERED}
    places = {what: place for place, what in enumerate(server.said)}
    assert all(places[case_no, "case"] < places[case_no, "withdrawal"] for case_no in withdrawn)
    arrived = [case_no for case_no, what in server.said if what == "case"]
    assert all(abs(place - numbers.index(case_no)) <= 2 * CONCURRENCY for place, case_no in enumerate(arrived))
    took = (server.at[-1] - server.at[0]).total_seconds()
    assert len(server.at) - CONCURRENCY <= took * PER_SECOND
    for case_no, receipt in receipts.items():
        kept = await Application.get(case_no=case_no)
        assert kept.submitted_at == receipt.submitted_at
        assert (kept.promised_on, kept.statutory_on) == (
            receipt.promised_on,
            receipt.statutory_on,
        ) or case_no in withdrawn
        assert server.cases[case_no]["submitted_at"] == clock.in_city(receipt.submitted_at or clock.now())
        assert await Message.filter(key=f"submitted:{case_no}:{citizen.id}").count() == 1
    hours = [receipt.submitted_at for receipt in receipts.values() if receipt.submitted_at]
    assert all(later - earlier > timedelta(minutes=59) for earlier, later in pairwise(hours))
