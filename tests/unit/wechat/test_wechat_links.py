"""Links to the mini-program and its codes."""

import httpx
import pytest

from tests.unit.wechat.wechat_platform import APPID, SECRET, Answer, Platform
from wechat.account import Account
from wechat.client import MiniProgramClient
from wechat.errors import WeChatAmbiguousError, WeChatRefusedError

LINK = "/wxa/generate_urllink"
CODE = "/wxa/getwxacodeunlimit"
PNG = b"\x89PNG\r\n\x1a\n..."
JPEG = b"\xff\xd8\xff\xe0..."


@pytest.fixture
def client(http: httpx.AsyncClient) -> MiniProgramClient:
    """A client of the platform."""
    return MiniProgramClient(Account(APPID, SECRET, http))


async def test_a_link_opens_a_page_for_some_days(client: MiniProgramClient, platform: Platform) -> None:
    platform.answers[LINK] = [{"errcode": 0, "url_link": "https://wxaurl.cn/abc"}]
    assert await client.url_link("pages/case", "no=1&from=sms", days=7, version="trial") == "https://wxaurl.cn/abc"
    assert platform.requests[-1][2] == {
        "path": "pages/case",
        "query": "no=1&from=sms",
        "expire_type": 1,
        "expire_interval": 7,
        "env_version": "trial",
    }


@pytest.mark.parametrize(("query", "days"), [("x" * 1025, 7), ("", 0), ("", 31)])
async def test_a_link_that_wechat_would_refuse_is_not_asked_for(
    client: MiniProgramClient, platform: Platform, query: str, days: int
) -> None:
    with pytest.raises(ValueError, match="1024"):
        await client.url_link("pages/case", query, days=days)
    assert not platform.requests


@pytest.mark.parametrize("image", [PNG, JPEG])
async def test_a_code_is_an_image(client: MiniProgramClient, platform: Platform, image: bytes) -> None:
    platform.answers[CODE] = [image]
    assert await client.unlimited_code("hall=3", "pages/hall", width=280, check_page=False) == image
    assert platform.requests[-1][1:] == (
        {"access_token": "token-1"},
        {"scene": "hall=3", "page": "pages/hall", "width": 280, "env_version": "release", "check_path": False},
    )


async def test_a_code_that_is_refused_comes_as_json(client: MiniProgramClient, platform: Platform) -> None:
    platform.answers[CODE] = [{"errcode": 41030, "errmsg": "invalid page"}]
    with pytest.raises(WeChatRefusedError) as refused:
        await client.unlimited_code("hall=3", "pages/nowhere")
    assert refused.value.code == 41030


async def test_a_code_whose_token_was_refused_is_asked_for_once_more(
    client: MiniProgramClient, platform: Platform
) -> None:
    platform.answers[CODE] = [{"errcode": 40001, "errmsg": "no"}, PNG]
    assert await client.unlimited_code("hall=3", "pages/hall") == PNG


@pytest.mark.parametrize("answer", [{"errcode": 0}, b"GIF89a", b"", (500, PNG), None])
async def test_whatever_is_no_image_is_no_code(client: MiniProgramClient, platform: Platform, answer: Answer) -> None:
    platform.answers[CODE] = [answer]
    with pytest.raises(WeChatAmbiguousError):
        await client.unlimited_code("hall=3", "pages/hall")


@pytest.mark.parametrize(
    ("scene", "page", "width"),
    [
        ("", "pages/hall", 430),
        ("x" * 33, "pages/hall", 430),
        ("大厅", "pages/hall", 430),
        ("a b", "pages/hall", 430),
        ("a%20", "pages/hall", 430),
        ("hall=3", "/pages/hall", 430),
        ("hall=3", "pages/hall", 279),
        ("hall=3", "pages/hall", 1281),
    ],
)
async def test_a_code_that_wechat_would_refuse_is_not_asked_for(
    client: MiniProgramClient, platform: Platform, scene: str, page: str, width: int
) -> None:
    with pytest.raises(ValueError, match=r"scene|slash"):
        await client.unlimited_code(scene, page, width=width)
    assert not platform.requests


async def test_every_character_that_wechat_lets_stand_in_a_scene_passes(
    client: MiniProgramClient, platform: Platform
) -> None:
    platform.answers[CODE] = [PNG]
    for scene in ("!#$&'()*+,/:;=?@-._~", "0123456789abcdefghijklmnopqrstuv", "ABCDEFGHIJKLMNOPQRSTUVWXYZwxyz"):
        assert await client.unlimited_code(scene, "pages/hall") == PNG
