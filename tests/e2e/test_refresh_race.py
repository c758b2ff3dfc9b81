"""A thousand refreshes of one token at once, over several web processes."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from app.demo.plan import CONFIG_VARIABLE, Plan
from app.kit.tls import public_tls
from tests.conftest import REPOSITORY, Phone, error_of, free_ports
from tests.e2e.breaking import await_true

_REFRESHES = 1000
_WORKERS = 2
_ADDRESSES = 4
_TURNED_AWAY = 503


@pytest.fixture
def servers(plan: Plan) -> Iterator[list[str]]:
    """The house's own web process, and another server with two workers of its own."""
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
            return httpx.get(f"{url}/health/ready", timeout=2, verify=public_tls(), trust_env=False).is_success
        except httpx.HTTPError:
            return False

    try:
        await_true("the second server answers", answers, seconds=180)
        yield [plan.web_url, url]
    finally:
        process.terminate()
        process.wait(30)


async def _refresh_all(servers: list[str], token: str) -> Counter[tuple[int, str]]:
    """What each refresh was answered. They come from several addresses, each below its limit.

    A process that has begun all that it can turns some away before it looks at them; they come again.
    """
    transports = [
        httpx.AsyncHTTPTransport(local_address=f"127.0.0.{number}", limits=httpx.Limits(max_connections=50))
        for number in range(2, 2 + _ADDRESSES)
    ]
    timeout = httpx.Timeout(60, pool=None)
    clients = [httpx.AsyncClient(transport=transport, timeout=timeout) for transport in transports]

    async def one(number: int) -> tuple[int, str]:
        url = f"{servers[number % len(servers)]}/api/v1/sessions/refresh"
        client = clients[number // len(servers) % len(clients)]
        while (answer := await client.post(url, json={"refresh_token": token})).status_code == _TURNED_AWAY:
            assert answer.headers["Retry-After"]
        return answer.status_code, answer.json().get("code", "")

    try:
        async with asyncio.timeout(120):
            return Counter(await asyncio.gather(*(one(number) for number in range(_REFRESHES))))
    finally:
        for client in clients:
            await client.aclose()


def test_at_most_one_of_a_thousand_refreshes_succeeds(phone: Phone, servers: list[str]) -> None:
    """All others are refused, nobody meets a fault, and no token of the family works afterwards."""
    session = phone.sign_in()
    seen = asyncio.run(_refresh_all(servers, session["refresh_token"]))
    given = seen.pop((200, ""), 0)
    assert given <= 1
    assert seen == {(401, "refresh_token_invalid"): _REFRESHES - given}
    ended = await_true(
        "the access token works no more",
        lambda: (answer := phone.http.get("/api/v1/identity")).status_code != 200 and answer,
        seconds=2,
    )
    assert error_of(ended) == (401, "session_ended")
    (told,) = await_true(
        "the citizen is told",
        lambda: [
            one for one in _again(phone).get("/api/v1/messages").json()["items"] if one["kind"] == "session_reused"
        ],
    )
    assert "重复使用" in told["text"]


def _again(phone: Phone) -> httpx.Client:
    phone.sign_in()
    return phone.http
