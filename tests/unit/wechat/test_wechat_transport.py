"""The HTTP client of the library: its time-outs, its connections, its address."""

import asyncio

import httpx
import pytest

from tests.unit.wechat.wechat_platform import APPID, SECRET, Platform
from wechat.account import Account
from wechat.client import MiniProgramClient
from wechat.errors import WeChatAmbiguousError
from wechat.transport import BASE_URL, call, open_http

LOGIN = "/sns/jscode2session"


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a byte now and then, without an end."""
    try:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def test_an_answer_that_drips_in_ends_all_the_same() -> None:
    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(20):
        async with open_http(f"http://127.0.0.1:{port}", seconds=0.1) as http:
            with pytest.raises(WeChatAmbiguousError, match="ReadTimeout"):
                await call(http, "GET", LOGIN)
        server.close()


async def test_connections_are_used_again(platform: Platform) -> None:
    platform.answers[LOGIN] = [{"openid": "o-1", "session_key": "a2V5"}]
    async with open_http(platform.url, seconds=30) as http:
        client = MiniProgramClient(Account(APPID, SECRET, http))
        for _ in range(3):
            await client.code_to_session("code")
    assert platform.calls[LOGIN] == 3
    assert platform.connections == 1


async def test_every_step_of_a_call_has_its_time_and_the_address_is_wechats_by_default() -> None:
    async with open_http(seconds=7) as http:
        assert http.timeout == httpx.Timeout(7)
        assert str(http.base_url).rstrip("/") == BASE_URL == "https://api.weixin.qq.com"
        assert http.trust_env is False
