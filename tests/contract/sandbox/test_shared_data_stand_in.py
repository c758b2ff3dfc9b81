"""Bodies that share data: the stand-in, and the connector that speaks to it for people who wait."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.applications.shared_data import REST_SECONDS, HttpSharedData
from app.kit.ports import AmbiguousError, TryLaterError
from app.kit.signed_http import SignedHttp
from app.kit.signing import Signer
from tests.contract.sandbox.stand_ins import AUTHORITY, CITIZEN_NUMBER, SHARED_DATA, StandIns

PATH = "/shared-data/population"
PERSON = {"id_number": CITIZEN_NUMBER}
pytestmark = pytest.mark.asyncio(loop_scope="session")


class Connector:
    """The connector, and a clock that goes on when it is told to."""

    def __init__(self, http: httpx.AsyncClient, signer: Signer = SHARED_DATA, seconds: float = 1.5) -> None:
        self.now = 0.0
        self.shared = HttpSharedData(SignedHttp(http, signer), seconds, lambda: self.now)


@pytest_asyncio.fixture(loop_scope="session")
async def connector(stand_ins: StandIns) -> Connector:
    """A connector that has asked nothing yet."""
    return Connector(stand_ins.http)


@pytest_asyncio.fixture(loop_scope="session")
async def fault(stand_ins: StandIns) -> AsyncIterator[Any]:
    """Arms a fault of the stand-in, and takes it away again."""
    point = "shared.fetch.before"

    async def arm(action: str, **more: Any) -> None:
        body = {"point": point, "action": action, "times": 100, **more}
        (await stand_ins.http.post("/control/faults", json=body)).raise_for_status()

    yield arm
    await stand_ins.http.delete(f"/control/faults/{point}")


async def test_a_person_and_a_company_are_known_by_their_numbers(connector: Connector) -> None:
    """The same number answers the same."""
    person = await connector.shared.fetch("population", PERSON)
    assert set(person) == {"household_address", "household_region"}
    assert person == await connector.shared.fetch("population", PERSON)
    company = await connector.shared.fetch("business", {"uscc": "91230800MA1B2C3D4D"})
    assert set(company) == {"name", "site", "kind"}


@pytest.mark.parametrize(
    ("data_set", "subject"),
    [
        ("population", {"id_number": "110105194912310021"}),
        ("population", {"id_number": "440524188001019018"}),
        ("population", {"uscc": "91230800MA1B2C3D4D"}),
        ("business", PERSON),
        ("nothing", PERSON),
    ],
)
async def test_nobody_and_nothing_is_no_failure(connector: Connector, data_set: str, subject: dict[str, str]) -> None:
    """There is nothing to fill in."""
    assert await connector.shared.fetch(data_set, subject) == {}


async def test_only_signed_requests_are_answered(stand_ins: StandIns) -> None:
    """By the key that was agreed for it."""
    assert (await stand_ins.http.post(PATH, json=PERSON)).status_code == 401
    with pytest.raises(TryLaterError):
        await Connector(stand_ins.http, AUTHORITY).shared.fetch("population", PERSON)


@pytest.mark.parametrize(("action", "more"), [("error", {}), ("drop", {}), ("delay", {"seconds": 5.0})])
async def test_a_set_that_does_not_answer_is_away_and_then_left_alone(
    connector: Connector, fault: Any, stand_ins: StandIns, action: str, more: dict[str, Any]
) -> None:
    """It is not asked again for a while, so that nobody else waits; the other sets are."""
    await fault(action, **more)
    slow = Connector(stand_ins.http, seconds=0.2)
    for _ in range(3):
        with pytest.raises((AmbiguousError, TryLaterError)):
            await slow.shared.fetch("population", PERSON)
    faults = (await stand_ins.http.get("/control/faults")).json()["items"]
    assert [one["hit"] for one in faults if one["point"] == "shared.fetch.before"] == [1]
    await stand_ins.http.delete("/control/faults/shared.fetch.before")
    with pytest.raises(TryLaterError, match="resting"):
        await slow.shared.fetch("population", PERSON)
    assert await slow.shared.fetch("business", {"uscc": "91230800MA1B2C3D4D"})
    slow.now = REST_SECONDS
    assert await slow.shared.fetch("population", PERSON)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"values": 5}', b"{", b""])
async def test_an_answer_that_cannot_be_read_is_none(body: bytes) -> None:
    """Whatever stands in it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        with pytest.raises(AmbiguousError, match="unreadable_answer"):
            await Connector(http).shared.fetch("population", PERSON)
