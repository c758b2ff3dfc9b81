"""One code, scanned by many at once, over four web workers."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from app.bootstrap import House
from app.demo.plan import CONFIG_VARIABLE, Plan
from app.identity.rules import Duty
from app.licences.verifying.models import Verification
from tests.conftest import REPOSITORY, free_ports
from tests.e2e.breaking import await_true
from tests.service.cases import signed_in, staff_member, verified_citizen
from tests.service.scans import licence_of, messages_of_scans, shown_code

_WORKERS = 4
_OFFICERS = 4


@pytest.fixture
def server(plan: Plan) -> Iterator[str]:
    """A server with four worker processes on the house's engines."""
    port = free_ports()
    environment = {**os.environ, CONFIG_VARIABLE: str(plan.config_file), "JIABAN_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "web", "--workers", str(_WORKERS)],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/health/ready", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    try:
        await_true("the server answers", answers, seconds=180)
        yield url
    finally:
        process.terminate()
        process.wait(60)


async def _scan_all(url: str, headers: list[dict[str, str]], code: str, scans: int) -> Counter[tuple[int, str]]:
    """What each scan was answered; every request on a connection of its own, so that all workers have some."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=httpx.Timeout(120, pool=None)) as client:

        async def one(number: int) -> tuple[int, str]:
            header = headers[number % len(headers)]
            answer = await client.post("/staff/v1/verifications", json={"code": code}, headers=header)
            return answer.status_code, answer.json().get("reason") or answer.json().get("code")

        return Counter(await asyncio.gather(*(one(number) for number in range(scans))))


@pytest.mark.parametrize("scans", [100, pytest.param(1000, marks=pytest.mark.long)])
async def test_of_many_scans_at_once_one_is_valid(house: House, server: str, scans: int) -> None:
    """All others are replayed, nobody meets a fault, and each is in the holder's history."""
    citizen = await verified_citizen(house)
    licence = await licence_of(citizen)
    headers = [await signed_in(house, await staff_member([Duty.VERIFY])) for _ in range(_OFFICERS)]
    code = await shown_code(house, licence)
    seen = await _scan_all(server, headers, code, scans)
    assert seen == {(200, "valid"): 1, (200, "replayed"): scans - 1}
    assert await Verification.filter(licence=licence).count() == scans
    assert await messages_of_scans(citizen) == 2
